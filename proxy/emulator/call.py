"""A request as the Connect API sees it: parsed, attributed to a token, and with its view."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from proxy.emulator.activity import Action, Actor
from proxy.emulator.routes import Operation, Route
from proxy.emulator.targets import Target


async def _nothing_to_wait_for() -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request before it is known whose it is."""

    method: str
    target: str
    authorization: str | None = None
    user_agent: str = ""
    ip: str = ""
    body: bytes = b""
    changes_behind: int = 0
    """How many changes ago the replica that answers this request was last synced."""

    while_writing: Callable[[], Awaitable[None]] = _nothing_to_wait_for
    """Awaited while a write holds its vault, so that a test can let another write run into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedCall:
    """One /v1 request of a valid token."""

    call: Call
    route: Route
    target: Target
    actor: Actor

    @property
    def action(self) -> Action:
        """What the request does, as /activity names it."""
        return _ACTIONS.get(self.route.operation, Action.READ)


_ACTIONS = {
    Operation.CREATE_ITEM: Action.CREATE,
    Operation.REPLACE_ITEM: Action.UPDATE,
    Operation.PATCH_ITEM: Action.UPDATE,
    Operation.DELETE_ITEM: Action.DELETE,
}
