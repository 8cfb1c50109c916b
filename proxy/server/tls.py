"""TLS for clients: certificate, key and the authorities of client certificates, renewed without dropping anybody.

A listening context only hands each new handshake to the newest one that could be read (files that don't fit together
change nothing), so that a renewed chain, key and client CA count together. Connections already open go on as they are.
"""

import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

HANDSHAKE_SECONDS = 10.0
FAREWELL_SECONDS = 2.0


class ClientCertificates(StrEnum):
    """Whether clients show certificates of their own."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


_VERIFY_MODES = {
    ClientCertificates.NONE: ssl.CERT_NONE,
    ClientCertificates.OPTIONAL: ssl.CERT_OPTIONAL,
    ClientCertificates.REQUIRED: ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files, each with the setting that names it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_certificates: ClientCertificates = ClientCertificates.NONE


class TlsError(Exception):
    """Files that can't be used; the text names setting and file, and nothing that is in them."""


class _NewestContext(ssl.SSLContext):
    """Looks like a context to an event loop, which calls `wrap_bio` once for every handshake."""

    newest: ssl.SSLContext

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - its signature
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a handshake with the newest context: `sni_callback` would not change who is verified, and how."""
        return self.newest.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


class ServerTls:
    """The context that a server listens with. Making one raises TlsError."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = _digests(files)
        self.context = _NewestContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.newest = _make(files)

    @property
    def paths(self) -> Sequence[Path]:
        """The files that it depends on."""
        files = self._files
        return [path for path in (files.certificate, files.key, files.client_ca) if path is not None]

    def reload(self) -> bool:
        """Take the files as they are now; tell whether they had changed. Raises TlsError: nothing changes then."""
        seen = _digests(self._files)
        if seen == self._seen:
            return False
        self.context.newest = _make(self._files)
        self._seen = seen
        return True


def _make(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except _EncryptedKeyError:
        raise TlsError(
            f"server.tls_key_file: {files.key} is encrypted; a key without password is needed"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(
                f"server.tls_key_file: {files.key} is not the key of the certificate in {files.certificate}"
            ) from None
        raise TlsError(
            f"server.tls_certificate_file: {files.certificate} and {files.key} hold no usable PEM certificate and key"
        ) from None
    if files.client_ca is not None:
        try:
            context.load_verify_locations(cafile=files.client_ca)
        except ssl.SSLError:
            raise TlsError(f"server.tls_client_ca_file: {files.client_ca} holds no PEM certificate") from None
    context.verify_mode = _VERIFY_MODES[files.client_certificates]
    return context


class _EncryptedKeyError(Exception):
    """OpenSSL asked for a password."""


def _no_password() -> str:
    raise _EncryptedKeyError


def _digests(files: TlsFiles) -> tuple[bytes, ...]:
    """Return what tells a renewed file from the old one, without keeping the key."""
    return tuple(
        hashlib.sha256(_content(setting, path)).digest()
        for setting, path in (
            ("server.tls_certificate_file", files.certificate),
            ("server.tls_key_file", files.key),
            ("server.tls_client_ca_file", files.client_ca),
        )
        if path is not None
    )


def _content(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{setting}: {path} can't be read: {error.strerror}") from None
