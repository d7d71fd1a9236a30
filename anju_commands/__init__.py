"""What each command does: parse, wire, call. `anju.py` lists them; a command loads what it uses and no more."""
