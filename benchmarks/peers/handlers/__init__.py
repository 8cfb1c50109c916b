"""Peers that one writes oneself: the straightforward handler, a bare forward, and the ceiling; each a process.

Run: `python -m benchmarks.peers.handlers.NAME PORT SOCKET ORIGIN_PORT`.
"""
