"""Whether a request may go to the upstream now: pure policy with a little state, told the time by its callers."""
