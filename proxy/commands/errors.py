"""How a command fails for a reason its user can act on."""


class CommandError(Exception):
    """A reason, in one line."""
