"""The reading operations of /v1: vaults, items, files and activity, all from the synced state."""

from proxy.emulator import errors
from proxy.emulator.answer import BINARY_TYPE, Answer, json_answer
from proxy.emulator.call import AuthenticatedCall
from proxy.emulator.clock import NANOSECONDS_PER_SECOND
from proxy.emulator.filters import item_matches, parse_filter, vault_filter, vault_matches
from proxy.emulator.model import Item, State, StoredFile
from proxy.emulator.parts import Parts
from proxy.emulator.rendering import file_document, full_item, inlined_file, item_summary, vault_document
from proxy.emulator.vault_access import VaultAccess, find_file, find_item, find_vault

_DEFAULT_LIMIT = 50
_MAX_NUMBER_DIGITS = 18
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
# The published spec says inline_files, 1Password's documentation page inline_content.
_INLINE_PARAMETERS = ("inline_files", "inline_content")


class Reads:
    """Answers requests that change nothing."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._clock = parts.clock
        self._replication = parts.replication
        self._activity = parts.activity
        self._access = VaultAccess(parts.tokens)

    def activity(self, request: AuthenticatedCall) -> Answer:
        """GET /activity."""
        limit = _number(request.target.parameter("limit"), default=_DEFAULT_LIMIT)
        offset = _number(request.target.parameter("offset"), default=0)
        page, content_range = self._activity.page(limit=limit, offset=offset)
        return json_answer(page, fields=(("Content-Range", content_range),))

    def vaults(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults."""
        vaults = self._access.listed_vaults(request, self._state(request))
        text = request.target.parameter("filter")
        if text:
            chosen = vault_filter(text)
            vaults = [vault for vault in vaults if vault_matches(vault, chosen)]
        return json_answer([vault_document(vault) for vault in vaults])

    def vault(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults/{vault}."""
        return json_answer(vault_document(find_vault(self._state(request), request)))

    def items(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults/{vault}/items."""
        text = request.target.parameter("filter")
        chosen = parse_filter(text) if text else None
        vault = find_vault(self._state(request), request)
        items = [item for item in vault.items.values() if item.state is None]
        if chosen is not None:
            items = [item for item in items if item_matches(item, chosen)]
        return json_answer([item_summary(item) for item in items])

    def item(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults/{vault}/items/{item}."""
        item = find_item(self._state(request), request)
        return json_answer(
            full_item(item, unix_seconds=self._clock.now_nanoseconds() // NANOSECONDS_PER_SECOND)
        )

    def files(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults/{vault}/items/{item}/files."""
        item = find_item(self._state(request), request)
        if not _wants_inline(request):
            return json_answer([file_document(item, file) for file in item.files])
        for file in item.files:
            self._check_inline(file)
        return json_answer([inlined_file(item, file) for file in item.files])

    def file(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults/{vault}/items/{item}/files/{file}."""
        item, file = self._file(request)
        if not _wants_inline(request):
            return json_answer(file_document(item, file))
        self._check_inline(file)
        return json_answer(inlined_file(item, file))

    def file_content(self, request: AuthenticatedCall) -> Answer:
        """GET /vaults/{vault}/items/{item}/files/{file}/content."""
        _, file = self._file(request)
        self._check_synced(file)
        quoted = file.name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
        return Answer(
            content=file.content,
            content_type=BINARY_TYPE,
            fields=(("Content-Disposition", f'attachment; filename="{quoted}"'),),
        )

    def _state(self, request: AuthenticatedCall) -> State:
        return self._replication.visible(changes_behind=request.call.changes_behind)

    def _file(self, request: AuthenticatedCall) -> tuple[Item, StoredFile]:
        item = find_item(self._state(request), request)
        return item, find_file(item, request)

    def _check_inline(self, file: StoredFile) -> None:
        if file.content.size > self._settings.max_inline_file_bytes:
            raise errors.file_too_large()
        self._check_synced(file)

    def _check_synced(self, file: StoredFile) -> None:
        if not self._replication.has_file_content(file.id):
            raise errors.something_went_wrong()


def _wants_inline(request: AuthenticatedCall) -> bool:
    return any(request.target.parameter(name) in _TRUE for name in _INLINE_PARAMETERS)


def _number(text: str | None, *, default: int) -> int:
    if text is None or not text:
        return default
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal():
        raise errors.bad_request("limit and offset must be numbers")
    return default if digits != text else int(digits[:_MAX_NUMBER_DIGITS])
