"""Settings as data: default, unit, reason."""
