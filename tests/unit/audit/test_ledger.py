"""Reads added up: equal ones are one aggregate, nothing grows, nothing is counted twice."""

from proxy.audit.ledger import Identity, Ledger

IDENTITY = Identity("billing", "jti", "127.0.0.1", "item", (("vault", "v"), ("item", "i")), 7, "hit")


def other(number):
    return IDENTITY._replace(version=number)


def test_a_plain_tuple_finds_the_aggregate_of_equal_reads():
    ledger = Ledger()
    aggregate = ledger.begin(IDENTITY, 10.0, 1)
    assert ledger.open.get(tuple(IDENTITY)) is aggregate


def test_an_aggregate_says_first_last_and_count():
    aggregate = Ledger().begin(IDENTITY, 10.0, 1)
    for wall_seconds in (11.0, 12.5):
        aggregate.note(wall_seconds)
    content = aggregate.content()
    assert (content.count, content.first, content.last) == (
        3,
        "1970-01-01T00:00:10.000Z",
        "1970-01-01T00:00:12.500Z",
    )
    assert (content.token, content.jti, content.vault, content.item, content.file, content.version) == (
        "billing",
        "jti",
        "v",
        "i",
        "",
        7,
    )


def test_a_clock_put_back_never_has_the_last_read_before_the_first():
    aggregate = Ledger().begin(IDENTITY, 7200.0, 1)
    aggregate.note(3600.0)
    content = aggregate.content()
    assert content.first == content.last == "1970-01-01T02:00:00.000Z"
    assert content.count == 2


def test_draining_closes_what_was_open():
    ledger = Ledger()
    aggregate, empty = ledger.begin(IDENTITY, 1.0, 1), ledger.begin(other(8), 1.0, 0)
    assert ledger.drain() == {IDENTITY: aggregate, other(8): empty}
    assert not aggregate.interval.is_open
    assert not empty.interval.is_open
    assert ledger.open == {}


def test_the_first_read_of_an_aggregate_begun_without_one_is_its_first():
    aggregate = Ledger().begin(IDENTITY, 1.0, 0)
    aggregate.note(5.0)
    assert aggregate.content().first == "1970-01-01T00:00:05.000Z"


def test_what_could_not_be_written_is_added_to_equal_reads_since():
    ledger = Ledger()
    ledger.begin(IDENTITY, 1.0, 2)
    (failed,) = ledger.drain().values()
    since = ledger.begin(IDENTITY, 20.0, 3)
    assert ledger.take_back(failed)
    assert (since.count, since.first_wall_seconds, since.last_wall_seconds) == (5, 1.0, 20.0)


def test_what_could_not_be_written_counts_on_when_there_are_none_since():
    ledger = Ledger()
    ledger.begin(IDENTITY, 1.0, 2)
    (failed,) = ledger.drain().values()
    assert ledger.take_back(failed)
    assert failed.interval.is_open
    assert ledger.open[IDENTITY] is failed


def test_a_full_ledger_takes_nothing_back():
    ledger = Ledger(most=2)
    ledger.begin(IDENTITY, 1.0, 1)
    (failed,) = ledger.drain().values()
    for number in range(2):
        ledger.begin(other(number), 1.0, 1)
    assert ledger.is_full
    assert not ledger.take_back(failed)
    assert len(ledger.open) == 2


def test_what_a_token_calls_itself_is_made_to_fit_a_line():
    content = Ledger().begin(IDENTITY._replace(token_id='"\n\x1b[31m\u2028é' * 100), 1.0, 1).content()
    assert content.jti.isascii()
    assert content.jti.isprintable()
    assert len(content.jti) <= 256


def test_what_is_begun_after_draining_is_open():
    ledger = Ledger()
    ledger.begin(IDENTITY, 1.0, 1)
    ledger.drain()
    assert ledger.begin(IDENTITY, 2.0, 1).interval.is_open
