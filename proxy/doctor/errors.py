"""How an examination ends early for a reason its user can act on."""


class DoctorError(Exception):
    """The server can't be examined: a reason, in one line, without a value of its answers."""
