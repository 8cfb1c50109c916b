"""Whatever arrives, the answer is one that Connect could give: never a crash, always an error body of its shape."""

import asyncio
import contextlib
import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.emulator import READ_WRITE, ManualClock
from proxy.emulator.account import Account
from proxy.emulator.call import Call
from proxy.emulator.connect_api import ConnectApi
from proxy.emulator.errors import ConnectError
from proxy.emulator.file_content import whole
from proxy.emulator.json_documents import decode, encode
from proxy.emulator.parts import assemble
from proxy.emulator.patch import apply_patch
from proxy.emulator.sample_data import add_sample_data
from proxy.emulator.settings import EmulatorSettings

PARTS = assemble(EmulatorSettings(), ManualClock())
SAMPLE = add_sample_data(Account(PARTS))
API = ConnectApi(PARTS)
TOKEN = PARTS.tokens.issue("x", vaults=dict.fromkeys(SAMPLE.vault_ids, READ_WRITE), expires_in_seconds=None)
ITEM_PATH = f"/v1/vaults/{SAMPLE.demo.id}/items/{SAMPLE.note.id}"
REPRODUCIBLY = settings(deadline=None, derandomize=True, database=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
POINTERS = st.one_of(
    st.sampled_from(["/", "/title", "/tags", "/tags/0", "/fields", "/fields/notesPlain", "/fields/-"]),
    st.builds("/fields/notesPlain/{}".format, st.sampled_from(["value", "label", "type", "section", "id"])),
    st.text(max_size=10).map("/{}".format),
)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move"]), "path": POINTERS},
        optional={"value": JSON},
    ),
    max_size=4,
)


def answer(method: str, target: str, body: bytes = b""):
    call = Call(method=method, target=target, authorization=f"Bearer {TOKEN}", body=body)
    answered = asyncio.run(API.answer(call))
    content = whole(answered.content)
    if answered.status >= 400:
        assert set(json.loads(content)) == {"status", "message"}
    assert answered.status < 500
    return answered


@REPRODUCIBLY
@given(st.text(max_size=60))
def test_any_target_is_answered(target):
    answer("GET", target)
    answer("GET", f"/v1/vaults?filter={target}")
    answer("GET", f"{ITEM_PATH}/files/{target}")


@REPRODUCIBLY
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_answered(body):
    for method, path in (("POST", ITEM_PATH.rpartition("/")[0]), ("PUT", ITEM_PATH), ("PATCH", ITEM_PATH)):
        answer(method, path, body)


@REPRODUCIBLY
@given(OPERATIONS)
def test_any_patch_is_answered(operations):
    answer("PATCH", ITEM_PATH, json.dumps(operations).encode())


@REPRODUCIBLY
@given(OPERATIONS)
def test_patch_leaves_the_document_it_starts_from_alone(operations):
    document = {"title": "x", "tags": ["a"], "fields": [{"id": "notesPlain", "value": "x"}]}
    before = copy.deepcopy(document)
    with contextlib.suppress(ConnectError):
        apply_patch(document, operations)
    assert document == before


@REPRODUCIBLY
@given(JSON)
def test_json_survives_the_way_go_writes_it(value):
    assert decode(encode(value)) == value
    assert not set(b"<>&") & set(encode(value))
