"""Pictures of dashboards: a real Prometheus, Grafana's components, Chromium; what is scraped is known."""

import asyncio
import json
import struct
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from dashboards.pictures.__main__ import COMPLETE, INCOMPLETE, NO_PICTURE, main
from dashboards.pictures.browser import draw
from dashboards.pictures.inquiry import inquire
from dashboards.pictures.prometheus import Prometheus
from tests.support.prometheus import Target, prometheus

pytestmark = pytest.mark.system

_EXPOSED = """\
# TYPE lamps gauge
lamps{room="hall"} 3
lamps{room="attic"} 1
# TYPE doors_opened_total counter
doors_opened_total{room="hall"} 7
"""


async def exposed(_):
    return web.Response(text=_EXPOSED)


@asynccontextmanager
async def a_house(directory):
    """Prometheus, and what it scrapes: lamps and doors."""
    app = web.Application()
    app.router.add_get("/metrics", exposed)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        target = Target(address=f"{host}:{port}", workload="house", pod="house-0")
        async with prometheus([target], directory) as server:
            await server.wait_for("count_over_time(lamps[1m]) > 3")
            yield server
    finally:
        await runner.cleanup()


def panel(number, kind, targets, **more):
    return {
        "id": number,
        "type": kind,
        "title": f"What is {number}?",
        "gridPos": {"x": 0, "y": number * 6, "w": 12, "h": 6},
        "targets": [{"refId": chr(ord("A") + index), **target} for index, target in enumerate(targets)],
        **more,
    }


def board(*panels):
    variables = [
        {"name": "datasource", "type": "datasource", "query": "prometheus"},
        {
            "name": "room",
            "type": "query",
            "query": "label_values(lamps, room)",
            "includeAll": True,
            "multi": True,
        },
    ]
    mark = {"name": "Dark", "enable": True, "expr": "lamps < 2", "step": "1s", "iconColor": "orange"}
    return {
        "title": "House of $room",
        "templating": {"list": variables},
        "annotations": {"list": [mark]},
        "panels": [*panels],
    }


LAMPS = {"expr": 'sum(lamps{room=~"$room"})', "instant": True}
EVERY_KIND = board(
    {"id": 1, "type": "row", "title": "Lamps", "gridPos": {"x": 0, "y": 5, "w": 24, "h": 1}},
    panel(
        2,
        "stat",
        [LAMPS],
        fieldConfig={"defaults": {"unit": "suffix: lamps", "decimals": 1}, "overrides": []},
        options={"graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}},
    ),
    panel(
        3,
        "stat",
        [{"expr": 'lamps{room="attic"}', "instant": True, "legendFormat": "in the {{room}}"}],
        fieldConfig={
            "defaults": {"mappings": [{"type": "value", "options": {"1": {"text": "lonely"}}}]},
            "overrides": [],
        },
        options={"graphMode": "none", "textMode": "value_and_name"},
    ),
    panel(
        4,
        "timeseries",
        [
            {"expr": "lamps", "legendFormat": "{{room}}"},
            {"expr": "rate(doors_opened_total[$__rate_interval])"},
        ],
        fieldConfig={
            "defaults": {"unit": "short", "custom": {"stacking": {"mode": "normal", "group": "A"}}},
            "overrides": [
                {
                    "matcher": {"id": "byFrameRefID", "options": "B"},
                    "properties": [{"id": "displayName", "value": "doors of ${__field.labels.room}"}],
                }
            ],
        },
        options={"legend": {"displayMode": "table", "placement": "right", "calcs": ["max"]}},
    ),
    panel(
        5,
        "table",
        [
            {"expr": "sum by (room) (lamps)", "instant": True, "format": "table"},
            {"expr": "sum by (room) (doors_opened_total)", "instant": True, "format": "table"},
        ],
        transformations=[
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "renameByName": {"Value #A": "Lamps", "Value #B": "Doors"},
                },
            },
        ],
    ),
    panel(6, "bargauge", [{"expr": "lamps", "instant": True, "legendFormat": "{{room}}"}]),
    {**panel(7, "text", []), "options": {"mode": "markdown", "content": "Of **$room**."}},
)


def width_of(picture):
    header = picture.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">I", header[16:20])[0]


def drawn(server, dashboard, picture):
    asked = Prometheus(server.url)
    scene = inquire(dashboard, asked, span=asked.span_held(), width=1600, chosen={})
    return scene, draw(scene, picture)


async def test_every_kind_of_panel_says_what_prometheus_holds(tmp_path):
    async with a_house(tmp_path) as server:
        scene, said = await asyncio.to_thread(drawn, server, EVERY_KIND, tmp_path / "house.png")
    assert (scene.complaints, said.complaints) == ((), ())
    assert scene.content["annotations"][0]["regions"]
    assert "4.0" in said.texts[2]
    assert "lonely" in said.texts[3]
    assert "in the attic" in said.texts[3]
    assert {"attic", "hall", "doors of hall"} <= set(said.texts[4].splitlines())
    assert {"Lamps", "Doors", "attic", "hall", "3", "7"} <= set(said.texts[5].splitlines())
    assert {"attic", "hall", "3", "1"} <= set(said.texts[6].splitlines())
    assert "Of All." in said.texts[7]
    assert width_of(tmp_path / "house.png") == 1600


async def test_what_has_nothing_to_show_is_drawn_and_named_and_fails(tmp_path, capsys):
    source, picture = tmp_path / "board.json", tmp_path / "board.png"
    panels = [
        panel(2, "stat", [LAMPS]),
        panel(3, "stat", [{"expr": "lampz", "instant": True}]),
        panel(4, "timeseries", [{"expr": "sum(lamps"}]),
        panel(5, "timeseries", [{"expr": "0 * lamps / 0"}]),
        panel(6, "timeseries", [{"expr": "lamps", "legendFormat": "{{room}}"}, {"expr": "lampz"}]),
        panel(7, "table", [{"expr": "lamps", "instant": True}]),
        panel(8, "heatmap", [LAMPS]),
        {**panel(9, "stat", [LAMPS]), "repeat": "room"},
    ]
    source.write_text(json.dumps(board(*panels)))
    async with a_house(tmp_path) as server:
        arguments = ["--prometheus", server.url, "--dashboard", str(source), "--out", str(picture)]
        code = await asyncio.to_thread(main, arguments)
    assert code == INCOMPLETE
    said = [line.removeprefix(f"{source}: ") for line in capsys.readouterr().err.splitlines()]
    unclosed = "1:10: parse error: unclosed left parenthesis"
    assert [line for line in said if not line.startswith("remark:")] == [
        "panel 3 'What is 3?': query A: no series",
        f"panel 4 'What is 4?': query A: {unclosed}",
        "panel 6 'What is 6?': query B: no series",
        "panel 3 'What is 3?': no data",
        f"panel 4 'What is 4?': {unclosed}",
        "panel 5 'What is 5?': only NaN",
        "panel 7 'What is 7?': a table shows one frame, and there are several: merge them",
        "panel 8 'What is 8?': panels of type heatmap are not drawn",
        "panel 9 'What is 9?': repeated panels are not drawn",
    ]
    assert width_of(picture) == 1600


async def test_a_complete_board_passes_and_a_server_that_is_away_is_no_picture(tmp_path, capsys):
    source, picture = tmp_path / "board.json", tmp_path / "board.png"
    source.write_text(json.dumps(board(panel(2, "stat", [LAMPS]))))
    async with a_house(tmp_path) as server:
        arguments = ["--prometheus", server.url, "--dashboard", str(source), "--out", str(picture)]
        assert await asyncio.to_thread(main, arguments) == COMPLETE
    picture.unlink()
    assert await asyncio.to_thread(main, arguments) == NO_PICTURE
    assert "gives no answer" in capsys.readouterr().err
    assert not picture.exists()
