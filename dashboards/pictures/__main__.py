"""`python -m dashboards.pictures`: one dashboard, one Prometheus, one PNG.

Exit code 0: every panel has data. 1: the picture is drawn, but a panel or a query is empty or refused; each is a line
on standard error. 2: no picture.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboards.pictures.browser import DrawingError, draw
from dashboards.pictures.inquiry import inquire
from dashboards.pictures.prometheus import Prometheus, PrometheusError, Span

COMPLETE, INCOMPLETE, NO_PICTURE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one dashboard and say what is wrong with it."""
    options = _parser().parse_args(arguments)
    try:
        prometheus = Prometheus(options.prometheus)
        held = prometheus.span_held()
        span = Span(
            from_seconds=held.from_seconds if options.start is None else options.start,
            to_seconds=held.to_seconds if options.end is None else options.end,
        )
        chosen = dict(each.split("=", 1) for each in options.variable)
        dashboard = json.loads(options.dashboard.read_text())
        scene = inquire(dashboard, prometheus, span=span, width=options.width, chosen=chosen)
        drawn = draw(scene, options.out)
    except (OSError, ValueError, PrometheusError, DrawingError) as error:
        print(f"{options.dashboard}: {error}", file=sys.stderr)
        return NO_PICTURE
    complaints = (*scene.complaints, *drawn.complaints)
    for line in (*complaints, *(f"remark: {remark}" for remark in drawn.remarks)):
        print(f"{options.dashboard}: {line}", file=sys.stderr)
    print(f"{options.out}: {len(drawn.texts)} panels, {options.out.stat().st_size // 1024} KiB")
    return INCOMPLETE if complaints else COMPLETE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards.pictures", description=__doc__)
    parser.add_argument("--prometheus", required=True, metavar="URL", help="base URL of the server to ask")
    parser.add_argument(
        "--dashboard", required=True, type=Path, metavar="JSON", help="a dashboard as Grafana imports it"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="PNG", help="where the picture goes")
    parser.add_argument(
        "--width", type=int, default=1600, help="of the picture, in pixels (default %(default)s)"
    )
    parser.add_argument(
        "--start", type=float, metavar="UNIX", help="first second shown (default: the oldest sample)"
    )
    parser.add_argument(
        "--end", type=float, metavar="UNIX", help="last second shown (default: the newest sample)"
    )
    parser.add_argument(
        "--variable",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="choose a variable's value",
    )
    return parser


def _assignment(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return text


if __name__ == "__main__":
    sys.exit(main())
