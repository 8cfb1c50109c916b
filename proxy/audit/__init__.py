"""The record of what clients read without the origin hearing of it, as values: lines, their chain, what verifies them.

Pure: no clock, file, thread or log. `proxy.adapters.audit` writes it, `connect-sidecar audit verify` reads it.
docs/audit.md is the format.
"""
