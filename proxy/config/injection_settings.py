"""The section `token_injection`: an access token that the sidecar holds and lends, and to whom."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from proxy.config.server_settings import ClientCertificates

if TYPE_CHECKING:
    from proxy.config.tree import Settings

_LEAST_PLACEHOLDER = 8


class TokenInjectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Optional: clients send a placeholder, and the sidecar puts the Connect token in its place. Off by default."""

    token_file: Annotated[
        str,
        Meta(description="File with the Connect token; a renewed one counts at once. Empty: off"),
    ] = ""
    placeholder: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._~+/-]*$",
            description="What clients send as their bearer token, as the SDKs insist on one: exactly this is replaced,"
            " any other token is passed on as it is. It opens nothing by itself: the client must be one of those below",
        ),
    ] = ""
    uids: Annotated[
        tuple[int, ...],
        Meta(description="Users on `server.socket` who are lent the token, by the kernel's word"),
    ] = ()
    certificates: Annotated[
        tuple[str, ...],
        Meta(
            description="TLS clients who are lent the token: SHA-256 of their certificates, 64 hexadecimal digits"
        ),
    ] = ()
    allow_loopback: Annotated[
        bool,
        Meta(
            description="Lend the token to every process that reaches us over loopback TCP: weaker, because whatever"
            " runs in the pod, or can be made to send requests there, reads the vaults below"
        ),
    ] = False
    vaults: Annotated[
        tuple[str, ...],
        Meta(description="Ids of the vaults it is lent for; `*`: all of the token's, and the list of vaults"),
    ] = ()
    methods: Annotated[tuple[str, ...], Meta(description="Methods it is lent for; GET is HEAD, too")] = (
        "GET",
    )


def injection_problems(settings: "Settings", called: Callable[[str], str]) -> Iterator[str]:
    """Yield every reason why the token can't be lent like that."""
    lent, server = settings.token_injection, settings.server
    if not lent.token_file:
        if lent.placeholder or lent.uids or lent.certificates or lent.allow_loopback or lent.vaults:
            yield f"{called('token_injection.token_file')}: is not set, so that the rest of the section has no use"
        return
    if len(lent.placeholder) < _LEAST_PLACEHOLDER:
        yield f"{called('token_injection.placeholder')}: needs at least {_LEAST_PLACEHOLDER} characters"
    if not (lent.uids or lent.certificates or lent.allow_loopback):
        yield f"{called('token_injection.uids')}: nor certificates nor allow_loopback say to whom the token is lent"
    if lent.uids and not server.socket:
        yield f"{called('token_injection.uids')}: needs server.socket: over TCP nobody knows a client's user"
    if lent.certificates and server.tls_client_certificates is ClientCertificates.NONE:
        yield f"{called('token_injection.certificates')}: needs server.tls_client_certificates"
    for digest in lent.certificates:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            yield f"{called('token_injection.certificates')}: expected SHA-256 digests, 64 digits of 0-9 and a-f"
    if not lent.vaults:
        yield f"{called('token_injection.vaults')}: is empty; name the vaults by id, or * for all"
