"""What only writes can tell: how late they show, what contentVersion does, whether two at a time conflict.

In order, on one throwaway item, which is removed in every case: after an error, too, and after Ctrl-C.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from proxy.doctor.asker import Reply
from proxy.doctor.ground import Ground, Vault
from proxy.doctor.question import Finding, Question, Told, Verdict, finding_of, put
from proxy.doctor.throwaway import Throwaway
from proxy.doctor.wording import document_of, short_id

_FENCE_SECONDS = 30.0
_CLIENTS_SECONDS = 1.2
"""Terraform looks five times in so long, then its apply fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it; `left` says what could not be removed."""

    findings: tuple[Finding, ...]
    left: str = ""


@dataclass(slots=True, kw_only=True)
class Writing:
    """The questions, over the life of one item. `wait_seconds` is the longest that a write may need to show."""

    throwaway: Throwaway
    wait_seconds: float
    version: int = 0

    def questions(self) -> Sequence[Question]:
        """Return them in the order that they must be asked in."""
        return (
            _figure("write_create", "a new item shows after", self._create),
            Question(
                key="write_put_version",
                text="version in the answer to a PUT",
                ask=self._put_version,
                expected="the old one",
                matters="an answer to a write is never kept: it may show what was",
                if_different="nothing to set",
            ),
            _figure("write_update", "a change shows after", self._update),
            Question(
                key="write_content_version",
                text="contentVersion after an item was edited",
                ask=self._content_version,
                expected="moved by 1",
                matters="whether one read of a vault proves that nothing in it has changed",
                if_different="if it stayed: never set cache.trust_content_version",
            ),
            Question(
                key="write_conflict",
                text="two writes to one vault at a time",
                ask=self._conflict,
                expected="one 200, one 409",
                matters="writes.queue_wait_seconds lets writes to a vault take turns",
                if_different="if both are 200 they need no turns: writes.queue_wait_seconds = 0 would do",
            ),
            _figure("write_delete", "a deletion shows after", self._delete),
        )

    async def _create(self, _: Ground) -> str | Told:
        reply = await self.throwaway.create()
        if not self.throwaway.id:
            return Told(text=reply.outcome, concern="the token can't write there", is_figure=True)
        self.version = 1
        return await self._lag(self.version)

    async def _put_version(self, _: Ground) -> str:
        reply = await self.throwaway.change(1)
        answered = _version_of(reply)
        if not reply.is_ok or answered is None:
            return reply.outcome
        before, self.version = self.version, self.version + 1
        return (
            "the old one"
            if answered == before
            else "the new one"
            if answered == before + 1
            else "another one"
        )

    async def _update(self, _: Ground) -> Told:
        return await self._lag(self.version)

    async def _content_version(self, _: Ground) -> str:
        before = await self._vault_version()
        if not (await self.throwaway.change(2)).is_ok:
            return "the edit failed"
        self.version += 1
        await self.throwaway.shows(self.version, self.wait_seconds)
        after = await self._vault_version()
        if before is None or after is None:
            return "it has none"
        return f"moved by {after - before}" if after != before else "stayed"

    async def _conflict(self, _: Ground) -> str:
        replies = await asyncio.gather(self.throwaway.change(3), self.throwaway.change(4))
        done = sum(reply.is_ok for reply in replies)
        self.version += done
        await self.throwaway.shows(self.version, self.wait_seconds)
        statuses = sorted(reply.outcome for reply in replies)
        return (
            f"both {statuses[0]}" if statuses[0] == statuses[1] else f"one {statuses[0]}, one {statuses[1]}"
        )

    async def _delete(self, _: Ground) -> Told:
        reply = await self.throwaway.delete()
        if reply.status not in {200, 204}:
            return Told(text=reply.outcome, is_figure=True)
        return _told_lag(await self.throwaway.is_gone(self.wait_seconds), self.wait_seconds)

    async def _lag(self, version: int) -> Told:
        return _told_lag(await self.throwaway.shows(version, self.wait_seconds), self.wait_seconds)

    async def _vault_version(self) -> int | None:
        document = document_of(await self.throwaway.asker.ask(self.throwaway.vault.path))
        version = document.get("contentVersion") if isinstance(document, dict) else None
        return version if isinstance(version, int) else None


async def try_writing(
    ground: Ground,
    vault: Vault,
    *,
    wait_seconds: float,
    say: Callable[[str], None],
    expected: Mapping[str, str],
) -> Trial:
    """Ask what only writes can tell. Nothing is left behind, or it is said what."""
    throwaway = Throwaway(asker=ground.asker, vault=vault)
    writing = Writing(throwaway=throwaway, wait_seconds=wait_seconds)
    findings: list[Finding] = []
    say(f'writing to vault {short_id(vault.id)}: an item called "{throwaway.title}"')
    try:
        for question in writing.questions():
            if findings and not throwaway.id:
                findings.append(finding_of(question, Told(text="there is no item"), Verdict.NOT_ASKED))
            else:
                findings.append(await put(question, ground, expected))
    finally:
        left = await _remove_in_any_case(throwaway, say)
    return Trial(findings=tuple(findings), left=left)


async def _remove_in_any_case(throwaway: Throwaway, say: Callable[[str], None]) -> str:
    """Remove the item, though somebody cancels meanwhile; return what may be left, after saying it."""
    removal = asyncio.ensure_future(throwaway.remove())
    cancelled: asyncio.CancelledError | None = None
    while not removal.done():
        try:
            await asyncio.wait({removal})
        except asyncio.CancelledError as error:
            cancelled = error
    left = ""
    if removal.exception() is not None or not removal.result():
        where = short_id(throwaway.vault.id)
        left = f'vault {where} may still have the item "{throwaway.title}": delete it by hand'
        say(left)
    if cancelled is not None:
        raise cancelled
    return left


def _figure(key: str, text: str, ask: Callable[[Ground], Awaitable[str | Told]]) -> Question:
    return Question(
        key=key,
        text=text,
        ask=ask,
        matters="how long a vault is watched after a write: cache.write_fence_seconds",
    )


def _told_lag(seconds: float | None, most_seconds: float) -> Told:
    if seconds is None:
        return Told(
            text=f"more than {most_seconds:g} s",
            concern="raise cache.write_fence_seconds above what --wait-seconds has to be for this to be measured",
            is_figure=True,
        )
    concern = ""
    if seconds > _FENCE_SECONDS:
        concern = f"set cache.write_fence_seconds = {2 * seconds:.0f}: what was written shows late"
    elif seconds > _CLIENTS_SECONDS:
        hold = min(4, int(seconds) + 1)
        concern = f"for clients that look only briefly: cache.read_your_writes_hold_seconds = {hold}"
    return Told(text=f"{seconds:.1f} s", concern=concern, is_figure=True)


def _version_of(reply: Reply) -> int | None:
    document = document_of(reply)
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, int) else None
