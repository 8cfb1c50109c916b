"""The page in a browser: bundled with esbuild, shown in Chromium, kept as a PNG of few colours.

The packages of npm live in the virtual environment (`make pictures` puts them there), so that none lies among the
sources.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboards.pictures.inquiry import Scene

PACKAGES = Path(sys.prefix) / "pictures" / "node_modules"
_DRAW = Path(__file__).with_name("draw.cjs")
_TIMEOUT_SECONDS = 180
_QUANTIZE = ("--force", "--nofs", "--speed", "1", "--strip")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class DrawingError(Exception):
    """There is no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the page says of itself: what each panel says, which have nothing to show, and where text is cut off."""

    texts: Mapping[int, str]
    complaints: tuple[str, ...]
    remarks: tuple[str, ...]


def draw(scene: Scene, picture: Path) -> Drawn:
    """Draw the scene into a PNG file."""
    node, browser, pngquant = _program("node", "nodejs"), _program(*_BROWSERS), _program("pngquant")
    if not PACKAGES.is_dir():
        raise DrawingError(f"{PACKAGES} is missing: `make pictures` installs it")
    picture.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as directory:
        content, large = Path(directory, "scene.json"), Path(directory, "large.png")
        content.write_text(json.dumps(scene.content))
        said = json.loads(_run(node, str(_DRAW), str(content), str(large), browser))
        # Flat colours: a third of the size, and nobody sees the difference.
        _run(pngquant, *_QUANTIZE, "--output", str(picture), "256", str(large))
    return Drawn(
        texts={int(panel): text for panel, text in said["texts"].items()},
        complaints=tuple(said["complaints"]),
        remarks=tuple(said["remarks"]),
    )


def _run(*command: str) -> str:
    ran = subprocess.run(  # noqa: S603 - our own script, and a program found in PATH
        command,
        env={**os.environ, "NODE_PATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if ran.returncode != 0:
        raise DrawingError(f"{Path(command[0]).name} failed:\n{ran.stderr.strip()}")
    return ran.stdout


def _program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise DrawingError(f"{names[0]} is missing: `make pictures` installs it")
