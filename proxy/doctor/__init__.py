"""Asks a real Connect server what nobody has published, and says which settings follow.

Everything that is known of Connect here comes from public sources (docs/emulator.md); this is how an operator finds
out what their own server does. What it says is made of statuses, names of fields, numbers and our own words: never a
token, a title, a filter, a body or a whole id.
"""
