"""Where a panel sends its reader: an entry of the runbook, or the page about the boards."""

from dataclasses import dataclass

from dashboards.settings import SETTINGS

RUNBOOK = SETTINGS.runbook_url
BOARDS = f"{RUNBOOK.rpartition('/')[0]}/dashboards.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A place to read on, and the words that lead there."""

    words: str
    url: str


def runbook(alert: str) -> Page:
    """Return the entry about an alert: what to look at and what to do."""
    return Page(words=f"What to do: {alert}", url=f"{RUNBOOK}#{alert.lower()}")


def about(part: str) -> Page:
    """Return what the page about the boards says of a part of them, by the anchor of its heading."""
    return Page(words="What this shows", url=f"{BOARDS}#{part}")
