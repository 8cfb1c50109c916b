"""The Markdown pages of this house: their links, headings, code blocks and inline code."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".venv", "node_modules", ".git", ".pytest_cache"}
_FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


def pages() -> list[Path]:
    """Return every page of this checkout."""
    return sorted(path for path in ROOT.rglob("*.md") if not _NOT_OURS & set(path.parts))


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield file and anchor of every relative link; the file is the page itself where only an anchor is given."""
    for target in _LINK.findall(_CODE.sub("", prose(page))):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    """Yield what stands behind the language of a fence, and the block, without its indentation."""
    for indent, named, more, text in _FENCE.findall(page.read_text()):
        if named == language:
            yield more.strip(), re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)


def inline_code(page: Path) -> list[str]:
    """Return everything that stands in single backticks."""
    return _CODE.findall(prose(page))
