"""Settings: what is read, what is refused and in which words, what is only warned about."""

from pathlib import Path

import msgspec
import pytest

from proxy.config import (
    Address,
    AutomaticPath,
    CacheSettings,
    ConfigError,
    FlightSettings,
    ProfileName,
    ServerSettings,
    Settings,
    UnverifiedTokens,
    UpstreamSettings,
    load,
    load_control,
    memory_limit_bytes,
    warnings_about,
)

CONNECT = {"OP_CONNECT_HOST": "http://connect:8080"}
MEBIBYTE = 1024 * 1024


def problems(environ=None, document=None, tmp_path=None):
    """Return why settings are refused."""
    path = None
    if document is not None:
        path = tmp_path / "sidecar.toml"
        path.write_text(document)
    with pytest.raises(ConfigError) as refused:
        load(path, CONNECT if environ is None else environ)
    return refused.value.problems


def only_problem(environ=None, document=None, tmp_path=None):
    (problem,) = problems(environ, document, tmp_path)
    return problem


def from_document(document, tmp_path, environ=CONNECT):
    path = tmp_path / "sidecar.toml"
    path.write_text(document)
    return load(path, environ)


# --- where settings come from


def test_nothing_but_the_upstream_needs_to_be_set():
    settings = load(None, CONNECT)
    assert settings.upstream.url == "http://connect:8080"
    assert settings.server == ServerSettings()
    assert settings.server.listen == (Address(host="127.0.0.1", port=8180), Address(host="::1", port=8180))


def test_without_an_upstream_both_ways_to_name_it_are_told():
    assert (
        only_problem({})
        == "upstream.url: not set, and neither is OP_CONNECT_HOST; one of them says where Connect is"
    )


def test_upstream_url_wins_over_op_connect_host(tmp_path):
    document = '[upstream]\nurl = "https://secrets.internal"'
    assert from_document(document, tmp_path).upstream.url == "https://secrets.internal"


def test_the_environment_wins_over_the_file(tmp_path):
    environ = CONNECT | {"CONNECT_SIDECAR__CACHE__STORE_BYTES": "33_554_432"}
    settings = from_document("[cache]\nstore_bytes = 20_000_000\nresponse_bytes = 1000", tmp_path, environ)
    assert (settings.cache.store_bytes, settings.cache.response_bytes) == (32 * MEBIBYTE, 1000)


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("PROFILE", "http", lambda settings: settings.profile is ProfileName.HTTP),
        ("SERVER__LISTEN", "[::]:80, 127.0.0.2:81", lambda settings: len(settings.server.listen) == 2),
        ("SERVER__DRAIN_DELAY_SECONDS", "0", lambda settings: settings.server.drain_delay_seconds == 0),
        ("OBSERVE__LISTEN", "", lambda settings: settings.observe.listen == ()),
        ("CONTROL__SOCKET", "", lambda settings: settings.control.socket == ""),
        ("CONTROL__LISTEN", "", lambda settings: settings.control.listen is None),
        ("UPSTREAM__TOTAL_SECONDS", "20.5", lambda settings: settings.upstream.total_seconds == 20.5),
        (
            "CACHE__UNVERIFIED_TOKENS",
            "refuse",
            lambda settings: settings.cache.unverified_tokens is UnverifiedTokens.REFUSE,
        ),
        ("TOKENS__NAMES", "abc=billing, def=web", lambda settings: settings.tokens.names["def"] == "web"),
    ],
)
def test_a_variable_is_read_as_its_setting_wants_it(variable, text, read):
    assert read(load(None, CONNECT | {f"CONNECT_SIDECAR__{variable}": text}))


def test_what_kubernetes_injects_for_a_service_of_our_name_is_not_ours():
    injected = {
        "CONNECT_SIDECAR_SERVICE_HOST": "10.0.0.7",
        "CONNECT_SIDECAR_PORT": "tcp://10.0.0.7:8180",
        "CONNECT_SIDECAR_PORT_8180_TCP_ADDR": "10.0.0.7",
    }
    assert load(None, CONNECT | injected) == load(None, CONNECT)


def test_the_control_socket_lives_in_the_runtime_directory():
    control = load(None, CONNECT | {"XDG_RUNTIME_DIR": "/run/user/7"}).control
    assert control.socket == "/run/user/7/connect-sidecar/control.sock"


def test_a_control_socket_that_was_asked_for_is_told_from_one_that_was_not():
    assert isinstance(load(None, CONNECT).control.socket, AutomaticPath)
    asked = load(None, CONNECT | {"CONNECT_SIDECAR__CONTROL__SOCKET": "/run/a.sock"}).control.socket
    assert not isinstance(asked, AutomaticPath)


def test_control_commands_read_settings_where_op_connect_host_is_the_sidecar_itself():
    environ = {"OP_CONNECT_HOST": "http://localhost:8180", "XDG_RUNTIME_DIR": "/run"}
    assert load_control(None, environ).socket == "/run/connect-sidecar/control.sock"


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        load(None, CONNECT).cache.store_bytes = 1


# --- names that don't exist, values that can't be


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    document = """
        profile = "htp"
        cachee = 3
        flights = 7
        [server]
        listen = ["127.0.0.1:8180", "localhost:8180", 9]
        [cache]
        store_bytes = -1
        head_seconds = 5
        item_freshness_seconds = "60"
        [log]
        level = 3
        [upstream]
        max_connections = 1.5
    """
    environ = {
        "CONNECT_SIDECAR__CACHE__STORE_BYTE": "1",
        "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS": "soon",
    }
    assert set(problems(environ, document, tmp_path)) == {
        "profile: must be one of connect, http",
        "cachee: no such setting; did you mean cache?",
        "flights: expected a section, written [flights]",
        (
            "server.listen: entry 2: the host must be a numeric address: 127.0.0.1 and [::1] for this machine,"
            " [::] for all"
        ),
        "cache.store_bytes: must be at least 1",
        "cache.head_seconds: no such setting; did you mean upstream.head_seconds?",
        "cache.item_freshness_seconds: expected a number, got text",
        "log.level: must be one of debug, info, warning, error",
        "upstream.max_connections: expected a whole number, got a number",
        "CONNECT_SIDECAR__CACHE__STORE_BYTE: no such setting; did you mean CONNECT_SIDECAR__CACHE__STORE_BYTES?",
        "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS: expected a number, got text",
        "upstream.url: not set, and neither is OP_CONNECT_HOST; one of them says where Connect is",
    }


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("CACHE__STORE_BYTES", "nan", "expected a whole number, got a number"),
        ("UPSTREAM__CONNECT_SECONDS", "nan", "must be more than 0"),
        ("UPSTREAM__TOTAL_SECONDS", "inf", "must be at most 31622400"),
        ("UPSTREAM__MAX_CONNECTIONS", "0", "must be at least 1"),
        ("UPSTREAM__MAX_CONNECTIONS", "true", "expected a whole number, got true or false"),
        ("UPSTREAM__MAX_CONNECTIONS", "1\nx = 2", "expected a whole number, got text"),
        ("SERVER__LISTEN", "", "is empty, and so is server.socket: nobody could be answered"),
        ("SERVER__LISTEN", "8180", "entry 1: expected HOST:PORT, for example 127.0.0.1:8180 or [::1]:8180"),
        (
            "SERVER__LISTEN",
            "127.0.0.1:65536",
            "entry 1: expected HOST:PORT, for example 127.0.0.1:8180 or [::1]:8180",
        ),
        ("SERVER__LISTEN", "::1:8180", "entry 1: an IPv6 address stands in brackets, for example [::1]:8180"),
        ("TOKENS__NAMES", "billing", "expected NAME=VALUE pairs, separated by commas"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named_with_the_reason(variable, text, said):
    full = f"CONNECT_SIDECAR__{variable}"
    assert only_problem(CONNECT | {full: text}) == f"{full}: {said}"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    missing = tmp_path / "missing.toml"
    with pytest.raises(ConfigError, match=r"missing\.toml: can't be read: No such file"):
        load(missing, CONNECT)


def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path):
    assert "is not TOML: " in only_problem(document="[cache", tmp_path=tmp_path)


# --- the upstream


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("connect:8080", "must begin with http:// or https://, for example http://onepassword-connect:8080"),
        ("ftp://connect", "must begin with http:// or https://, for example http://onepassword-connect:8080"),
        ("http://", "has no host"),
        ("http://connect:99999", "is not a URL; expected for example http://onepassword-connect:8080"),
        ("http://connect/v1", "must not have a path: Connect is served at the root"),
        ("http://connect?x=1", "must not have a query or a fragment"),
        ("http://connect#x", "must not have a query or a fragment"),
        ("http://connect\r\nHost: x", "must not contain spaces, control characters or anything beyond ASCII"),
        ("http://us er:pw@connect", "must not contain spaces, control characters or anything beyond ASCII"),
    ],
)
def test_an_upstream_url_that_is_no_origin_is_refused(url, said):
    assert only_problem({"OP_CONNECT_HOST": url}) == f"upstream.url (OP_CONNECT_HOST): {said}"


@pytest.mark.parametrize(
    "url", ["http://wendy:hunter2@connect", "http://:hunter2@connect:8080/", "https://hunter2@c"]
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(url):
    problem = only_problem({"OP_CONNECT_HOST": url})
    assert "must not contain credentials" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://connect:8080/", "http://connect:8080"),
        ("HTTP://Connect:80", "http://connect"),
        ("https://[::2]:443", "https://[::2]"),
        ("https://10.0.0.1:8443", "https://10.0.0.1:8443"),
    ],
)
def test_an_upstream_url_is_reduced_to_its_origin(given, kept):
    assert load(None, {"OP_CONNECT_HOST": given}).upstream.url == kept


@pytest.mark.parametrize(
    ("url", "listen"),
    [
        ("http://127.0.0.1:8180", "127.0.0.1:8180"),
        ("http://localhost:8180", "[::1]:8180"),
        ("http://localhost:8180", "[::]:8180"),
        ("http://127.0.0.1", "0.0.0.0:80"),
        ("https://[::1]", "[::]:443"),
    ],
)
def test_our_own_listener_as_upstream_is_refused_by_both_names(url, listen):
    problem = only_problem({"OP_CONNECT_HOST": url, "CONNECT_SIDECAR__SERVER__LISTEN": listen})
    assert problem.startswith(
        "upstream.url (OP_CONNECT_HOST): is our own CONNECT_SIDECAR__SERVER__LISTEN: requests would go round"
    )


def test_the_observe_port_as_upstream_is_refused():
    assert "is our own observe.listen" in only_problem({"OP_CONNECT_HOST": "http://localhost:8181"})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://connect:8180", "http://10.0.0.1:8180"])
def test_another_port_or_another_host_is_no_circle(url):
    assert load(None, {"OP_CONNECT_HOST": url}).upstream.url == url


@pytest.mark.parametrize("rate", ["0", "5e-324", "inf"])
def test_a_rate_has_a_range_of_its_own(rate):
    with pytest.raises(ConfigError, match=r"limits\.requests_per_second|LIMITS__REQUESTS_PER_SECOND"):
        load(None, {"OP_CONNECT_HOST": "http://c:8080", "CONNECT_SIDECAR__LIMITS__REQUESTS_PER_SECOND": rate})


# --- sets that contradict each other


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"UPSTREAM__HEAD_SECONDS": "0.5"}, "is less than upstream.connect_seconds"),
        ({"UPSTREAM__TOTAL_SECONDS": "11"}, "is less than upstream.head_seconds"),
        ({"CACHE__READ_YOUR_WRITES_HOLD_SECONDS": "15"}, "must be less than upstream.total_seconds"),
        ({"CACHE__RESPONSE_BYTES": "16_777_217"}, "is more than cache.store_bytes"),
        ({"FLIGHTS__BUFFERED_BYTES": "1000"}, "is more than flights.buffered_bytes"),
        ({"OBSERVE__LISTEN": "127.0.0.1:8180"}, "127.0.0.1:8180 is taken by server.listen"),
        ({"OBSERVE__LISTEN": "[::]:8180"}, "[::]:8180 is taken by server.listen"),
        ({"OBSERVE__LISTEN": "0.0.0.0:8180"}, "0.0.0.0:8180 is taken by server.listen"),
        ({"CONTROL__LISTEN": "127.0.0.1:8182"}, "needs control.token_file"),
        ({"CONTROL__LISTEN": "10.0.0.1:8182", "CONTROL__TOKEN_FILE": __file__}, "must be a loopback address"),
        ({"CONTROL__TOKEN_FILE": __file__}, "has no use without control.listen"),
        ({"CONTROL__SOCKET": "/" + "x" * 107}, "is longer than 107 bytes"),
        ({"CONTROL__SOCKET": "control.sock"}, "must be an absolute path"),
        ({"UPSTREAM__CA_FILE": "/no/such.pem"}, "/no/such.pem can't be read: No such file"),
        ({"TOKENS__NAMES": "abc=Billing team"}, "a name has 1 to 64 letters"),
        ({"TOKENS__NAMES": "abc=other"}, "'other' is the word for tokens without a name"),
        (
            {"SERVER__EXPRESS_LANE_IGNORED_FIELDS": "x-id,AUTHORIZATION"},
            "AUTHORIZATION decides about an answer",
        ),
        ({"SERVER__EXPRESS_LANE_IGNORED_FIELDS": "Host"}, "Host decides about an answer"),
        (
            {"SERVER__EXPRESS_LANE_IGNORED_FIELDS": "Accept-Encoding"},
            "Accept-Encoding decides about an answer",
        ),
        ({"SERVER__EXPRESS_LANE_IGNORED_FIELDS": "Connection"}, "Connection decides about an answer"),
        (
            {"SERVER__EXPRESS_LANE_IGNORED_FIELDS": "X-Mine", "SERVER__REQUIRED_FIELD": "x-mine"},
            "X-Mine decides about an answer",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values, said):
    environ = CONNECT | {f"CONNECT_SIDECAR__{name}": text for name, text in values.items()}
    found = problems(environ)
    assert any(said in problem for problem in found), found


def test_the_control_port_may_be_loopback_with_a_token():
    environ = CONNECT | {
        "CONNECT_SIDECAR__CONTROL__LISTEN": "127.0.0.1:8182",
        "CONNECT_SIDECAR__CONTROL__TOKEN_FILE": __file__,
    }
    assert load(None, environ).control.listen == Address(host="127.0.0.1", port=8182)


def test_any_free_port_may_be_asked_for_twice():
    environ = CONNECT | {
        "CONNECT_SIDECAR__SERVER__LISTEN": "127.0.0.1:0",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": "127.0.0.1:0",
    }
    assert load(None, environ).observe.listen[0].port == 0


# --- sets that are unwise


def settings_with(**sections):
    return msgspec.structs.replace(load(None, CONNECT), **sections)


def test_the_defaults_are_wise_in_a_container_of_256_mib():
    assert warnings_about(load(None, CONNECT), memory_limit_bytes=256 * MEBIBYTE) == []


@pytest.mark.parametrize(
    ("sections", "setting"),
    [
        ({"upstream": UpstreamSettings(url="http://c", head_seconds=10)}, "upstream.head_seconds"),
        ({"cache": CacheSettings(item_freshness_seconds=61)}, "cache.item_freshness_seconds"),
        ({"cache": CacheSettings(list_freshness_seconds=61)}, "cache.list_freshness_seconds"),
        ({"cache": CacheSettings(write_fence_seconds=2)}, "cache.write_fence_seconds"),
        ({"server": ServerSettings(drain_timeout_seconds=14)}, "server.drain_timeout_seconds"),
        ({"server": ServerSettings(drain_neighbour_seconds=16)}, "server.drain_neighbour_seconds"),
        ({"upstream": UpstreamSettings(url="http://c", ca_file="x.pem")}, "upstream.ca_file"),
        ({"profile": ProfileName.HTTP}, "profile"),
    ],
)
def test_an_unwise_set_is_warned_about(sections, setting):
    (warning,) = warnings_about(settings_with(**sections))
    assert warning.startswith(f"{setting}: ")


@pytest.mark.parametrize(
    ("limit_mebibytes", "setting"), [(72, "cache.store_bytes"), (128, "flights.buffered_bytes"), (144, None)]
)
def test_a_store_that_cannot_fit_the_container_is_warned_about(limit_mebibytes, setting):
    settings = settings_with(
        cache=CacheSettings(store_bytes=16 * MEBIBYTE), flights=FlightSettings(buffered_bytes=64 * MEBIBYTE)
    )
    warnings = warnings_about(settings, memory_limit_bytes=limit_mebibytes * MEBIBYTE)
    assert [warning.partition(":")[0] for warning in warnings] == ([setting] if setting else [])


@pytest.mark.parametrize(
    ("file", "text", "limit"),
    [
        ("memory.max", "134217728\n", 134217728),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "67108864\n", 67108864),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
        ("something.else", "1\n", None),
    ],
)
def test_the_memory_limit_is_read_from_either_cgroup_version(tmp_path: Path, file, text, limit):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert memory_limit_bytes(tmp_path) == limit


def test_settings_alone_are_never_complete():
    with pytest.raises(ConfigError):
        load(None, {})
    assert Settings().upstream.url == ""


def test_a_ca_bundle_without_a_certificate_is_refused(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("not a certificate")
    found = problems(
        {"OP_CONNECT_HOST": "https://connect:8443", "CONNECT_SIDECAR__UPSTREAM__CA_FILE": str(bundle)}
    )

    assert found == (f"CONNECT_SIDECAR__UPSTREAM__CA_FILE: {bundle} holds no PEM certificate",)


# --- several upstreams

MORE = "CONNECT_SIDECAR__UPSTREAM__MORE_URLS"


def test_further_upstreams_are_reduced_to_what_they_say():
    settings = load(None, CONNECT | {MORE: "http://two:80/, https://three:8443"})
    assert settings.upstream.more_urls == ("http://two", "https://three:8443")
    assert load(None, CONNECT | {MORE: ""}).upstream.more_urls == ()


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("http://two, http://two:80", "names the same upstream twice"),
        (CONNECT["OP_CONNECT_HOST"], "names the same upstream twice"),
        ("two:8080", "must begin with http:// or https://"),
        ("http://user:secret@two", "must not contain credentials"),
        ("http://127.0.0.1:8180", "names our own server.listen"),
    ],
)
def test_further_upstreams_that_make_no_sense_are_named_with_the_reason(urls, said):
    problem = only_problem(CONNECT | {MORE: urls})
    assert problem.startswith(f"{MORE}: ")
    assert said in problem
    assert "secret" not in problem


def test_a_headless_name_and_a_list_exclude_each_other():
    environ = CONNECT | {MORE: "http://two", "CONNECT_SIDECAR__UPSTREAM__HEADLESS": "true"}
    assert "can't go with upstream.more_urls" in only_problem(environ)


# --- tables of tables

NAMED = CONNECT | {"CONNECT_SIDECAR__TOKENS__NAMES": "id-of-ci=ci"}


def test_limits_of_a_named_token_are_a_table_in_the_file_and_toml_in_the_environment(tmp_path):
    document = "[limits.named.ci]\nrequest_burst = 7\nupstream_per_second = 0.5\n"
    from_file = from_document(document, tmp_path, NAMED)
    text = "{ci = {request_burst = 7, upstream_per_second = 0.5}}"
    from_environ = load(None, NAMED | {"CONNECT_SIDECAR__LIMITS__NAMED": text})
    assert from_file.limits.named == from_environ.limits.named
    assert from_file.limits.named["ci"].request_burst == 7
    assert from_file.limits.named["ci"].upstream_burst is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{ci = {request_burst = 0}}", ": request_burst: must be at least 1"),
        ("{ci = {request_bursts = 1}}", ".ci.request_bursts: no such setting"),
        ("{cy = {}}", ": no token of tokens.names has the name 'cy'"),
        ("ci=3", ": expected a table, got text"),
        ("{ci = {request_burst = 'x'}}", ": request_burst: expected a whole number, got text"),
    ],
)
def test_what_is_wrong_inside_a_table_is_named(text, problem):
    name = "CONNECT_SIDECAR__LIMITS__NAMED"
    assert only_problem(NAMED | {name: text}) == f"{name}{problem}"


# --- audit


def test_the_audit_goes_to_a_file_with_a_key(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    document = f'[audit]\noutput = "file"\nfile = "{tmp_path}/audit"\nkey_file = "{key}"\nmode = "strict"'
    assert from_document(document, tmp_path).audit.file == f"{tmp_path}/audit"


@pytest.mark.parametrize(
    ("audit", "problem"),
    [
        ('output = "file"', "audit.output: file needs audit.file"),
        ('file = "/tmp/audit"', "audit.file: has no use without audit.output = file"),
        ('output = "file"\nfile = "audit"', "audit.file: must be an absolute path"),
        ('output = "file"\nfile = "/none/such/audit"', "audit.file: /none/such is no directory"),
        ('output = "file"\nfile = "/dev/full"', "audit.file: /dev/full is no regular file"),
        ('output = "file"\nfile = "/tmp/\\u0000"', "audit.file: can't be a path"),
        ('output = "off"\nmode = "strict"', "audit.mode: strict has no use with audit.output = off"),
        (
            'output = "off"\non_failure = "refuse"',
            "audit.on_failure: refuse has no use with audit.output = off",
        ),
        ("rotate_bytes = 1000", "audit.rotate_bytes: must be at least 65536"),
        ('key_file = "/none"', "audit.key_file: /none can't be read: No such file or directory"),
        ('key_file = "/dev/null"', "audit.key_file: /dev/null holds fewer than 32 bytes"),
        ('key_file = "/dev/zero"', "audit.key_file: /dev/zero holds more than 4096 bytes"),
    ],
)
def test_an_audit_that_would_not_be_one_is_refused(tmp_path, audit, problem):
    assert only_problem(document=f"[audit]\n{audit}", tmp_path=tmp_path) == problem


def test_what_is_wrong_with_the_audit_is_told_at_once_and_never_with_the_key(tmp_path):
    key = tmp_path / "key"
    key.write_text("a-short-secret")
    document = f'[audit]\noutput = "off"\nfile = "audit"\nmode = "strict"\nkey_file = "{key}"'
    told = problems(document=document, tmp_path=tmp_path)
    assert len(told) == 5
    assert "a-short-secret" not in "".join(told)
