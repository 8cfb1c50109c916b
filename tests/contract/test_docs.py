"""What the pages say of this house is so: links lead somewhere; commands, settings, panels, metrics and tests exist."""

import contextlib
import io
import json
import re
import shlex
import tomllib

import pytest

from proxy.adapters.logs import LogEvent
from proxy.audit.records import EventName
from proxy.commands.arguments import parser
from proxy.config.keys import keys, sections
from tests.support.metrics_page import documented
from tests.support.pages import ROOT, anchors, blocks, inline_code, links, pages, prose

DOCS = ROOT / "docs"
PAGES = pages()
PATHS = {key.path for key in keys()}
VARIABLES = {key.variable for key in keys()}
BOARDS = [json.loads(file.read_text()) for file in sorted((ROOT / "dashboards" / "rendered").glob("*.json"))]
EVENTS = {*LogEvent, *EventName}
OF_SPANS = {"server.address", "server.port"}
NOT_FOR_TUNING = {
    *(
        "profile",
        "mode",
        "unknown_keys",
        "cache.generation",
        "tokens.names",
        "upstream.url",
        "upstream.more_urls",
    ),
    *("upstream.headless", "control.listen", "audit.output"),
}
"""Said elsewhere: what runs at all, where things are, and words for operating it."""
ABOUT_PLACES = ("_file", ".socket", ".file", "_mode", "_owner", "_group", "_uids", "_certificates", "_field")


def page_id(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_link_leads_somewhere(page):
    broken = [
        f"{target}#{anchor}"
        for target, anchor in links(page)
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target))
    ]
    assert broken == []


def test_every_page_is_in_the_index_by_task():
    linked = {target for target, _ in links(DOCS / "README.md")}
    assert {page for page in DOCS.glob("*.md") if page.name != "README.md"} - linked == set()


def commands_in(page):
    """Yield the arguments of every call of ours: lines of shell blocks, and inline code."""
    lines = [line for _, block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    for shown in (*lines, *inline_code(page)):
        line = re.sub(r" \[[^\]]*\]", "", shown)  # what may be left out
        found = re.search(r"(?:^|[ /])connect-sidecar ((?:(?!connect-sidecar ).)*)$", line)
        if found and not line.lstrip().startswith(
            ("helm", "kubectl label", "kubectl create", "docker build", "#")
        ):
            words = shlex.split(re.split(r" [|>] ", found[1])[0], comments=True)
            if words and words[0] in COMMANDS:
                # VAULT_ID stands for an id, which has no underscore.
                yield [word.replace("_", "") if word.isupper() else word for word in words]


(COMMANDS,) = (action.choices for action in parser()._actions if action.dest == "command")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_command_that_is_shown_is_one(page):
    for words in commands_in(page):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                parser().parse_args(words)
            except SystemExit:
                # A mention in a sentence may leave out what else it needs.
                assert re.search(r"error: .*arguments.* required", said.getvalue()), words


def test_commands_are_found_where_they_are():
    assert ["purge", "--token", "billing-prod"] in list(commands_in(DOCS / "tokens.md"))
    assert ["status"] in list(commands_in(DOCS / "rollout.md"))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_setting_that_is_named_is_one(page):
    unknown = set()
    for code in inline_code(page):
        path = code.partition(" = ")[0]
        section, dot, name = path.partition(".")
        if dot and section in sections() and re.fullmatch(r"[a-z][a-z_]*", name) and path not in PATHS:
            unknown.add(path)
    unknown |= {
        name
        for name in re.findall(r"CONNECT_SIDECAR__[A-Z0-9_]+", page.read_text())
        if name not in VARIABLES | {"CONNECT_SIDECAR__SECTION__KEY", "CONNECT_SIDECAR__SECTION__NAME"}
    }
    assert unknown - EVENTS - OF_SPANS == set()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_settings_that_are_shown_in_a_file_exist(page):
    for _, block in blocks(page, "toml"):
        document = tomllib.loads(block)
        for section, values in document.items():
            if section not in sections():
                assert section in PATHS
                continue
            assert {f"{section}.{name}" for name in values} <= PATHS


@pytest.mark.parametrize("page", [page for page in PAGES if page.is_relative_to(DOCS)], ids=page_id)
def test_a_panel_that_is_named_is_on_a_board(page):
    def titles(panels):
        for panel in panels:
            yield panel.get("title")
            yield from titles(panel.get("panels", ()))

    known = {title for board in BOARDS for title in titles(board["panels"])}
    named = {
        re.sub(r"\s+", " ", text) for text in re.findall(r"(?<![*\w])\*([^*|]+\?)\*(?![*\w])", prose(page))
    }
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_metric_that_is_named_is_one(page):
    named = {code for code in inline_code(page) if re.fullmatch(r"connect_sidecar_[a-z_]+[a-z]", code)}
    families = {
        name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in documented()
    }
    assert named - set(documented()) - families == set()


def test_every_setting_that_can_be_tuned_is_on_the_page_about_tuning():
    there = set(inline_code(DOCS / "tuning.md"))
    wanted = {
        path
        for path in PATHS - NOT_FOR_TUNING
        if not path.endswith(ABOUT_PLACES) and not path.startswith(("token_injection.", "routes."))
    }
    assert wanted - there == set()


def test_every_cell_of_the_shapes_names_tests_that_exist():
    text, _, _ = (DOCS / "topology.md").read_text().partition("\n## ")
    named = set(re.findall(r"`(test_\w+)`", text))
    there = {
        name
        for file in ("test_topology.py", "test_bounds.py")
        for name in re.findall(
            r"^async def (test_\w+)", (ROOT / "tests/integration" / file).read_text(), re.MULTILINE
        )
    }
    assert named
    assert named - there == set()
    cells = [
        cell
        for row in re.findall(r"^\| (?!shape|---).+\|$", text, re.MULTILINE)
        for cell in row.split("|")[2:-1]
    ]
    assert len(cells) == 12
    noted = set(re.findall(r"^\[(\d+)\]", text, re.MULTILINE)) | set(re.findall(r"\n\[(\d+)\] `", text))
    for cell in cells:
        assert set(re.findall(r"\[(\d+)\]", cell)) & noted, cell
