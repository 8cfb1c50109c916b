"""Reads: lists, filters, items, files and activity, with the fields and bytes that clients depend on."""

import asyncio
import base64
import json

import pytest


async def test_every_answer_names_the_connect_version_and_no_server_software(bench):
    for target in ("/heartbeat", "/v1/vaults", "/v1/nowhere", f"{bench.login_path}"):
        reply = await bench.get(target)
        assert reply.fields["1Password-Connect-Version"] == "1.8.2"
        assert "Server" not in reply.fields


async def test_heartbeat_health_and_metrics_need_no_token(bench):
    async with bench.session.get(f"{bench.emulator.url}/heartbeat") as response:
        assert (response.status, await response.text(), response.content_type) == (200, ".", "text/plain")
    async with bench.session.get(f"{bench.emulator.url}/health") as response:
        assert (await response.json())["name"] == "1Password Connect API"
    async with bench.session.get(f"{bench.emulator.url}/metrics") as response:
        assert "go_goroutines" in await response.text()


async def test_lists_are_bare_arrays_and_trailing_slashes_are_ignored(bench):
    for path in ("/v1/vaults", bench.items_path, bench.files_path):
        plain, slashed = await bench.get(path), await bench.get(f"{path}/")
        assert plain.status == slashed.status == 200
        assert plain.body == slashed.body
        assert isinstance(plain.json, list)


async def test_vault_counts_items_and_leaves_out_an_empty_description(bench):
    demo, infrastructure, _ = (await bench.get("/v1/vaults")).json
    assert demo["items"] == 4
    assert demo["description"]
    assert "description" not in infrastructure
    assert demo["createdAt"].endswith("Z")


@pytest.mark.parametrize("attribute", ["name", "title"])
@pytest.mark.parametrize("space", ["+", "%20"])
async def test_vaults_are_filtered_by_name_in_either_encoding(bench, attribute, space):
    reply = await bench.get(f"/v1/vaults?filter={attribute}{space}eq{space}%22Demo%22")
    assert [vault["name"] for vault in reply.json] == ["Demo"]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ('title eq "Web shop"', ["Web shop"]),
        ('title eq "web shop"', []),
        ('title co "shop"', ["Web shop"]),
        ('tag eq "demo"', ["Web shop", "Payment API"]),
        ('TAG Co "dem"', ["Web shop", "Payment API"]),
        ('title eq "no such"', []),
        ("", ["Web shop", "Payment API", "Door code", "Admin console"]),
    ],
)
async def test_items_are_filtered(bench, text, titles):
    escaped = text.replace(" ", "%20").replace('"', "%22")
    reply = await bench.get(f"{bench.items_path}?filter={escaped}")
    assert [item["title"] for item in reply.json] == titles


@pytest.mark.parametrize(
    "text",
    ["title+eq+'Web'", "title%20eq%20%22open", "color%20eq%20%22red%22", "title", "title%20gt%20%221%22"],
)
async def test_filter_that_does_not_parse_is_a_bad_request(bench, text):
    reply = await bench.get(f"{bench.items_path}?filter={text}")
    assert (reply.status, reply.json["status"]) == (400, 400)


async def test_title_with_a_plus_is_found_only_when_the_plus_is_escaped(bench):
    bench.emulator.add_item(bench.sample.demo.id, title="a+b")
    escaped = await bench.get(f"{bench.items_path}?filter=title%20eq%20%22a%2Bb%22")
    unescaped = await bench.get(f"{bench.items_path}?filter=title%20eq%20%22a+b%22")
    assert (len(escaped.json), len(unescaped.json)) == (1, 0)


async def test_summary_has_a_version_and_no_fields(bench):
    summary, *_ = (await bench.get(bench.items_path)).json
    assert summary["version"] == 1
    assert summary["lastEditedBy"].isupper()
    assert not {"fields", "sections", "files"} & set(summary)


async def test_field_without_a_value_has_no_value_key(bench):
    item = (await bench.get(bench.login_path)).json
    assert [field["id"] for field in item["fields"]] == ["username", "password", "notesPlain"]
    assert "value" not in item["fields"][2]
    assert item["fields"][1]["entropy"] > 100


async def test_bodies_are_compact_and_equal_between_reads(bench):
    path = f"{bench.items_path}/{bench.sample.note.id}"
    first, second = await bench.get(path), await bench.get(path)
    assert first.body == second.body
    assert first.body == json.dumps(first.json, separators=(",", ":")).encode()


async def test_text_is_escaped_as_go_does(bench):
    bench.emulator.add_item(bench.sample.empty.id, title="<a> & 🐧")
    body = (await bench.get(f"/v1/vaults/{bench.sample.empty.id}/items")).body
    assert '"title":"\\u003ca\\u003e \\u0026 🐧"'.encode() in body


async def test_timestamps_have_nanoseconds_when_there_are_any(bench):
    bench.clock.advance(0.5)
    item = bench.emulator.add_item(bench.sample.empty.id, title="x")
    reply = await bench.get(f"/v1/vaults/{bench.sample.empty.id}/items/{item.id}")
    assert reply.json["createdAt"] == "2023-11-14T22:13:20.5Z"


@pytest.mark.parametrize("parameter", ["inline_files", "inline_content"])
async def test_small_file_is_inlined_on_request(bench, parameter):
    path = f"{bench.files_path}/{bench.sample.file.id}"
    assert "content" not in (await bench.get(path)).json
    inlined = (await bench.get(f"{path}?{parameter}=true")).json
    assert base64.b64decode(inlined["content"]) == b"-- not a real key --\n"


async def test_large_file_is_not_inlined(bench):
    for path in (bench.files_path, f"{bench.files_path}/{bench.sample.large_file.id}"):
        assert (await bench.get(f"{path}?inline_files=true")).status == 413
        assert (await bench.get(path)).status == 200


async def test_file_content_is_an_attachment_of_known_length(bench):
    file = (await bench.get(f"{bench.files_path}/{bench.sample.large_file.id}")).json
    reply = await bench.get(file["content_path"])
    assert len(reply.body) == file["size"] == int(reply.fields["Content-Length"]) == 300_000
    assert reply.fields["Content-Type"] == "application/octet-stream"
    assert reply.fields["Content-Disposition"] == 'attachment; filename="backup.tar"'


async def test_activity_is_paged_newest_first(bench):
    await bench.get("/v1/vaults")
    await bench.get(bench.login_path)
    await bench.get("/v1/vaults", token=bench.emulator.issue_token("none", {}))
    await bench.get(bench.items_path, token=bench.emulator.issue_token("none", {}))
    reply = await bench.get("/v1/activity?limit=3&offset=0")
    assert reply.fields["Content-Range"] == "1-3/4"
    assert [entry["result"] for entry in reply.json] == ["DENY", "SUCCESS", "SUCCESS"]
    assert reply.json[2]["resource"] == {
        "type": "ITEM",
        "vault": {"id": bench.sample.demo.id},
        "item": {"id": bench.sample.login.id},
        "itemVersion": 1,
    }
    assert (await bench.get("/v1/activity?offset=3")).fields["Content-Range"] == "4-4/4"
    assert (await bench.get("/v1/activity?limit=x")).status == 400


@pytest.mark.parametrize("target", ["/", "/v1", "/v1/nowhere", "/v1//vaults", "/v1/vaults//", "/v2/vaults"])
async def test_unknown_route_is_not_found_in_connects_words(bench, target):
    reply = await bench.get(target)
    assert reply.status == 404
    assert set(reply.json) == {"status", "message"}


async def test_unknown_method_is_not_allowed(bench):
    reply = await bench.ask("PATCH", "/v1/vaults")
    assert (reply.status, reply.fields["Allow"]) == (405, "HEAD, GET")


async def test_head_is_get_without_its_body(bench):
    for path in (bench.login_path, f"{bench.files_path}/{bench.sample.large_file.id}/content"):
        head, get = await bench.ask("HEAD", path), await bench.get(path)
        assert (head.status, head.body) == (200, b"")
        assert head.fields["Content-Length"] == get.fields["Content-Length"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/vaults/Demo", "Invalid Vault UUID"),
        ("/v1/vaults/{demo}/items/Web", "Invalid Item UUID"),
        ("/v1/vaults/{demo}/items/aaaaaaaaaaaaaaaaaaaaaaaaaa", "item aaaaaaaaaaaaaaaaaaaaaaaaaa not found"),
        ("/v1/vaults/{demo}/items/{login}/files/nope", "file nope not found"),
        ("/v1/vaults/aaaaaaaaaaaaaaaaaaaaaaaaaa", "vault aaaaaaaaaaaaaaaaaaaaaaaaaa is not in scope"),
        ("/v1/vaults/%zz", "invalid URL escape"),
    ],
)
async def test_ids_that_lead_nowhere(bench, path, message):
    reply = await bench.get(path.format(demo=bench.sample.demo.id, login=bench.sample.login.id))
    assert reply.json["message"] == message


async def test_vault_that_is_granted_but_gone_is_not_found(bench):
    bench.emulator.remove_vault(bench.sample.empty.id)
    reply = await bench.get(f"/v1/vaults/{bench.sample.empty.id}")
    assert reply.json == {"status": 404, "message": f"vault {bench.sample.empty.id} not found"}


async def test_target_in_absolute_form_is_understood(bench):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    writer.write(b"GET http://connect.example/heartbeat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    assert bench.emulator.requests[-1].target == b"http://connect.example/heartbeat"
    writer.close()
    await writer.wait_closed()
