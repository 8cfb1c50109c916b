"""What the Connect API means to a cache: resources, tokens, leases, versions, fences. Pure: `now` is an argument."""
