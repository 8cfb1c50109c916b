"""What an HTTP cache must do, as transcripts: who asks what, whether the origin is asked, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.semantics.dates import format_date
from tests.support.origin import Scripted

EPOCH = 1_790_000_000.0
PATH = "/a"


def date(seconds: float = 0.0) -> str:
    """Return a moment as seconds after the beginning of a case."""
    return format_date(EPOCH + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request, `after` seconds since the last one.

    `origin` is what the origin says if it is asked; None: it must not be asked at all. `gets` are fields of the
    answer, `sees` fields of the request at the origin; None is for one that must not be there.
    """

    method: str = "GET"
    path: str = PATH
    asked: tuple[str, ...] = ()
    after: float = 0.0
    origin: Scripted | None = None
    status: int = 200
    reason: str | None = None
    body: bytes | None = None
    gets: Mapping[str, str | None] = field(default_factory=dict)
    sees: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    anchor: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.name


def case(name: str, anchor: str, *steps: Step) -> Case:
    return Case(name=name, anchor=anchor, steps=steps)


def first(
    *lines: str, asked: tuple[str, ...] = (), status: int = 200, body: bytes = b"one", path: str = PATH
) -> Step:
    """The origin is asked, and answers this."""
    origin = Scripted(status=status, lines=lines, body=body)
    return Step(asked=asked, path=path, origin=origin, status=status, body=body)


def hit(
    *asked: str,
    after: float = 0.0,
    body: bytes = b"one",
    status: int = 200,
    gets: Mapping[str, str | None] | None = None,
    method: str = "GET",
    path: str = PATH,
) -> Step:
    """The store answers."""
    return Step(
        method=method, path=path, asked=asked, after=after, status=status, body=body, gets=dict(gets or {})
    )


def miss(
    *asked: str,
    after: float = 0.0,
    lines: tuple[str, ...] = (),
    sees: Mapping[str, str | None] | None = None,
    gets: Mapping[str, str | None] | None = None,
    path: str = PATH,
    origin_status: int = 200,
) -> Step:
    """The origin is asked again, and has something new."""
    return Step(
        asked=asked,
        path=path,
        after=after,
        origin=Scripted(status=origin_status, lines=lines, body=b"two"),
        status=origin_status,
        body=b"two",
        sees=dict(sees or {}),
        gets=dict(gets or {}),
    )


def validated(
    *asked: str,
    after: float = 0.0,
    lines: tuple[str, ...] = (),
    sees: Mapping[str, str | None] | None = None,
    gets: Mapping[str, str | None] | None = None,
) -> Step:
    """The origin is asked whether it has changed, and says no."""
    return Step(
        asked=asked,
        after=after,
        origin=Scripted(status=304, lines=lines),
        body=b"one",
        sees=dict(sees or {}),
        gets=dict(gets or {}),
    )


def failing(
    *asked: str, after: float = 0.0, status: int = 200, body: bytes | None = b"one", origin_status: int = 503
) -> Step:
    """The origin is asked and is broken."""
    origin = Scripted(status=origin_status, body=b"broken")
    return Step(asked=asked, after=after, origin=origin, status=status, body=body)


def write(method: str, *lines: str, status: int = 200, path: str = PATH, asked: tuple[str, ...] = ()) -> Step:
    """An unsafe request, which always goes to the origin."""
    origin = Scripted(status=status, lines=lines)
    return Step(method=method, path=path, origin=origin, status=status, asked=("Content-Length: 0", *asked))


FRESH = "Cache-Control: max-age=60"
TAG = 'ETag: "a"'
TOKEN, OTHER = "Authorization: Bearer one", "Authorization: Bearer two"
MODIFIED = f"Last-Modified: {date(-1000)}"

STATUSES = [
    *(
        case(
            f"{status} with max-age is stored", "RFC 9111 3", first(FRESH, status=status), hit(status=status)
        )
        for status in (
            200,
            203,
            299,
            301,
            302,
            303,
            307,
            308,
            400,
            404,
            410,
            414,
            451,
            499,
            500,
            501,
            503,
            599,
            999,
        )
    ),
    *(
        case(
            f"{status} is stored by heuristic",
            "RFC 9110 15.1",
            first(MODIFIED, status=status),
            hit(status=status),
        )
        for status in (200, 203, 300, 301, 308, 404, 405, 410, 414, 501)
    ),
    *(
        case(
            f"{status} without permission is not stored",
            "RFC 9111 3",
            first(MODIFIED, status=status),
            miss(),
        )
        for status in (201, 202, 302, 303, 307, 400, 403, 429, 500, 502, 599, 999)
    ),
    case("206 is not stored", "RFC 9111 3.3", first(FRESH, "Content-Range: bytes 0-2/9", status=206), miss()),
    case("nothing to go by is not stored", "RFC 9111 3", first(), miss()),
    case(
        "204 has no body on a hit either",
        "RFC 9110 15.3.5",
        Step(origin=Scripted(status=204, lines=(FRESH,)), status=204, body=b""),
        hit(status=204, body=b""),
    ),
]

FRESHNESS = [
    case("max-age", "RFC 9111 4.2.1", first(FRESH), hit(after=59)),
    case("max-age is over", "RFC 9111 4.2", first(FRESH), miss(after=60)),
    case("max-age=0", "RFC 9111 5.2.2.1", first("Cache-Control: max-age=0"), miss()),
    case("max-age in quotes", "RFC 9111 5.2", first('Cache-Control: max-age="60"'), hit(after=59)),
    case("max-age in capitals", "RFC 9111 5.2", first("Cache-Control: MAX-AGE=60"), hit()),
    case("max-age that is none", "RFC 9111 4.2.1", first("Cache-Control: max-age=60s"), miss()),
    case("negative max-age", "RFC 9111 1.2.2", first("Cache-Control: max-age=-60"), miss()),
    case(
        "overflowing max-age", "RFC 9111 1.2.2", first("Cache-Control: max-age=99999999999"), hit(after=1e6)
    ),
    case(
        "the shorter max-age counts",
        "RFC 9111 4.2.1",
        first("Cache-Control: max-age=60, max-age=5"),
        miss(after=9),
    ),
    case("max-age in an unknown string", "RFC 9111 5.2.3", first('Cache-Control: x="max-age=60"'), miss()),
    case("Expires", "RFC 9111 5.3", first(f"Date: {date()}", f"Expires: {date(60)}"), hit(after=59)),
    case("Expires is over", "RFC 9111 5.3", first(f"Date: {date()}", f"Expires: {date(60)}"), miss(after=60)),
    case("Expires without Date", "RFC 9110 6.6.1", first(f"Expires: {date(60)}"), hit(after=59)),
    case("Expires in the past", "RFC 9111 5.3", first(f"Expires: {date(-60)}"), miss()),
    case("Expires: 0", "RFC 9111 5.3", first("Expires: 0"), miss()),
    case("two Expires", "RFC 9111 4.2.1", first(f"Expires: {date(60)}", f"Expires: {date(90)}"), miss()),
    case("max-age wins over Expires", "RFC 9111 5.3", first(FRESH, "Expires: 0"), hit()),
    case(
        "a short max-age wins over Expires",
        "RFC 9111 5.3",
        first("Cache-Control: max-age=5", f"Expires: {date(60)}"),
        miss(after=9),
    ),
    case(
        "s-maxage, shared", "RFC 9111 5.2.2.10", first("Cache-Control: s-maxage=60, max-age=0"), hit(after=59)
    ),
    case(
        "s-maxage, private",
        "RFC 9111 5.2.2.10",
        first("Cache-Control: s-maxage=60, max-age=0", asked=(TOKEN,)),
        miss(TOKEN),
    ),
    case("a heuristic tenth", "RFC 9111 4.2.2", first(MODIFIED), hit(after=99)),
    case("a heuristic tenth is over", "RFC 9111 4.2.2", first(MODIFIED), miss(after=100)),
    case(
        "CDN-Cache-Control, shared",
        "RFC 9213 2.2",
        first("CDN-Cache-Control: max-age=60", "Cache-Control: no-store"),
        hit(after=59),
    ),
    case(
        "CDN-Cache-Control, private",
        "RFC 9213 2.2",
        first("CDN-Cache-Control: max-age=60", "Cache-Control: no-store", asked=(TOKEN,)),
        miss(TOKEN),
    ),
    case("CDN-Cache-Control forbids", "RFC 9213 2.2", first("CDN-Cache-Control: no-store", FRESH), miss()),
    case("malformed CDN-Cache-Control", "RFC 9213 2.1", first("CDN-Cache-Control: no-store,", FRESH), hit()),
    case(
        "CDN-Cache-Control hides Expires",
        "RFC 9213 2.2",
        first("CDN-Cache-Control: public", f"Expires: {date(60)}"),
        miss(),
    ),
]

AGE = [
    case("Age grows on a hit", "RFC 9111 5.1", first(FRESH), hit(after=7, gets={"Age": "7"})),
    case("Age is added to", "RFC 9111 4.2.3", first(FRESH, "Age: 50"), hit(after=9, gets={"Age": "59"})),
    case("Age counts against freshness", "RFC 9111 4.2.3", first(FRESH, "Age: 50"), miss(after=10)),
    case("the first Age counts", "RFC 9111 5.1", first(FRESH, "Age: 50, 5"), miss(after=10)),
    case("rubbish in Age", "RFC 9111 5.1", first(FRESH, "Age: x"), hit(after=59)),
    case("an overflowing Age", "RFC 9111 1.2.2", first(FRESH, "Age: 99999999999"), miss()),
    case("Date in the past", "RFC 9111 4.2.3", first(FRESH, f"Date: {date(-50)}"), miss(after=10)),
    case("Date in the future", "RFC 9111 4.2.3", first(FRESH, f"Date: {date(9000)}"), hit(after=59)),
    case(
        "Date stays on a hit",
        "RFC 9110 6.6.1",
        first(FRESH, f"Date: {date()}"),
        hit(after=9, gets={"Date": date()}),
    ),
    case(
        "a hit without Date gets that of arrival",
        "RFC 9110 6.6.1",
        first(FRESH),
        hit(after=9, gets={"Date": date()}),
    ),
]

STORING = [
    case("no-store", "RFC 9111 5.2.2.5", first("Cache-Control: no-store, max-age=60"), miss()),
    case("no-store in capitals", "RFC 9111 5.2", first("Cache-Control: No-Store, max-age=60"), miss()),
    case("private, shared", "RFC 9111 5.2.2.7", first("Cache-Control: private, max-age=60"), miss()),
    case(
        "private, private",
        "RFC 9111 5.2.2.7",
        first("Cache-Control: private, max-age=60", asked=(TOKEN,)),
        hit(TOKEN),
    ),
    case(
        "private with fields, shared",
        "RFC 9111 5.2.2.7",
        first('Cache-Control: private="X-A", max-age=60'),
        miss(),
    ),
    case(
        "two credentials share nothing", "RFC 9111 3.5", first(FRESH, asked=(TOKEN,)), miss(OTHER), hit(TOKEN)
    ),
    case("a credential does not read what is shared", "design rule 1", first(FRESH), miss(TOKEN)),
    case("nobody reads what a credential got", "design rule 1", first(FRESH, asked=(TOKEN,)), miss()),
    case(
        "must-understand, understood",
        "RFC 9111 5.2.2.3",
        first("Cache-Control: must-understand, no-store, max-age=60"),
        hit(),
    ),
    case(
        "must-understand, not understood",
        "RFC 9111 5.2.2.3",
        first("Cache-Control: must-understand, max-age=60", status=299),
        miss(),
    ),
    case("the query is part of the key", "RFC 9111 2", first(FRESH), miss(path="/a?b")),
    case(
        "targets are kept octet for octet",
        "design rule 8",
        first(FRESH, path="/a%2Fb"),
        miss(path="/a/b"),
        hit(path="/a%2Fb"),
    ),
    case("unknown directives", "RFC 9111 5.2.3", first("Cache-Control: max-age=60, community=UCI"), hit()),
    case(
        "repeated fields and their order",
        "RFC 9110 5.3",
        first(FRESH, "X-A: 1", "X-A: 2"),
        hit(gets={"X-A": "1"}),
    ),
]

REQUESTS = [
    case("no-cache", "RFC 9111 5.2.1.4", first(FRESH), miss("Cache-Control: no-cache")),
    case(
        "no-cache updates what is stored",
        "RFC 9111 5.2.1.4",
        first(FRESH),
        miss("Cache-Control: no-cache", lines=(FRESH,)),
        hit(body=b"two"),
    ),
    case("no-store", "RFC 9111 5.2.1.5", first(FRESH, asked=("Cache-Control: no-store",)), miss()),
    case("Pragma: no-cache", "RFC 9111 5.4", first(FRESH), miss("Pragma: no-cache")),
    case(
        "Pragma beside Cache-Control",
        "RFC 9111 5.4",
        first(FRESH),
        hit("Pragma: no-cache", "Cache-Control: x"),
    ),
    case("max-age=0", "RFC 9111 5.2.1.1", first(FRESH), miss("Cache-Control: max-age=0")),
    case("max-age is enough", "RFC 9111 5.2.1.1", first(FRESH), hit("Cache-Control: max-age=5", after=5)),
    case(
        "max-age is not enough", "RFC 9111 5.2.1.1", first(FRESH), miss("Cache-Control: max-age=5", after=6)
    ),
    case("min-fresh is met", "RFC 9111 5.2.1.3", first(FRESH), hit("Cache-Control: min-fresh=50", after=10)),
    case(
        "min-fresh is not met",
        "RFC 9111 5.2.1.3",
        first(FRESH),
        miss("Cache-Control: min-fresh=50", after=11),
    ),
    case("max-stale", "RFC 9111 5.2.1.2", first(FRESH), hit("Cache-Control: max-stale", after=6000)),
    case(
        "max-stale is enough", "RFC 9111 5.2.1.2", first(FRESH), hit("Cache-Control: max-stale=5", after=65)
    ),
    case(
        "max-stale is not enough",
        "RFC 9111 5.2.1.2",
        first(FRESH),
        miss("Cache-Control: max-stale=5", after=66),
    ),
    case(
        "max-stale against must-revalidate",
        "RFC 9111 5.2.2.2",
        first(FRESH + ", must-revalidate"),
        miss("Cache-Control: max-stale", after=66),
    ),
    case(
        "max-stale against proxy-revalidate",
        "RFC 9111 5.2.2.8",
        first(FRESH + ", proxy-revalidate"),
        miss("Cache-Control: max-stale", after=66),
    ),
    case(
        "max-stale against s-maxage",
        "RFC 9111 5.2.2.10",
        first("Cache-Control: s-maxage=60"),
        miss("Cache-Control: max-stale", after=66),
    ),
    case("only-if-cached, stored", "RFC 9111 5.2.1.7", first(FRESH), hit("Cache-Control: only-if-cached")),
    case(
        "only-if-cached, nothing stored",
        "RFC 9111 5.2.1.7",
        Step(asked=("Cache-Control: only-if-cached",), status=504),
    ),
    case(
        "only-if-cached, stale",
        "RFC 9111 5.2.1.7",
        first(FRESH),
        Step(asked=("Cache-Control: only-if-cached",), after=60, status=504),
    ),
]

VARY = [
    case("the same value", "RFC 9111 4.1", first(FRESH, "Vary: X-A", asked=("X-A: 1",)), hit("X-A: 1")),
    case("another value", "RFC 9111 4.1", first(FRESH, "Vary: X-A", asked=("X-A: 1",)), miss("X-A: 2")),
    case("absent and present", "RFC 9111 4.1", first(FRESH, "Vary: X-A"), miss("X-A: 1")),
    case(
        "both variants are kept",
        "RFC 9111 4.1",
        first(FRESH, "Vary: X-A", asked=("X-A: 1",)),
        miss("X-A: 2", lines=(FRESH, "Vary: X-A")),
        hit("X-A: 1"),
        hit("X-A: 2", body=b"two"),
    ),
    case("Vary: *", "RFC 9111 4.1", first(FRESH, "Vary: *"), miss()),
    case("Vary: * among others", "RFC 9111 4.1", first(FRESH, "Vary: X-A, *"), miss()),
    case(
        "two fields",
        "RFC 9111 4.1",
        first(FRESH, "Vary: X-A, X-B", asked=("X-A: 1", "X-B: 2")),
        miss("X-A: 1", "X-B: 3"),
    ),
    case(
        "lists with and without spaces",
        "RFC 9111 4.1",
        first(FRESH, "Vary: Accept", asked=("Accept: a, b",)),
        hit("Accept: a,b"),
    ),
    case(
        "a content coding is for who accepts it",
        "RFC 9110 12.5.3",
        first(FRESH, "Content-Encoding: gzip", asked=("Accept-Encoding: gzip",)),
        miss("Accept-Encoding: br"),
    ),
    case(
        "a content coding refused by q=0",
        "RFC 9110 12.4.2",
        first(FRESH, "Content-Encoding: gzip", asked=("Accept-Encoding: gzip",)),
        miss("Accept-Encoding: gzip;q=0"),
    ),
]

VALIDATION = [
    case(
        "by entity tag",
        "RFC 9111 4.3.1",
        first("Cache-Control: max-age=5", TAG),
        validated(after=9, sees={"If-None-Match": '"a"', "If-Modified-Since": None}),
    ),
    case(
        "by Last-Modified",
        "RFC 9111 4.3.1",
        first("Cache-Control: max-age=5", MODIFIED),
        validated(after=9, sees={"If-Modified-Since": date(-1000), "If-None-Match": None}),
    ),
    case(
        "our own tag does not go upstream",
        "design rule 13",
        first("Cache-Control: max-age=5"),
        miss(after=9, sees={"If-None-Match": None, "If-Modified-Since": None}),
    ),
    case(
        "a 304 makes fresh",
        "RFC 9111 4.3.4",
        first("Cache-Control: max-age=5", TAG),
        validated(after=9),
        hit(after=4),
    ),
    case(
        "a 304 makes fresh what had an Age",
        "RFC 9111 4.3.4",
        first("Cache-Control: max-age=5", TAG, "Age: 4"),
        validated(after=9),
        hit(after=4, gets={"Age": "4"}),
    ),
    case(
        "a 304 updates fields",
        "RFC 9111 3.2",
        first("Cache-Control: max-age=5", TAG, "X-A: 1", "X-B: 2"),
        validated(after=9, lines=("X-A: 3",)),
        hit(gets={"X-A": "3", "X-B": "2"}),
    ),
    case(
        "a 304 does not touch what frames the body",
        "RFC 9111 3.2",
        first("Cache-Control: max-age=5", TAG, "Content-Type: a/b", "Content-Encoding: identity"),
        validated(after=9, lines=("Content-Encoding: gzip",)),
        hit(gets={"Content-Encoding": "identity"}),
    ),
    case(
        "a 304 may end storing",
        "RFC 9111 5.2.2.5",
        first("Cache-Control: max-age=5", TAG, f"Date: {date(-4)}"),
        validated(after=9, lines=("Cache-Control: no-store",), gets={"Content-Length": "3"}),
        miss(sees={"If-None-Match": None}),
    ),
    case(
        "a 304 about another tag freshens nothing",
        "RFC 9111 4.3.4",
        first("Cache-Control: max-age=5", TAG, f"Date: {date(-4)}"),
        validated(after=9, lines=('ETag: "b"',), gets={"Date": date(-4), "Content-Length": "3"}),
        miss(sees={"If-None-Match": None}),
    ),
    case(
        "a 200 replaces",
        "RFC 9111 4.3.3",
        first("Cache-Control: max-age=5", TAG),
        miss(after=9, lines=(FRESH,)),
        hit(body=b"two"),
    ),
    case(
        "no-cache is validated every time",
        "RFC 9111 5.2.2.4",
        first("Cache-Control: no-cache, max-age=60", TAG),
        validated(sees={"If-None-Match": '"a"'}),
        validated(),
    ),
    case(
        "no-cache with fields, too",
        "RFC 9111 5.2.2.4",
        first('Cache-Control: no-cache="X-A", max-age=60', TAG),
        validated(),
    ),
    case(
        "a 304 nobody asked for is not stored",
        "RFC 9110 15.4.5",
        Step(origin=Scripted(status=304, lines=(FRESH,)), status=304, body=b""),
        miss(),
    ),
    case(
        "If-None-Match is answered",
        "RFC 9111 4.3.2",
        first(FRESH, TAG),
        hit('If-None-Match: "a"', status=304, body=b"", gets={"ETag": '"a"', "Content-Length": None}),
    ),
    case(
        "If-None-Match, weakly",
        "RFC 9111 4.3.2",
        first(FRESH, TAG),
        hit('If-None-Match: W/"a"', status=304, body=b""),
    ),
    case(
        "If-None-Match: *",
        "RFC 9110 13.1.2",
        first(FRESH, TAG),
        hit("If-None-Match: *", status=304, body=b""),
    ),
    case("If-None-Match, another tag", "RFC 9111 4.3.2", first(FRESH, TAG), hit('If-None-Match: "b"')),
    case(
        "If-Modified-Since is answered",
        "RFC 9111 4.3.2",
        first(FRESH, MODIFIED),
        hit(f"If-Modified-Since: {date(-1000)}", status=304, body=b""),
    ),
    case(
        "If-None-Match overrules If-Modified-Since",
        "RFC 9110 13.2.2",
        first(FRESH, TAG, MODIFIED),
        hit('If-None-Match: "b"', f"If-Modified-Since: {date(-1000)}"),
    ),
    case(
        "a stale answer is validated before it answers a condition",
        "RFC 9111 4.3.2",
        first("Cache-Control: max-age=5", TAG),
        Step(
            asked=('If-None-Match: "x"',),
            after=9,
            origin=Scripted(status=304),
            body=b"one",
            sees={"If-None-Match": '"a"'},
        ),
    ),
    case(
        "If-Match that fails",
        "RFC 9110 13.1.1",
        first(FRESH, TAG),
        Step(asked=('If-Match: "b"',), status=412, gets={"Cache-Control": None}),
    ),
]

PARTS = [
    case(
        "HEAD from what GET stored",
        "RFC 9111 4",
        first(FRESH, "X-A: 1"),
        hit(method="HEAD", body=b"", gets={"X-A": "1", "Content-Length": "3"}),
    ),
    case(
        "HEAD and If-None-Match",
        "RFC 9111 4.3.2",
        first(FRESH, TAG),
        hit('If-None-Match: "a"', method="HEAD", status=304, body=b""),
    ),
    case(
        "a range",
        "RFC 9110 14.2",
        first(FRESH),
        hit(
            "Range: bytes=1-2",
            status=206,
            body=b"ne",
            gets={"Content-Range": "bytes 1-2/3", "Content-Length": "2"},
        ),
    ),
    case("a suffix", "RFC 9110 14.1.2", first(FRESH), hit("Range: bytes=-1", status=206, body=b"e")),
    case("an open range", "RFC 9110 14.1.2", first(FRESH), hit("Range: bytes=2-", status=206, body=b"e")),
    case(
        "a range too far",
        "RFC 9110 15.5.17",
        first(FRESH),
        Step(
            asked=("Range: bytes=3-",), status=416, gets={"Content-Range": "bytes */3", "Cache-Control": None}
        ),
    ),
    case("an invalid range", "RFC 9110 14.2", first(FRESH), hit("Range: bytes=2-1")),
    case("an unknown unit", "RFC 9110 14.2", first(FRESH), hit("Range: lines=1-2")),
    case(
        "If-Range that holds",
        "RFC 9110 13.1.5",
        first(FRESH, TAG),
        hit("Range: bytes=0-0", 'If-Range: "a"', status=206, body=b"o"),
    ),
    case(
        "If-Range that does not",
        "RFC 9110 13.1.5",
        first(FRESH, TAG),
        hit("Range: bytes=0-0", 'If-Range: "b"'),
    ),
    case(
        "a range on a miss stores the whole",
        "RFC 9111 3.3",
        Step(
            asked=("Range: bytes=0-0",),
            origin=Scripted(lines=(FRESH,), body=b"one"),
            status=206,
            body=b"o",
            sees={"Range": None},
        ),
        hit(),
    ),
]

INVALIDATION = [
    *(
        case(f"{method} outdates its target", "RFC 9111 4.4", first(FRESH), write(method), miss())
        for method in ("POST", "PUT", "DELETE", "PATCH", "REPORT")
    ),
    *(
        case(f"{method} outdates nothing", "RFC 9111 4.4", first(FRESH), write(method), hit())
        for method in ("OPTIONS",)
    ),
    case("a redirect outdates", "RFC 9111 4.4", first(FRESH), write("POST", status=303), miss()),
    *(
        case(
            f"{status} to a write outdates nothing",
            "RFC 9111 4.4",
            first(FRESH),
            write("POST", status=status),
            hit(),
        )
        for status in (400, 401, 403, 404, 405, 413, 415, 422, 429)
    ),
    case(
        "500 to a write may have been applied",
        "design, flow",
        first(FRESH),
        write("POST", status=500),
        miss(),
    ),
    case("Location", "RFC 9111 4.4", first(FRESH, path="/b"), write("POST", "Location: /b"), miss(path="/b")),
    case(
        "Location, relative",
        "RFC 9111 4.4",
        first(FRESH, path="/b?c"),
        write("POST", "Location: b?c"),
        miss(path="/b?c"),
    ),
    case(
        "Content-Location",
        "RFC 9111 4.4",
        first(FRESH, path="/b"),
        write("POST", "Content-Location: /b"),
        miss(path="/b"),
    ),
    case(
        "Location of ourselves",
        "RFC 9111 4.4",
        first(FRESH, path="/b"),
        write("POST", "Location: http://origin/b"),
        miss(path="/b"),
    ),
    case(
        "Location of somebody else",
        "RFC 9111 4.4",
        first(FRESH, path="/b"),
        write("POST", "Location: http://elsewhere/b"),
        hit(path="/b"),
    ),
    case(
        "Location of a refused write",
        "RFC 9111 4.4",
        first(FRESH, path="/b"),
        write("POST", "Location: /b", status=400),
        hit(path="/b"),
    ),
    case(
        "a write of one outdates for all",
        "RFC 9111 4.4",
        first(FRESH, asked=(TOKEN,)),
        write("PUT", asked=(OTHER,)),
        miss(TOKEN),
    ),
    case("a write elsewhere outdates nothing", "RFC 9111 4.4", first(FRESH), write("PUT", path="/b"), hit()),
]

STALE_WHILE_REVALIDATE, STALE_IF_ERROR = FRESH + ", stale-while-revalidate=30", FRESH + ", stale-if-error=30"
OUTAGE = [
    *(
        case(
            f"stale-if-error, {status}",
            "RFC 5861 4",
            first(STALE_IF_ERROR),
            failing(after=70, origin_status=status),
        )
        for status in (408, 500, 502, 503, 504)
    ),
    case(
        "stale-if-error is over",
        "RFC 5861 4",
        first(STALE_IF_ERROR),
        failing(after=91, status=503, body=b"broken"),
    ),
    case(
        "stale-if-error, hung up",
        "RFC 5861 4",
        first(STALE_IF_ERROR),
        Step(after=70, origin=Scripted(hangs_up=True), body=b"one"),
    ),
    case("no stale-if-error", "RFC 9111 4.2.4", first(FRESH), failing(after=70, status=503, body=b"broken")),
    case(
        "404 is an answer",
        "RFC 5861 4",
        first(STALE_IF_ERROR),
        failing(after=70, origin_status=404, status=404, body=b"broken"),
    ),
    case(
        "stale-if-error against must-revalidate",
        "RFC 9111 5.2.2.2",
        first(STALE_IF_ERROR + ", must-revalidate"),
        failing(after=70, status=503, body=b"broken"),
    ),
    case(
        "stale-if-error against no-cache",
        "RFC 9111 5.2.2.4",
        first(STALE_IF_ERROR + ", no-cache"),
        failing(after=1, status=503, body=b"broken"),
    ),
    case(
        "stale-if-error of the request",
        "RFC 5861 4",
        first(FRESH),
        failing("Cache-Control: stale-if-error=30", after=70),
    ),
    case(
        "stale-if-error against no-cache of the request",
        "RFC 9111 5.2.1.4",
        first(STALE_IF_ERROR),
        failing("Cache-Control: no-cache", after=70, status=503, body=b"broken"),
    ),
    case("stale-while-revalidate is over", "RFC 5861 3", first(STALE_WHILE_REVALIDATE), miss(after=90)),
    case(
        "stale-while-revalidate against must-revalidate",
        "RFC 9111 5.2.2.2",
        first(STALE_WHILE_REVALIDATE + ", must-revalidate"),
        miss(after=70),
    ),
    case(
        "stale-while-revalidate against max-age",
        "RFC 9111 5.2.1.1",
        first(STALE_WHILE_REVALIDATE),
        miss("Cache-Control: max-age=100", after=70),
    ),
]

MESSAGES = [
    case(
        "fields named in Connection do not come back",
        "RFC 9110 7.6.1",
        Step(
            origin=Scripted(lines=(FRESH, "Connection: X-A", "X-A: 1", "X-B: 2"), body=b"one"),
            gets={"X-A": None, "X-B": "2"},
        ),
        hit(gets={"X-A": None, "X-B": "2"}),
    ),
    case(
        "Connection can not take out Cache-Control",
        "RFC 9110 7.6.1",
        first("Connection: Cache-Control", "Cache-Control: no-store"),
        miss(),
    ),
    case(
        "fields named in Connection do not go upstream",
        "RFC 9110 7.6.1",
        Step(
            asked=("Connection: X-A", "X-A: 1", "X-B: 2", "TE: trailers"),
            origin=Scripted(),
            sees={"X-A": None, "X-B": "2", "TE": None},
        ),
    ),
    *(
        case(
            f"status {status} passes",
            "RFC 9110 15",
            Step(
                origin=Scripted(status=status, reason="Of our own", body=b"x"),
                status=status,
                reason="Of our own",
                body=b"x",
            ),
        )
        for status in (299, 399, 418, 499, 599, 600, 799, 999)
    ),
    case(
        "an empty reason passes",
        "RFC 9112 4",
        Step(origin=Scripted(reason="", body=b"x"), reason="", body=b"x"),
    ),
    case(
        "a reason is kept on a hit",
        "RFC 9112 4",
        Step(origin=Scripted(reason="Very well", lines=(FRESH,), body=b"one"), reason="Very well"),
        Step(reason="Very well", body=b"one"),
    ),
    case(
        "100 is no answer",
        "RFC 9110 15.2",
        Step(
            origin=Scripted(early=b"HTTP/1.1 100 Continue\r\n\r\n", lines=(FRESH,), body=b"one"), body=b"one"
        ),
        hit(),
    ),
    case(
        "103 is no answer",
        "RFC 8297 2",
        Step(
            origin=Scripted(
                early=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", lines=(FRESH,), body=b"one"
            ),
            body=b"one",
            gets={"Link": None},
        ),
        hit(gets={"Link": None}),
    ),
    case(
        "a hit tells of itself",
        "RFC 9211 2",
        first(FRESH),
        hit(after=10, gets={"Cache-Status": "connect-sidecar; hit; ttl=50"}),
    ),
    case(
        "a miss tells of itself",
        "RFC 9211 2",
        Step(
            origin=Scripted(lines=(FRESH,)),
            gets={"Cache-Status": "connect-sidecar; fwd=uri-miss; fwd-status=200; stored"},
        ),
    ),
    case(
        "a vary-miss tells of itself",
        "RFC 9211 2.2",
        first(FRESH, "Vary: X-A"),
        miss(
            "X-A: 1",
            gets={"Cache-Status": "connect-sidecar; fwd=vary-miss; fwd-status=200; detail=no_freshness"},
        ),
    ),
    case(
        "a validation tells of itself",
        "RFC 9211 2.3",
        first("Cache-Control: max-age=5", TAG),
        validated(after=9, gets={"Cache-Status": "connect-sidecar; fwd=stale; fwd-status=304; stored"}),
    ),
    case(
        "the body is octets",
        "design rule 8",
        first(FRESH, body=bytes(range(256))),
        hit(body=bytes(range(256))),
    ),
    case(
        "our own tag on a hit", "RFC 9110 8.8.3", first(FRESH), hit("If-None-Match: *", status=304, body=b"")
    ),
]

CASES = [
    *STATUSES,
    *FRESHNESS,
    *AGE,
    *STORING,
    *REQUESTS,
    *VARY,
    *VALIDATION,
    *PARTS,
    *INVALIDATION,
    *OUTAGE,
    *MESSAGES,
]
