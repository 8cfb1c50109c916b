"""schemathesis judges the emulator by the API's specification: ours, and 1Password's own where it is at hand.

Whatever it finds must be listed in proxy/emulator/deviations.py, and each entry there in docs/emulator.md.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

import proxy.emulator
from proxy.emulator import READ, READ_WRITE, Emulator, EmulatorSettings
from proxy.emulator.deviations import DeviationKind, deviation_table, is_known
from proxy.emulator.routes import OPEN_OPERATIONS, Operation

HERE = Path(__file__).resolve()
OURS = Path(proxy.emulator.__file__).with_name("connect_api.yaml")
THEIRS = HERE.parents[3] / "shared" / "connect" / "openapi.yaml"
SPECIFICATIONS = {"ours": OURS} | ({"1password": THEIRS} if THEIRS.exists() else {})
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.positive_data_acceptance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]


KINDS = {
    "UndefinedStatusCode": DeviationKind.UNDOCUMENTED_STATUS,
    "RejectedPositiveData": DeviationKind.REFUSES_VALID,
    "AcceptedNegativeData": DeviationKind.ACCEPTS_INVALID,
    "JsonSchemaError": DeviationKind.BODY_SHAPE,
}
MAX_EXAMPLES = 20
OTP_FIELD = {"type": "OTP", "value": "JBSWY3DPEHPK3PXP"}


# 413 is the specification's own answer to input that is valid but asks for too much.
ANSWERS = {"expected-statuses": ["2xx", "401", "403", "404", "413"]}
CONFIG = schemathesis.Config.from_dict({"checks": {"positive_data_acceptance": ANSWERS}})


def operations() -> list:
    return [
        (source, operation.ok())
        for source, path in SPECIFICATIONS.items()
        for operation in schemathesis.openapi.from_path(path, config=CONFIG).get_all_operations()
    ]


def name_of(operation) -> str:
    return operation.definition.raw["operationId"]


def examinations() -> list:
    """Each operation with valid input, and with invalid input where it takes any."""
    return [
        pytest.param(operation, mode, id=f"{source}-{name_of(operation)}-{mode.value}")
        for source, operation in operations()
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or name_of(operation) not in OPEN_OPERATIONS
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    url: str
    token: str
    narrow_token: str
    vault_id: str
    kept_item_ids: tuple[str, ...]
    written_item_ids: tuple[str, ...]
    file_ids: tuple[str, ...]


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    """A running emulator in a thread of its own, since schemathesis' client is a synchronous one."""
    ready: Future[Subject] = Future()
    ended: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        done = asyncio.Event()
        ended.set_result((asyncio.get_running_loop(), done))
        async with Emulator(EmulatorSettings()) as emulator:
            sample = emulator.sample_data(large_file_bytes=300_000)
            items = [emulator.add_item(sample.infrastructure.id, title=f"item {n}").id for n in range(500)]
            otp = emulator.add_item(sample.infrastructure.id, title="otp", fields=[OTP_FIELD]).id
            token = emulator.issue_token("judge", dict.fromkeys(sample.vault_ids, READ_WRITE))
            ready.set_result(
                Subject(
                    url=emulator.url,
                    token=token,
                    narrow_token=emulator.issue_token("narrow", {sample.demo.id: READ}),
                    vault_id=sample.infrastructure.id,
                    kept_item_ids=(sample.document.id, otp),
                    written_item_ids=tuple(items),
                    file_ids=(sample.file.id, sample.large_file.id),
                )
            )
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield ready.result(timeout=10)
    loop, done = ended.result()
    loop.call_soon_threadsafe(done.set)
    thread.join()


@pytest.mark.parametrize(("operation", "mode"), examinations())
def test_emulator_deviates_only_as_listed(operation, mode, subject):
    name = name_of(operation)
    surprises: list[str] = []

    @hypothesis.settings(
        max_examples=MAX_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), draw=strategies.data())
    def examine(case, draw):
        point_at_existing(case, subject, draw)
        headers = credentials(case, subject, draw)
        base = subject.url if name in OPEN_OPERATIONS else f"{subject.url}/v1"
        response = case.call(base_url=base, headers=headers)
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except FailureGroup as group:
            surprises.extend(
                f"{failure}\n{response.content[:300]!r}\n{case.as_curl_command()}"
                for failure in group.exceptions
                if not is_listed(name, failure, response)
            )

    examine()
    assert not surprises, surprises[0]


def test_deviations_are_documented_with_their_sources():
    page = (HERE.parents[2] / "docs" / "emulator.md").read_text()
    assert deviation_table() in page


def test_our_specification_knows_every_operation():
    assert {name_of(operation) for source, operation in operations() if source == "ours"} == set(Operation)


def is_listed(name: str, failure: Failure, response) -> bool:
    kind = KINDS.get(type(failure).__name__)
    body = response.json() if "json" in response.headers.get("content-type", [""])[0] else None
    message = body.get("message", "") if isinstance(body, dict) else ""
    return kind is not None and is_known(kind, name, response.status_code, message)


def point_at_existing(case, subject, draw) -> None:
    """Let well-formed ids name something that exists, or nothing would ever be found."""
    if mode_of(case, ParameterLocation.PATH) is GenerationMode.POSITIVE:
        existing = {
            "vaultUuid": strategies.just(subject.vault_id),
            "itemUuid": strategies.sampled_from(
                subject.kept_item_ids if case.method == "GET" else subject.written_item_ids
            ),
            "fileUuid": strategies.sampled_from(subject.file_ids),
        }
        for parameter in case.path_parameters:
            case.path_parameters[parameter] = draw.draw(existing[parameter])
    if mode_of(case, ParameterLocation.BODY) is GenerationMode.POSITIVE and isinstance(case.body, dict):
        case.body["vault"] = {"id": subject.vault_id}
        case.body.pop("id", None)


def credentials(case, subject, draw) -> dict[str, str]:
    if mode_of(case, ParameterLocation.HEADER) is GenerationMode.NEGATIVE:
        return {}
    token = draw.draw(strategies.sampled_from([subject.token] * 4 + [subject.narrow_token]))
    return {"Authorization": f"Bearer {token}"}


def mode_of(case, location: ParameterLocation) -> GenerationMode | None:
    component = case.meta.components.get(location)
    return None if component is None else component.mode
