"""How the sidecar is, for people and their scripts: a flat document, and the one word that it comes to.

`document` is what is said, `condition` what it comes to, `sources` (of the composition root) where it comes from.
"""
