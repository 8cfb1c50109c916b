"""Records among whatever a collector writes around them: time stamps in front (CRI, kubectl logs), or Docker's JSON."""

import msgspec

_BEGINS = b'{"ts":"'
_EVENT = b'"event":"audit.'
_WRAPPED = b'{"log":'


class _Wrapped(msgspec.Struct):
    log: str


_wrapped = msgspec.json.Decoder(_Wrapped)
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


def record_in(line: bytes) -> bytes | None:
    """Return the part of a line that is, or was, a record; None if the line has nothing to do with the audit."""
    if line.startswith(_WRAPPED):
        line = _unwrapped(line)
    begins = line.find(_BEGINS)
    if begins < 0 or _EVENT not in line:
        return None
    return line[begins:].rstrip(b"\r\n\t ")


def _unwrapped(line: bytes) -> bytes:
    try:
        return _wrapped.decode(line).log.encode()
    except _FAULTS:
        return b""
