"""Payload codecs: pure, one file a format."""
