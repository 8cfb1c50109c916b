"""The front: aiohttp's connection machinery in, semantics values through, octets out. Knows no adapter."""
