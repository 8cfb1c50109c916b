"""What is wrong with the settings, said all at once.

A problem is one line that begins with the setting (or the environment variable) it is about. It never repeats
a value that could hold a secret.
"""

from collections.abc import Sequence


class ConfigError(Exception):
    """The settings can't be used; `problems` has one line for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
