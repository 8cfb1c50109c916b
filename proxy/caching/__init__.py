"""RFC 9111, 5861, 9211 and 9213 as decisions. Pure, and knows nothing of Connect."""
