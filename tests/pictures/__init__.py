"""The pictures in docs/: the scripted load, a real Prometheus, every dashboard drawn from what it saw."""
