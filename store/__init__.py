"""Where readings and records are kept; nothing above knows which database it is."""
