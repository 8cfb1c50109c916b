"""One request-response exchange: asks policy, performs through ports, reports as events. asyncio, no library."""
