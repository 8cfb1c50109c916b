"""Adapters: one per outside library, each unaware of the others. They implement `proxy.exchange.ports`."""
