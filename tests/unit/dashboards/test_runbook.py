"""What the runbook sends people to at night is there: panels, log events, commands, settings, entries."""

import json
import re
from pathlib import Path

from proxy.config.keys import keys

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
METRICS = (ROOT / "docs" / "metrics.md").read_text()
CODE = re.findall(r"```sh\n(.*?)```|`([^`]+)`", RUNBOOK, re.DOTALL)
SAID = [" ".join(pair) for pair in CODE]


def test_every_panel_it_names_is_on_a_board():
    boards = [json.loads(path.read_text()) for path in (ROOT / "dashboards" / "rendered").glob("*.json")]
    titles = {panel["title"] for board in boards for panel in board["panels"]}
    named = {" ".join(name.split()) for name in re.findall(r"\*([A-Z][^*]*?\?)\*", RUNBOOK)}
    assert named
    assert named - titles == set()


def test_every_log_event_it_names_is_documented():
    documented = set(re.findall(r"^\| `(\w+\.\w+)` \|", METRICS, re.MULTILINE))
    sections = {event.partition(".")[0] for event in documented}
    settings = {key.path for key in keys()}
    dotted = {word for said in SAID for word in re.findall(r"\b[a-z_]+\.[a-z_]+\b", said)}
    events = {word for word in dotted if word.partition(".")[0] in sections} - settings
    assert events
    assert events - documented == set()


def test_every_setting_it_names_exists():
    settings = {key.path for key in keys()}
    sections = {path.partition(".")[0] for path in settings if "." in path}
    dotted = {
        word for said in SAID for word in re.findall(r"^([a-z_]+\.[a-z_]+)(?:\.NAME)?(?: = |$)", said.strip())
    }
    named = {word for word in dotted if word.partition(".")[0] in sections}
    events = set(re.findall(r"^\| `(\w+\.\w+)` \|", METRICS, re.MULTILINE))
    assert named - events
    assert named - events - settings == set()


def test_every_command_it_names_exists():
    named = {word for said in SAID for word in re.findall(r"connect-sidecar ([a-z][a-z-]+)", said)}
    there = {path.stem.replace("_", "-") for path in (ROOT / "proxy" / "commands").glob("*.py")}
    assert named - {"connect-sidecar"} - there == set()


def test_every_entry_it_leads_to_exists():
    entries = {entry.lower() for entry in re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", RUNBOOK)) - entries == set()
