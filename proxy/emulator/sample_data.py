"""Something to look at: three vaults with logins, credentials, notes, files and a one-time password.

The values are made up. With a seed, ids and generated values are the same in every run.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.emulator.account import Account
from proxy.emulator.file_content import GeneratedContent
from proxy.emulator.item_input import Category
from proxy.emulator.model import Item, StoredFile, Vault

if TYPE_CHECKING:
    from proxy.emulator.json_documents import JsonObject

MEBIBYTE = 1024 * 1024
_OTP_URI = "otpauth://totp/Demo:wendy?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleData:
    """What was added, by what it is good for."""

    demo: Vault
    infrastructure: Vault
    empty: Vault
    login: Item
    api_credential: Item
    database: Item
    note: Item
    one_time_password: Item
    document: Item
    file: StoredFile
    large_file: StoredFile

    @property
    def vault_ids(self) -> tuple[str, ...]:
        """The ids of the vaults."""
        return self.demo.id, self.infrastructure.id, self.empty.id


def add_sample_data(account: Account, *, large_file_bytes: int = 5 * MEBIBYTE) -> SampleData:
    """Fill `account` with vaults, items and files. The large file is generated while it is sent."""
    demo = account.add_vault("Demo", description="Things to try the sidecar with")
    infrastructure = account.add_vault("Infrastructure")
    empty = account.add_vault("Empty")
    document = _secure_note(account, infrastructure, title="Certificates", text="Keys and chains")
    large_file = GeneratedContent(size=large_file_bytes, label="sample")
    return SampleData(
        demo=demo,
        infrastructure=infrastructure,
        empty=empty,
        login=_login(account, demo),
        api_credential=_api_credential(account, demo),
        database=_database(account, infrastructure),
        note=_secure_note(account, demo, title="Door code", text="1234 then #"),
        one_time_password=_one_time_password(account, demo),
        document=document,
        file=account.add_file(
            infrastructure.id, document.id, name="privkey.pem", content=b"-- not a real key --\n"
        ),
        large_file=account.add_file(infrastructure.id, document.id, name="backup.tar", content=large_file),
    )


def _login(account: Account, vault: Vault) -> Item:
    return account.add_item(
        vault.id,
        title="Web shop",
        tags=("demo", "shop"),
        urls=("https://shop.example.com",),
        fields=(
            {"purpose": "USERNAME", "value": "wendy"},
            {"purpose": "PASSWORD", "generate": True},
            {"purpose": "NOTES"},
        ),
    )


def _api_credential(account: Account, vault: Vault) -> Item:
    recipe: JsonObject = {"length": 40, "characterSets": ["LETTERS", "DIGITS"]}
    return account.add_item(
        vault.id,
        title="Payment API",
        category=Category.API_CREDENTIAL,
        tags=("demo",),
        fields=(
            {"id": "username", "type": "STRING", "label": "username", "value": "payments"},
            {
                "id": "credential",
                "type": "CONCEALED",
                "label": "credential",
                "generate": True,
                "recipe": recipe,
            },
            {"id": "hostname", "type": "STRING", "label": "hostname", "value": "api.example.com"},
        ),
    )


def _database(account: Account, vault: Vault) -> Item:
    return account.add_item(
        vault.id,
        title="Orders database",
        category=Category.DATABASE,
        sections=({"id": "connection", "label": "Connection"},),
        fields=(
            {"id": "server", "label": "server", "value": "db.internal", "section": {"id": "connection"}},
            {"id": "port", "label": "port", "value": "5432", "section": {"id": "connection"}},
            {"id": "username", "label": "username", "value": "orders"},
            {"id": "password", "type": "CONCEALED", "label": "password", "generate": True},
        ),
    )


def _secure_note(account: Account, vault: Vault, *, title: str, text: str) -> Item:
    return account.add_item(
        vault.id,
        title=title,
        category=Category.SECURE_NOTE,
        fields=({"purpose": "NOTES", "value": text},),
    )


def _one_time_password(account: Account, vault: Vault) -> Item:
    return account.add_item(
        vault.id,
        title="Admin console",
        fields=(
            {"purpose": "USERNAME", "value": "admin"},
            {"purpose": "PASSWORD", "generate": True},
            {"id": "TOTP_demo", "type": "OTP", "label": "one-time password", "value": _OTP_URI},
        ),
    )
