"""Every part of anju wired into one service; `anju run` and `anju demo` make it."""
