"""Access tokens: ES256 JWTs with grants per vault, as 1Password mints them for one Connect server (facts 3).

The claims are those of real tokens, padded to their size: a token for one vault takes about 665 bytes, one
for 150 vaults about 9 KB. What a token may do is its grants intersected with what the server itself was
granted.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm

from proxy.emulator import errors
from proxy.emulator.clock import NANOSECONDS_PER_SECOND, Clock
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.json_documents import JsonObject, JsonValue, decode, encode

_ALGORITHM = "ES256"
_SCALAR_BYTES = 32
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_KEY_MATERIAL_CHARACTERS = 86
_SCHEME = "bearer "


class Access(IntFlag):
    """ACL integers of vault grants.

    48 and 496 were observed on real tokens, write-only is their difference.
    """

    READ = 48
    WRITE_ONLY = 448
    READ_WRITE = 496

    @property
    def may_read(self) -> bool:
        """Whether items of the vault may be read."""
        return self & Access.READ == Access.READ

    @property
    def may_write(self) -> bool:
        """Whether items of the vault may be written."""
        return self & Access.WRITE_ONLY == Access.WRITE_ONLY


READ = Access.READ
READ_WRITE = Access.READ_WRITE
WRITE_ONLY = Access.WRITE_ONLY
NO_ACCESS = Access(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who a valid token speaks for."""

    jti: str
    account: str
    expires_seconds: int | None
    grants: Mapping[str, Access]

    def access(self, vault_id: str) -> Access:
        """Return what the token grants on a vault."""
        return self.grants.get(vault_id, NO_ACCESS)


class _DeterministicES256(ECAlgorithm):
    """ES256 with RFC 6979 nonces: the same claims give the same token."""

    def sign(self, msg: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        signature = key.sign(msg, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return b"".join(part.to_bytes(_SCALAR_BYTES, "big") for part in decode_dss_signature(signature))


class TokenAuthority:
    """Mints, verifies and revokes the tokens of one server."""

    def __init__(self, *, clock: Clock, identifiers: Identifiers) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._key = ec.derive_private_key(identifiers.new_scalar(below=_P256_ORDER), ec.SECP256R1())
        self._public_key = self._key.public_key()
        self._key_id = identifiers.new_id()
        self._account = identifiers.new_id().upper()
        self._server_id = identifiers.new_id().upper()
        self._server_grants: Mapping[str, Access] | None = None
        self._revoked: set[str] = set()
        self._verified: dict[str, Bearer] = {}
        self._jws = jwt.PyJWS(algorithms=[_ALGORITHM])
        self._jws.unregister_algorithm(_ALGORITHM)
        self._jws.register_algorithm(_ALGORITHM, _DeterministicES256(ECAlgorithm.SHA256))

    def issue(self, name: str, *, vaults: Mapping[str, Access], expires_in_seconds: float | None) -> str:
        """Mint a token. `name` only helps its jti to differ."""
        now = self._clock.now_nanoseconds() // NANOSECONDS_PER_SECOND
        grants: list[JsonValue] = [{"u": vault.upper(), "a": int(access)} for vault, access in vaults.items()]
        secret = hashlib.shake_256(f"{name} {self._identifiers.new_id()}".encode())
        claims: JsonObject = {
            "1password.com/auuid": self._account,
            "1password.com/token": secret.hexdigest(_KEY_MATERIAL_CHARACTERS)[:_KEY_MATERIAL_CHARACTERS],
            "1password.com/fts": ["vaultaccess"],
            "1password.com/vts": grants,
            "aud": ["com.1password.connect"],
            "sub": self._server_id,
            "iss": "com.1password.b5",
            "iat": now,
            "jti": self._identifiers.new_id(),
        }
        if expires_in_seconds is not None:
            claims["exp"] = int(now + expires_in_seconds)
        return self._jws.encode(encode(claims), self._key, _ALGORITHM, {"kid": self._key_id})

    def revoke(self, token: str) -> None:
        """Refuse `token` from now on. Raises ValueError for a token this server never issued."""
        bearer = self._verified_bearer(token)
        if bearer is None:
            raise ValueError("not a token of this server")
        self._revoked.add(bearer.jti)

    def limit_server(self, grants: Mapping[str, Access] | None) -> None:
        """Set what the server itself may do, whatever tokens say. None: everything."""
        self._server_grants = grants

    def authenticate(self, authorization: str | None) -> Bearer:
        """Return whom an Authorization field value speaks for. Raises ConnectError (401)."""
        if authorization is None or not authorization.lower().startswith(_SCHEME):
            raise errors.missing_token()
        token = authorization[len(_SCHEME) :].strip()
        bearer = self._verified_bearer(token)
        if bearer is None:
            raise errors.invalid_signature() if token.count(".") == 2 else errors.missing_token()
        expired = (
            bearer.expires_seconds is not None
            and bearer.expires_seconds * NANOSECONDS_PER_SECOND <= self._clock.now_nanoseconds()
        )
        if expired or bearer.jti in self._revoked:
            raise errors.invalid_bearer_token()
        return bearer

    def access(self, bearer: Bearer, vault_id: str) -> Access:
        """Return what `bearer` may do in a vault: its own grant within the server's."""
        granted = bearer.access(vault_id)
        if self._server_grants is None:
            return granted
        return granted & self._server_grants.get(vault_id, NO_ACCESS)

    def _verified_bearer(self, token: str) -> Bearer | None:
        known = self._verified.get(token)
        if known is not None:
            return known
        try:
            payload = self._jws.decode(token, self._public_key, algorithms=[_ALGORITHM])
        except jwt.InvalidTokenError:
            return None
        bearer = _bearer(decode(payload))
        self._verified[token] = bearer
        return bearer


def _bearer(claims: Any) -> Bearer:  # noqa: ANN401 - only claims that this server has signed get here
    return Bearer(
        jti=claims["jti"],
        account=claims["1password.com/auuid"],
        expires_seconds=claims.get("exp"),
        grants={grant["u"].lower(): Access(grant["a"]) for grant in claims["1password.com/vts"]},
    )
