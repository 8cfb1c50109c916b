"""Exit codes, the same for every command."""

OK = 0
DEGRADED = 1
FAILED = 2
"""Failing, refused, or not understood (argparse uses 2, too)."""
