"""`python -m benchmarks.drill`: hold the drill and print what every application noticed."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence

from benchmarks.drill.drill import Course, Outcome, drill
from benchmarks.drill.load import Tally
from proxy.config import Settings

_WAY = 42


def told(outcomes: Sequence[Outcome], course: Course) -> Iterator[str]:
    """Yield the table, and under what circumstances it came about."""
    yield (
        f"Connect was killed (SIGKILL) and gone for {course.down_seconds:g} s; {course.per_second:g} requests a second"
        " to each, time-out 5 s"
    )
    yield ""
    yield f"{'':<{_WAY}}  {'all is well':>13}  {'Connect is gone':^38}  {'Connect is back':^24}"
    yield (
        f"{'who asks':<{_WAY}}  {'errors':>13}  {'errors':>13}  {'stale':>6}  {'oldest':>6}  {'p99':>7}"
        f"  {'errors':>13}  {'last after':>10}"
    )
    for each in outcomes:
        healed = f"{each.healed_seconds:.1f} s" if each.healed_seconds else "none"
        yield (
            f"{each.way:<{_WAY}}  {_errors(each.before):>13}  {_errors(each.down):>13}  {each.down.stale:>6}"
            f"  {each.down.oldest_seconds:>4} s  {each.down.p99_seconds * 1000:>4.0f} ms"
            f"  {_errors(each.after):>13}  {healed:>10}"
        )
    yield ""
    yield f"errors while Connect was gone: {'; '.join(_kinds(outcomes))}"
    yield from _settings()


def _errors(tally: Tally) -> str:
    return f"{tally.errors.total()} of {tally.requests}" if tally.requests else "-"


def _kinds(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for each in outcomes:
        if each.down.errors:
            yield f"{each.way}: " + ", ".join(
                f"{count} {kind}" for kind, count in each.down.errors.most_common()
            )


def _settings() -> Iterator[str]:
    settings = Settings()
    cache, upstream = settings.cache, settings.upstream
    yield (
        f"settings, the defaults: item_freshness_seconds {cache.item_freshness_seconds:g}, list_freshness_seconds"
        f" {cache.list_freshness_seconds:g}, stale_if_error_seconds {cache.stale_if_error_seconds:g},"
        f" unverified_tokens {cache.unverified_tokens.value},"
    )
    yield (
        f"  answer_stale_after_seconds {cache.answer_stale_after_seconds:g}, breaker_failures"
        f" {upstream.breaker_failures}, breaker_open_seconds {upstream.breaker_open_seconds:g}"
    )
    yield "items with a one-time password are left out: by default they are never kept"


def main() -> None:
    """Hold it and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="without Connect (60)")
    parser.add_argument("--per-second", type=float, default=20.0, help="requests of each application (20)")
    options = parser.parse_args()
    course = Course(down_seconds=options.seconds, per_second=options.per_second)
    print("\n".join(told(asyncio.run(drill(course)), course)))


if __name__ == "__main__":
    main()
