"""What the Connect profile wants asked before any client asks: change checks as requests, in a token's own name."""

from dataclasses import dataclass

from multidict import CIMultiDict, CIMultiDictProxy

from proxy import __version__
from proxy.caching.background import Background
from proxy.clock import Instant
from proxy.connect.change_checks import ChangeChecks, Check, CheckCause
from proxy.connect.write_fences import WriteFences
from proxy.semantics.message import Request

_USER_AGENT = f"connect-sidecar/{__version__} (probe)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectBackground(Background):
    """A change check as a request."""

    check: Check


class ConnectForesight:
    """Hands out the checks that are due."""

    def __init__(self, checks: ChangeChecks, fences: WriteFences, *, trusts_content_version: bool) -> None:
        self._trusts_content_version = trusts_content_version
        self._checks = checks
        self._fences = fences

    def background_due(self, now: Instant, most: int) -> tuple[ConnectBackground, ...]:
        """Return the change checks to send now: lists of whole vaults, or their contentVersion if that is trusted."""
        return tuple(_as_request(check, self._path(check)) for check in self._checks.due(now, most))

    def prime(self, now: Instant, delay_seconds: float) -> None:
        """Have one list asked for: after a restart Connect needs a request with a valid token (rule 14)."""
        self._checks.prime(now, delay_seconds)

    @property
    def is_sooner(self) -> bool:
        """Whether a check has been moved up."""
        return self._checks.is_sooner

    def background_wait_seconds(self, now: Instant) -> float | None:
        """Return how long nothing can be due."""
        return self._checks.wait_seconds(now)

    def background_ended(
        self, background: ConnectBackground, now: Instant, *, is_too_large: bool = False
    ) -> None:
        """Note that a change check is over."""
        check = background.check
        is_fenced = self._fences.vault_is_fenced(check.vault, now)
        self._checks.ended(check, now, is_fenced=is_fenced, is_too_large=is_too_large)

    def _path(self, check: Check) -> str:
        is_plain = check.cause is CheckCause.INTERVAL
        vault = f"/v1/vaults/{check.vault}"
        return vault if is_plain and self._trusts_content_version else f"{vault}/items"


def _as_request(check: Check, path: str) -> ConnectBackground:
    fields = CIMultiDict(
        {"Accept": "application/json", "Authorization": check.authorization, "User-Agent": _USER_AGENT}
    )
    request = Request(method="GET", target=path, fields=CIMultiDictProxy(fields))
    return ConnectBackground(request=request, cause=check.cause, check=check)
