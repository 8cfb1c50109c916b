"""Where a panel sends its reader: an entry of the runbook, or the page about the boards."""

from dataclasses import dataclass

DOCS = "https://example.com/connect-sidecar/docs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A place in docs/: the words of the link, the file, and the heading as an anchor."""

    words: str
    file: str
    anchor: str

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"{DOCS}/{self.file}#{self.anchor}"


def runbook(alert: str) -> Page:
    """Return the entry about an alert: what to look at and what to do."""
    return Page(words=f"What to do: {alert}", file="runbook.md", anchor=alert.lower())


def about(board: str) -> Page:
    """Return what the page about the boards says of a part of them."""
    return Page(words="What this shows", file="dashboards.md", anchor=board)
