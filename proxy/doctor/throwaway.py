"""One item of our own in a vault of theirs: made, changed, removed in every case; searched for if its making is unsure.

Its title says what it is, so that whoever sees it knows that it may go.
"""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from proxy.doctor.asker import Asker, Budget, Reply
from proxy.doctor.ground import Vault
from proxy.doctor.wording import document_of

_LOOK_SECONDS = 0.1
_REMOVALS = 8
"""Connect answers 500 to a removal that meets another write."""
_PAUSE_SECONDS = 0.5
_SEARCHES = 10


@dataclass(slots=True, kw_only=True)
class Throwaway:
    """The item. `may_exist` from before it is asked for until its end is proved."""

    asker: Asker
    vault: Vault
    title: str = field(
        default_factory=lambda: f"connect-sidecar doctor, safe to delete {secrets.token_hex(4)}"
    )
    id: str = ""
    may_exist: bool = False

    @property
    def path(self) -> str:
        """Where it is."""
        return self.vault.item_path(self.id)

    async def create(self) -> Reply:
        """Ask for it."""
        self.may_exist = True
        reply = await self.asker.ask(self.vault.items_path, "POST", body=self._body(0))
        document = document_of(reply)
        if reply.is_ok and isinstance(document, dict) and isinstance(document.get("id"), str):
            self.id = document["id"]
        elif 400 <= reply.status < 500 and reply.status not in {408, 409}:
            self.may_exist = False  # refused for good
        return reply

    async def change(self, number: int) -> Reply:
        """Give it another value."""
        return await self.asker.ask(self.path, "PUT", body=self._body(number))

    async def delete(self) -> Reply:
        """Ask for its removal, once."""
        return await self.asker.ask(self.path, "DELETE")

    async def version(self) -> int | None:
        """Return the version that reads show; None while they show none."""
        document = document_of(await self.asker.ask(self.path))
        version = document.get("version") if isinstance(document, dict) else None
        return version if isinstance(version, int) else None

    async def shows(self, version: int, within_seconds: float) -> float | None:
        """Wait until reads show at least `version`; return how long that took, None if longer."""
        return await self._until(version, within_seconds)

    async def is_gone(self, within_seconds: float) -> float | None:
        """Wait until reads answer 404; return how long that took, None if longer."""
        gone = await self._until(None, within_seconds)
        self.may_exist = gone is None
        return gone

    async def remove(self) -> bool:
        """Make sure that nothing is left; tell whether that is so."""
        if not self.may_exist:
            return True
        self.asker = self.asker.with_budget(Budget(requests=_SEARCHES + _REMOVALS))  # whatever has been spent
        if not self.id and not await self._find():
            return False  # it may have been made and not show yet
        for _ in range(_REMOVALS):
            reply = await self.delete()
            if reply.status in {200, 204, 404}:
                self.may_exist = False
                return True
            await asyncio.sleep(_PAUSE_SECONDS)
        return False

    async def _until(self, version: int | None, within_seconds: float) -> float | None:
        began = time.monotonic()
        while True:
            reply = await self.asker.ask(self.path)
            passed = time.monotonic() - began
            if version is None and reply.status == 404:
                return passed
            document = document_of(reply) if reply.is_ok else None
            shown = document.get("version") if isinstance(document, dict) else None
            if version is not None and isinstance(shown, int) and shown >= version:
                return passed
            if passed >= within_seconds:
                return None
            await asyncio.sleep(max(_LOOK_SECONDS, passed / 10))

    async def _find(self) -> bool:
        """Look for an item whose making was given up: it may show late, or never have been made."""
        expression = quote(f'title eq "{self.title}"')
        for _ in range(_SEARCHES):
            reply = await self.asker.ask(f"{self.vault.items_path}?filter={expression}")
            document = document_of(reply)
            if reply.is_ok and isinstance(document, list):
                for each in document:
                    if isinstance(each, dict) and each.get("title") == self.title:
                        self.id = str(each.get("id"))
                        return True
            await asyncio.sleep(_PAUSE_SECONDS)
        return False

    def _body(self, number: int) -> bytes:
        document = {
            "vault": {"id": self.vault.id},
            "title": self.title,
            "category": "SECURE_NOTE",
            "fields": [
                {
                    "id": "notesPlain",
                    "type": "STRING",
                    "purpose": "NOTES",
                    "label": "notesPlain",
                    "value": f"Made by `connect-sidecar doctor` to see how this server behaves: {number}.",
                }
            ],
        }
        if self.id:
            document["id"] = self.id
        return json.dumps(document).encode()
