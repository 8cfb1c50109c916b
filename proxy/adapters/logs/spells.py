"""Spells: spans of time in which the same trouble happens again and again. One line when one begins, one when it ends.

A spell is over once nothing has happened for a while. Where Connect is to blame it must have answered since as well:
silence alone may mean that no client has asked.
"""

from dataclasses import dataclass

from proxy.adapters.logs.words import LogEvent

QUIET_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens again and again; `about` are the fields that tell it from others of its kind."""

    begins: LogEvent
    ends: LogEvent
    is_connects: bool
    about: tuple[tuple[str, object], ...] = ()


@dataclass(slots=True, kw_only=True)
class Spell:
    """How long, how often, and why it began."""

    trouble: Trouble
    why: str | None
    began_seconds: float
    last_seconds: float
    count: int = 1
    has_connect_answered: bool = False

    @property
    def duration_seconds(self) -> float:
        """From the first to the last time."""
        return self.last_seconds - self.began_seconds

    def is_over(self, now_seconds: float, quiet_seconds: float) -> bool:
        """Tell whether it is not expected to happen again."""
        is_quiet = now_seconds - self.last_seconds >= quiet_seconds
        return is_quiet and (self.has_connect_answered or not self.trouble.is_connects)


class Spells:
    """The spells that are not over: at most as many as there are different troubles."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._open: dict[Trouble, Spell] = {}

    def happened(self, trouble: Trouble, now_seconds: float, why: str | None = None) -> bool:
        """Count one more time; tell whether a spell begins with it."""
        spell = self._open.get(trouble)
        if spell is None:
            self._open[trouble] = Spell(
                trouble=trouble, why=why, began_seconds=now_seconds, last_seconds=now_seconds
            )
            return True
        spell.count += 1
        spell.last_seconds = now_seconds
        spell.has_connect_answered = False
        return False

    def connect_answered(self) -> None:
        """Note that Connect works, as far as one answer tells."""
        for spell in self._open.values():
            spell.has_connect_answered = True

    def ended(self, now_seconds: float) -> list[Spell]:
        """Return, and forget, the spells that are over."""
        over = [spell for spell in self._open.values() if spell.is_over(now_seconds, self._quiet_seconds)]
        for spell in over:
            del self._open[spell.trouble]
        return over
