"""PromQL as the boards write it: our prefix, what is chosen above the board, and 0 where nothing happened.

Queries are built of whole vectors and know no panel. Every sum of counters has a 0 for "no traffic": a quiet night must
not look like a broken one.
"""

from collections.abc import Sequence

from dashboards.settings import SETTINGS

PREFIX = "connect_sidecar_"
_LABELS = SETTINGS.labels
CHOSEN = (
    f'{_LABELS.namespace}=~"$namespace"',
    f'{_LABELS.workload}=~"$workload"',
    f'{_LABELS.pod}=~"$pod"',
)
POD = _LABELS.pod
POD_NAME = f"{{{{{POD}}}}}"
"""What a legend says for the name of a pod."""
TARGET = _LABELS.target
"""Labels that tell one sidecar from all others."""
WINDOW = "$__rate_interval"
LATELY = SETTINGS.windows.short
"""What a single figure is about: long enough for one client that polls once a minute."""
SHOWN = "$__range"
"""Everything between the left and the right edge of the board."""


def series(name: str, *matchers: str) -> str:
    """Return one of our metrics, of the chosen pods."""
    return f"{PREFIX}{name}{{{','.join((*matchers, *CHOSEN))}}}"


def rate(name: str, *matchers: str, window: str = WINDOW) -> str:
    """Return how often a second a counter rose."""
    return f"rate({series(name, *matchers)}[{window}])"


def increase(name: str, *matchers: str, window: str = SHOWN) -> str:
    """Return by how much a counter rose."""
    return f"increase({series(name, *matchers)}[{window}])"


def lately(name: str, *, by: str) -> str:
    """Return how often something rare has happened in the last minutes, for each value of a label.

    A counter that begins with the event (its reason is a label) never rises for `rate`: compare with before instead.
    """
    now = f"sum by ({by}) ({series(name)})"
    before = f"sum by ({by}) ({series(name)} offset {LATELY})"
    return f"clamp_min({now} - ({before} or 0 * {now}), 0)"


def per_minute(name: str, *matchers: str) -> str:
    """Return how often a minute a counter rose: for what is rare."""
    return f"60 * {rate(name, *matchers)}"


def total(vector: str, *, by: Sequence[str] = ()) -> str:
    """Return the sum over pods, or one sum for each value of the labels `by`."""
    return f"sum {_by(by)}({vector})"


def greatest(vector: str, *, by: Sequence[str] = ()) -> str:
    """Return the greatest value, or one for each value of the labels `by`."""
    return f"max {_by(by)}({vector})"


def least(vector: str, *, by: Sequence[str] = ()) -> str:
    """Return the least value, or one for each value of the labels `by`."""
    return f"min {_by(by)}({vector})"


def top(count: int, vector: str) -> str:
    """Return the greatest few: a fleet has more pods than a panel has room."""
    return f"topk({count}, {vector})"


def or_zero(vector: str) -> str:
    """Return the vector, or 0 where it is empty. For vectors without labels."""
    return f"({vector}) or vector(0)"


def or_zero_of(vector: str, label: str, word: str) -> str:
    """Return the vector, or where it is empty one 0 under a word that its label may say. For vectors with a label."""
    return f'({vector}) or on () label_replace(vector(0), "{label}", "{word}", "", "")'


def percent(part: str, whole: str) -> str:
    """Return how many in a hundred, 0 where there is nothing to be a part of. For vectors without labels."""
    return f"(100 * ({part}) / (({whole}) > 0)) or vector(0)"


def quantile(rank: float, histogram: str, *matchers: str) -> str:
    """Return the time within which `rank` of all were done, 0 where there was none (the quantile of nothing is NaN)."""
    buckets = total(rate(f"{histogram}_bucket", *matchers), by=("le",))
    return f"(histogram_quantile({rank}, {buckets}) >= 0) or vector(0)"


def _by(labels: Sequence[str]) -> str:
    return f"by ({', '.join(labels)}) " if labels else ""
