"""`python -m tests.pictures`: draw all dashboards into docs/; exit code 1 if a panel has nothing to show."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.pictures.run import RENDERED, ROOT, draw_all

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=ROOT / "docs", help="directory of the pictures")
parser.add_argument("dashboards", nargs="*", type=Path, default=sorted(RENDERED.glob("*.json")))
options = parser.parse_args()
pictures = asyncio.run(draw_all(options.dashboards, options.out))
print("".join(picture.said for picture in pictures), end="")
sys.exit(any(picture.code for picture in pictures))
