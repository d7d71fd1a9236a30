"""Arrays and intervals in, verdicts out; one detector a file. Pure."""
