import pytest

from proxy.connect.resources import ROUTES, ResourceKind, recognise
from tests.unit.connect.samples import (
    CONTENT_TARGET,
    FILE,
    FILE_TARGET,
    FILES_TARGET,
    ITEM,
    ITEM_TARGET,
    ITEMS_TARGET,
    VAULT,
    VAULT_TARGET,
    VAULTS_TARGET,
)

KNOWN = [
    (VAULTS_TARGET, ResourceKind.VAULTS, "", "", ""),
    (VAULT_TARGET, ResourceKind.VAULT, VAULT, "", ""),
    (ITEMS_TARGET, ResourceKind.ITEMS, VAULT, "", ""),
    (ITEM_TARGET, ResourceKind.ITEM, VAULT, ITEM, ""),
    (FILES_TARGET, ResourceKind.FILES, VAULT, ITEM, ""),
    (FILE_TARGET, ResourceKind.FILE, VAULT, ITEM, FILE),
    (CONTENT_TARGET, ResourceKind.FILE_CONTENT, VAULT, ITEM, FILE),
    ("/v1/activity", ResourceKind.ACTIVITY, "", "", ""),
    ("/heartbeat", ResourceKind.HEARTBEAT, "", "", ""),
    ("/health", ResourceKind.HEALTH, "", "", ""),
    ("/metrics", ResourceKind.METRICS, "", "", ""),
    (f"{FILES_TARGET}/my%20file.txt", ResourceKind.FILE, VAULT, ITEM, "my%20file.txt"),
    (f"{FILES_TARGET}/content", ResourceKind.FILE, VAULT, ITEM, "content"),
]


@pytest.mark.parametrize(("target", "kind", "vault", "item", "file"), KNOWN)
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_published_operations_are_recognised_with_and_without_trailing_slash(
    target, kind, vault, item, file, slash
):
    names = recognise(target + slash)

    assert (names.kind, names.vault, names.item, names.file) == (kind, vault, item, file)


ODD = [
    "/",
    "",
    "*",
    "/v1",
    "/v1/",
    "/V1/vaults",
    "/v1/Vaults",
    "/v1//vaults",
    "//v1/vaults",
    "/v1/vaults//",
    f"/v1/vaults/{VAULT.upper()}",
    f"/v1/vaults/{VAULT[:-1]}",
    f"/v1/vaults/{VAULT}a",
    f"/v1/vaults/{VAULT}\n",
    "/v1/vaults/Demo",
    f"/v1/vaults/%79{VAULT[1:]}",
    f"/v1%2Fvaults/{VAULT}",
    f"{ITEMS_TARGET}/../items",
    f"{ITEMS_TARGET}/./{ITEM}",
    f"{ITEMS_TARGET}/{ITEM.upper()}",
    f"{ITEMS_TARGET};a=b",
    f"{ITEM_TARGET}#x",
    f"{ITEM_TARGET}%00",
    f"{ITEM_TARGET}/history",
    f"{FILES_TARGET}/..",
    f"{FILES_TARGET}/.",
    f"{FILES_TARGET}/%2e%2e",
    f"{FILES_TARGET}/a%2Fb",
    f"{FILES_TARGET}/a%2fb",
    f"{FILES_TARGET}/a%5Cb",
    f"{FILES_TARGET}/%61bc",
    f"{FILES_TARGET}/a%25b",
    f"{FILES_TARGET}/a%0Ab",
    f"{FILES_TARGET}/a%zz",
    f"{FILES_TARGET}//content",
    "/v1/categories",
    "/metrics/x",
    "/healthz",
    "http://connect/v1/vaults",
]


@pytest.mark.parametrize("target", ODD)
def test_whatever_could_be_read_in_two_ways_is_other_and_never_cached(target):
    names = recognise(target)

    assert names.kind is ResourceKind.OTHER
    assert not names.is_cacheable


@pytest.mark.parametrize(
    ("query", "filtered"),
    [
        ("", False),
        ("?", False),
        ("?inline_files=true", False),
        ("?inline_content=true&inline_files=false", False),
        ("?filter=title%20eq%20%22x%22", True),
        ("?filter=", True),
        ("?inline_files=true&filter=a", True),
        ("?inline_files=true;filter=a", True),
        ("?%66ilter=a", True),
        ("?limit=1", True),
    ],
)
def test_any_query_but_the_inline_ones_counts_as_filtering(query, filtered):
    assert recognise(ITEMS_TARGET + query).filtered is filtered


@pytest.mark.parametrize(
    ("target", "cacheable"),
    [
        (f"{ITEMS_TARGET}?filter=a", True),
        (f"{VAULTS_TARGET}/?filter=a", True),
        (f"{FILE_TARGET}?inline_files=true", True),
        (f"{ITEM_TARGET}?filter=a", False),
        (f"{CONTENT_TARGET}?x=1", False),
        ("/v1/activity", False),
        ("/heartbeat", False),
        ("/health", False),
        ("/metrics", False),
    ],
)
def test_only_lists_are_cached_under_a_query_that_is_not_known(target, cacheable):
    assert recognise(target).is_cacheable is cacheable


def test_every_kind_has_a_row():
    assert set(ROUTES) == set(ResourceKind)


@pytest.mark.parametrize("target", [f"/v1/%76aults/{VAULT}", "/x/VAULTS/y", ITEM_TARGET, "vaults"])
def test_a_target_that_any_server_could_take_for_something_in_a_vault_is_told(target):
    assert recognise(target).concerns_vaults


def test_a_target_elsewhere_concerns_no_vault():
    assert not recognise("/v1/categories").concerns_vaults


def test_ids_are_shared_with_tags_of_the_same_and_of_nothing_else():
    item = recognise(f"/v1/vaults/{VAULT}/items/{ITEM}")
    tags = recognise(f"/v1/vaults/{VAULT}/items/{ITEM}").tags(item.route.tags, b"p")
    shared = item.sharing(tags)
    assert shared == item
    assert any(shared.item is part for tag in tags for part in tag)
    assert item.item is not shared.item
    others = recognise(f"/v1/vaults/{VAULT}/items/{'z' * 26}").tags(item.route.tags, b"p")
    assert item.sharing(others) is item
