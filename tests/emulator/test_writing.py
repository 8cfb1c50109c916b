"""Writes: what is stored of an item, how it is patched, what is refused."""

import json

import pytest


def login(bench, **changes):
    return {"vault": {"id": bench.sample.demo.id}, "title": "New", "category": "LOGIN", **changes}


async def test_create_answers_200_with_ids_labels_and_generated_values(bench):
    section = {"id": "s1", "label": "Security Questions"}
    recipe = {"length": 55, "characterSets": ["LETTERS", "DIGITS"], "excludeCharacters": "abc"}
    fields = [
        {"value": "wendy", "purpose": "USERNAME"},
        {"purpose": "PASSWORD", "generate": True, "recipe": recipe},
        {"section": {"id": "s1"}, "type": "CONCEALED", "generate": True, "label": "Recovery Key"},
        {"type": "URL", "label": "Example", "value": "https://example.com"},
    ]
    reply = await bench.ask("POST", bench.items_path, json=login(bench, sections=[section], fields=fields))
    assert reply.status == 200
    username, password, recovery, url = reply.json["fields"]
    assert username == {
        "id": "username",
        "type": "STRING",
        "purpose": "USERNAME",
        "label": "username",
        "value": "wendy",
    }
    assert len(password["value"]) == 55
    assert password["value"].isalnum()
    assert not set("abc") & set(password["value"])
    assert "generate" not in password
    assert len(recovery["value"]) == 32
    assert recovery["section"] == {"id": "s1"}
    assert len(url["id"]) == 26
    assert reply.json["version"] == 1
    read = await bench.get(f"{bench.items_path}/{reply.json['id']}")
    assert read.body == reply.body


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "NOPE"},
        {"category": "CUSTOM"},
        {"category": "DOCUMENT"},
        {"category": None},
        {"vault": None},
        {"vault": {"id": "a" * 26}},
        {"title": 7},
        {"tags": "x"},
        {"tags": [1]},
        {"favorite": "yes"},
        {"urls": [{"label": "no href"}]},
        {"fields": [{"type": "NOPE"}]},
        {"fields": [{"purpose": "NOPE"}]},
        {"fields": ["x"]},
        {"fields": [{"generate": True, "recipe": {"length": 65}}]},
        {"fields": [{"generate": True, "recipe": {"characterSets": ["EMOJI"]}}]},
        {"sections": {}},
    ],
)
async def test_item_that_makes_no_sense_is_a_bad_request(bench, changes):
    reply = await bench.ask("POST", bench.items_path, json=login(bench, **changes))
    assert (reply.status, reply.json["status"]) == (400, 400)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"title": NaN}', b"[" * 100_000])
async def test_body_that_is_no_object_is_a_bad_request(bench, body):
    assert (await bench.ask("POST", bench.items_path, data=body)).status == 400
    assert (await bench.ask("PUT", bench.login_path, data=body)).status == 400


async def test_one_time_password_has_type_otp_and_not_totp(bench):
    refused = await bench.ask("POST", bench.items_path, json=login(bench, fields=[{"type": "TOTP"}]))
    assert refused.status == 400
    assert "unsupported field type: totp" in refused.json["message"]
    fields = [{"type": "OTP", "value": "JBSWY3DPEHPK3PXP"}]
    accepted = await bench.ask("POST", bench.items_path, json=login(bench, fields=fields))
    assert len(accepted.json["fields"][0]["totp"]) == 6


async def test_camel_case_category_is_accepted(bench):
    reply = await bench.ask("POST", bench.items_path, json=login(bench, category="apiCredential"))
    assert reply.json["category"] == "API_CREDENTIAL"


async def test_put_replaces_the_item_and_answers_the_old_version(bench):
    before = (await bench.get(bench.login_path)).json
    reply = await bench.ask("PUT", bench.login_path, json=login(bench, title="Renamed"))
    assert (reply.json["version"], reply.json["title"]) == (1, "Renamed")
    after = (await bench.get(bench.login_path)).json
    assert (after["version"], after["title"]) == (2, "Renamed")
    assert after["createdAt"] == before["createdAt"]
    assert "fields" not in after


async def test_put_to_another_id_is_a_bad_request(bench):
    body = login(bench, id="a" * 26)
    assert (await bench.ask("PUT", bench.login_path, json=body)).status == 400


async def test_write_to_an_unknown_item_is_not_found(bench):
    path = f"{bench.items_path}/{'a' * 26}"
    for method, body in (("PUT", login(bench)), ("PATCH", []), ("DELETE", None)):
        assert (await bench.ask(method, path, json=body)).status == 404


async def test_item_write_raises_the_content_version_of_its_vault(bench):
    path = f"/v1/vaults/{bench.sample.demo.id}"
    before = (await bench.get(path)).json
    await bench.ask("PUT", bench.login_path, json=login(bench))
    await bench.ask("DELETE", bench.login_path)
    after = (await bench.get(path)).json
    assert after["contentVersion"] == before["contentVersion"] + 2
    assert after["attributeVersion"] == before["attributeVersion"]
    assert after["items"] == before["items"] - 1


async def test_delete_answers_204_without_a_body(bench):
    reply = await bench.ask("DELETE", bench.login_path)
    assert (reply.status, reply.body) == (204, b"")
    assert (await bench.get(bench.login_path)).status == 404


async def patched(bench, *operations):
    reply = await bench.ask("PATCH", bench.login_path, json=list(operations))
    assert reply.status == 200, reply.json
    return (await bench.get(bench.login_path)).json


async def test_empty_patch_changes_nothing(bench):
    before = await bench.get(bench.login_path)
    reply = await bench.ask("PATCH", bench.login_path, json=[])
    assert reply.body == before.body
    assert (await bench.get(bench.login_path)).body == before.body


async def test_patch_of_the_whole_item(bench):
    value = {"title": "New Title", "favorite": True, "tags": ["tag1", "tag2"]}
    item = await patched(bench, {"op": "replace", "path": "/", "value": value})
    assert (item["title"], item["favorite"], item["tags"]) == ("New Title", True, ["tag1", "tag2"])
    assert item["version"] == 2
    assert "fields" not in item


async def test_patch_of_item_attributes(bench):
    item = await patched(
        bench,
        {"op": "replace", "path": "/favorite", "value": True},
        {"op": "remove", "path": "/tags/1"},
        {"op": "replace", "path": "/title", "value": "Renamed"},
    )
    assert (item["favorite"], item["tags"], item["title"]) == (True, ["demo"], "Renamed")


async def test_patch_adds_a_field(bench):
    value = {"label": "New Field", "type": "string", "value": "hunter2"}
    item = await patched(bench, {"op": "add", "path": "/fields", "value": value})
    added = item["fields"][-1]
    assert (added["label"], added["type"], added["value"]) == ("New Field", "STRING", "hunter2")


async def test_patch_names_fields_by_id_whatever_was_removed_before(bench):
    item = await patched(
        bench,
        {"op": "remove", "path": "/fields/username"},
        {"op": "replace", "path": "/fields/password/value", "value": "swordfish"},
        {"op": "replace", "path": "/fields/notesPlain", "value": {"label": "notes", "value": "x"}},
    )
    assert [field["id"] for field in item["fields"]] == ["password", "notesPlain"]
    assert item["fields"][0]["value"] == "swordfish"
    assert item["fields"][1]["value"] == "x"


async def test_patch_of_field_attributes(bench):
    item = await patched(
        bench,
        {"op": "add", "path": "/fields/username/label", "value": "user"},
        {"op": "remove", "path": "/fields/username/value"},
    )
    assert item["fields"][0]["label"] == "user"
    assert "value" not in item["fields"][0]


@pytest.mark.parametrize(
    "operations",
    [
        {},
        [1],
        [{"op": "move", "path": "/title", "from": "/id"}],
        [{"op": "replace", "path": "title", "value": "x"}],
        [{"op": "replace", "value": "x"}],
        [{"op": "replace", "path": "/title"}],
        [{"op": "replace", "path": "/title", "value": 7}],
        [{"op": "remove", "path": "/"}],
        [{"op": "remove", "path": "/fields/nope"}],
        [{"op": "replace", "path": "/id", "value": "a" * 26}],
        [{"op": "replace", "path": "/vault", "value": {"id": "a" * 26}}],
        [{"op": "remove", "path": "/category"}],
    ],
)
async def test_patch_that_cannot_be_applied_is_a_bad_request(bench, operations):
    before = (await bench.get(bench.login_path)).body
    assert (await bench.ask("PATCH", bench.login_path, json=operations)).status == 400
    assert (await bench.get(bench.login_path)).body == before


async def test_patch_of_a_missing_field_names_it(bench):
    operation = {"op": "replace", "path": "/fields/nope/value", "value": "x"}
    reply = await bench.ask("PATCH", bench.login_path, json=[operation])
    assert reply.json["message"] == "The item doesn't have a nope field."


async def test_lone_surrogate_becomes_the_replacement_character(bench):
    body = json.dumps(login(bench, title="\ud800")).encode()
    reply = await bench.ask("POST", bench.items_path, data=body)
    assert reply.json["title"] == "\ufffd"


async def test_vault_edit_raises_its_attribute_version(bench):
    bench.emulator.rename_vault(bench.sample.demo.id, "Renamed")
    vault = (await bench.get(f"/v1/vaults/{bench.sample.demo.id}")).json
    assert (vault["name"], vault["attributeVersion"], vault["items"]) == ("Renamed", 2, 4)


async def test_edit_made_elsewhere_is_visible_at_once(bench):
    bench.emulator.edit_field(bench.sample.demo.id, bench.sample.login.id, "username", "andy")
    item = (await bench.get(bench.login_path)).json
    assert (item["version"], item["fields"][0]["value"]) == (2, "andy")
    bench.emulator.remove_item(bench.sample.demo.id, bench.sample.login.id)
    assert (await bench.get(bench.login_path)).status == 404
