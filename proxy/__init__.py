"""connect-sidecar: a drop-in caching reverse proxy for 1Password Connect."""

__version__ = "0.1.0"
