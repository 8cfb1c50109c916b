"""RFC 9110: what HTTP messages mean. Pure: no clock, no loop, no caching, no Connect."""
