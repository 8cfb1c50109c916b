"""compose/compose.yaml as data: its services, and which file of the checkout lies where inside a container."""

from pathlib import Path, PurePosixPath
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "compose"


def document() -> dict[str, Any]:
    """Return the file with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return loaded


def files_of(service: str) -> dict[PurePosixPath, Path]:
    """Return what is mounted of this checkout: path in the container to path here, folders expanded."""
    found = {}
    for mount in document()["services"][service]["volumes"]:
        source, target, *_ = mount.split(":")
        if not source.startswith("."):
            continue
        here = (FOLDER / source).resolve()
        inside = PurePosixPath(target)
        if here.is_dir():
            found |= {inside / path.relative_to(here): path for path in here.rglob("*") if path.is_file()}
        else:
            found[inside] = here
    return found
