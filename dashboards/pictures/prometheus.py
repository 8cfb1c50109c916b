"""What Prometheus answers over HTTP: instant and range queries, label values, the span of time it holds.

Answers stay as Prometheus gives them: what they mean in a panel is the page's business. A refused query is an `Answer`
with an error, since the panel shows it; a server that can't be asked is a `PrometheusError`.
"""

import json
import math
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

_TIMEOUT_SECONDS = 30
_DEFAULT_SCRAPE_INTERVAL_SECONDS = 15.0
_UNITS_IN_SECONDS = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 31536000.0,
}


class PrometheusError(Exception):
    """The server could not be asked, or its answer is not one of Prometheus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, in Unix seconds."""

    from_seconds: float
    to_seconds: float

    @property
    def length_seconds(self) -> float:
        return self.to_seconds - self.from_seconds

    def aligned(self, step_seconds: float) -> "Span":
        """Return the span on multiples of the step, as Grafana asks, so that a picture doesn't shiver."""
        return Span(
            from_seconds=math.floor(self.from_seconds / step_seconds) * step_seconds,
            to_seconds=math.floor(self.to_seconds / step_seconds) * step_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Series as Prometheus gives them, each with `metric` and `value` or `values`; or why there are none."""

    series: tuple[dict[str, Any], ...] = ()
    error: str = ""


class Prometheus:
    """One server, asked over HTTP."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError(f"{url!r} is not the URL of a server")
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._authority = parts.netloc
        self._path = parts.path.rstrip("/")

    def query(self, expression: str, *, at_seconds: float) -> Answer:
        """Ask for one moment."""
        return self._answer("query", {"query": expression, "time": f"{at_seconds:.3f}"})

    def query_range(self, expression: str, *, span: Span, step_seconds: float) -> Answer:
        """Ask for a stretch of time, at multiples of the step."""
        aligned = span.aligned(step_seconds)
        fields = {
            "query": expression,
            "start": f"{aligned.from_seconds:.3f}",
            "end": f"{aligned.to_seconds:.3f}",
        }
        return self._answer("query_range", {**fields, "step": f"{step_seconds:.3f}"})

    def label_values(self, label: str, *, selector: str, span: Span) -> tuple[str, ...]:
        """Return the values a label has in the span; of the selected series only, if there is a selector."""
        fields = {"start": f"{span.from_seconds:.3f}", "end": f"{span.to_seconds:.3f}"}
        if selector:
            fields["match[]"] = selector
        answer = self._get(f"label/{label}/values", fields)
        if answer["status"] != "success":
            raise PrometheusError(f"label_values({selector}, {label}): {answer.get('error', 'refused')}")
        return tuple(answer["data"])

    def span_held(self) -> Span:
        """Return the time from the oldest to the newest sample in memory."""
        head = self._get("status/tsdb", {})["data"]["headStats"]
        if head["numSeries"] == 0:
            raise PrometheusError("Prometheus holds no samples")
        return Span(from_seconds=head["minTime"] / 1000, to_seconds=head["maxTime"] / 1000)

    def scrape_interval_seconds(self) -> float:
        """Return the shortest interval at which a target is scraped; Grafana is told so in its data source."""
        targets = self._get("targets", {"state": "active"})["data"]["activeTargets"]
        intervals = [seconds_of(target["scrapeInterval"]) for target in targets]
        return min(intervals, default=_DEFAULT_SCRAPE_INTERVAL_SECONDS)

    def _answer(self, endpoint: str, fields: dict[str, str]) -> Answer:
        answer = self._get(endpoint, fields)
        if answer["status"] != "success":
            return Answer(error=answer.get("error", "refused without a reason"))
        data = answer["data"]
        if data["resultType"] == "scalar":
            return Answer(series=({"metric": {}, "value": data["result"]},))
        return Answer(series=tuple(data["result"]))

    def _get(self, endpoint: str, fields: dict[str, str]) -> dict[str, Any]:
        connection = self._connection(self._authority, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", f"{self._path}/api/v1/{endpoint}?{urlencode(fields)}")
            answer = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as error:
            raise PrometheusError(f"Prometheus at {self._authority} gives no answer: {error}") from error
        finally:
            connection.close()
        if not isinstance(answer, dict) or "status" not in answer:
            raise PrometheusError(f"Prometheus at {self._authority} does not answer as Prometheus does")
        return answer


def seconds_of(duration: str) -> float:
    """Return a duration as Prometheus and Grafana write it (`1m30s`, `>15s`) in seconds."""
    rest, seconds = duration.lstrip(">").strip(), 0.0
    while rest:
        number = rest[: len(rest) - len(rest.lstrip("0123456789."))]
        unit = rest[len(number) :][: 2 if rest[len(number) :].startswith("ms") else 1]
        if not number or unit not in _UNITS_IN_SECONDS:
            raise ValueError(f"{duration!r} is not a duration")
        seconds += float(number) * _UNITS_IN_SECONDS[unit]
        rest = rest[len(number) + len(unit) :]
    return seconds
