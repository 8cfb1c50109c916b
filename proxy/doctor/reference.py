"""docs/doctor.md, its table rendered from the questions: what is asked, what the embedded server says, what follows.

`make docs` writes what stands between the page's two marks, a contract test compares. The rest of the page is prose.
"""

import sys
from pathlib import Path

from proxy.doctor.questions import QUESTIONS

BEGIN = "<!-- Rendered by `make docs` from proxy/doctor/questions; a test compares. Change it there. -->"
END = "<!-- To here. -->"
_HEAD = "| question | the embedded server | why it matters | if yours differs |\n|---|---|---|---|"


def render() -> str:
    """Return the rendered part of the page, its marks included."""
    rows = [
        f"| {each.text} | {each.expected or 'a figure'} | {each.matters} | {each.if_different} |".replace(
            "  ", " "
        )
        for each in QUESTIONS
    ]
    return "\n".join([BEGIN, _HEAD, *rows, END])


def merged(page: str) -> str:
    """Return a page with its rendered part replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + render() + after


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(merged(path.read_text(encoding="utf-8")), encoding="utf-8")
