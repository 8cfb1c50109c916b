"""Malformed Authorization fields (RFC 9110 section 11.6.2, RFC 6750 section 2.1), each with SECRET in it.

Whether a form is refused here or is for the upstream to judge is said per row; none of them is a token that
anybody was given.
"""

import json
from base64 import urlsafe_b64encode

from tests.faults.abuse import Row, S, asks_to_close, head, passed, refused


def _field(octets: bytes) -> bytes:
    return asks_to_close(head(target=b"/v1/vaults", auth=octets + b"\r\n"))


def _refused(value: bytes, status: int = 400) -> Row:
    return refused(_field(b"Authorization: " + value), status)


def _passed(value: bytes) -> Row:
    return passed(_field(b"Authorization: " + value))


def _claims(document: object) -> bytes:
    return b".".join([S, urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"="), S])


CREDENTIALS: dict[str, Row] = {
    "no scheme": _passed(S),
    "scheme alone": _passed(b"Bearer"),
    "scheme and spaces alone": _passed(b"Bearer   "),
    "nothing": _passed(b""),
    "Basic": _passed(b"Basic " + S),
    "Digest": _passed(b'Digest username="' + S + b'", nonce=x'),
    "unknown scheme": _passed(b"Token " + S),
    "misspelt scheme": _passed(b"Bearerr " + S),
    "upper-case scheme": _passed(b"BEARER " + S),
    "no space": _passed(b"Bearer" + S),
    "colon instead of a space": _passed(b"Bearer:" + S),
    "equals instead of a space": _passed(b"Bearer=" + S),
    "comma instead of a space": _passed(b"Bearer," + S),
    "tab instead of a space": _passed(b"Bearer\t" + S),
    "tab behind the space": _passed(b"Bearer \t" + S),
    "two spaces": _passed(b"Bearer  " + S),
    "spaces before the scheme": _passed(b"   Bearer " + S),
    "spaces behind": _passed(b"Bearer " + S + b"   "),
    "scheme twice": _passed(b"Bearer Bearer " + S),
    "in double quotes": _passed(b'Bearer "' + S + b'"'),
    "in single quotes": _passed(b"Bearer '" + S + b"'"),
    "all of it in quotes": _passed(b'"Bearer ' + S + b'"'),
    "two tokens": _passed(b"Bearer " + S + b" " + S),
    "two tokens joined by a comma": _passed(b"Bearer " + S + b", Bearer " + S),
    "comma behind": _passed(b"Bearer " + S + b","),
    "semicolon behind": _passed(b"Bearer " + S + b"; a=b"),
    "equals in the middle": _passed(b"Bearer a=" + S),
    "angle brackets": _passed(b"Bearer <" + S + b">"),
    "a template left in": _passed(b"Bearer ${" + S + b"}"),
    "an escaped newline": _passed(b"Bearer " + S + b"\\n"),
    "an escaped NUL": _passed(b"Bearer " + S + b"%00"),
    "UTF-8": _passed(b"Bearer \xc3\xa9" + S),
    "latin-1": _passed(b"Bearer \xe9" + S),
    "a byte-order mark": _passed(b"\xef\xbb\xbfBearer " + S),
    "no-break space": _passed(b"Bearer\xa0" + S),
    "overlong UTF-8": _passed(b"Bearer \xc0\xae" + S),
    "64 KB": _passed(b"Bearer " + S * 5900),
    "two parts": _passed(b"Bearer " + S + b"." + S),
    "four parts": _passed(b"Bearer " + b".".join([S] * 4)),
    "only dots": _passed(b"Bearer ..." + S),
    "empty parts": _passed(b"Bearer ." + S + b"."),
    "claims that are no base64": _passed(b"Bearer " + S + b".~~~." + S),
    "claims of a length base64 can't have": _passed(b"Bearer " + S + b".aaaaa." + S),
    "claims that are no JSON": _passed(b"Bearer " + b".".join([S] * 3)),
    "claims that are a list": _passed(b"Bearer " + _claims([S.decode()])),
    "claims that are null": _passed(b"Bearer " + _claims(None)),
    "claims of other types": _passed(
        b"Bearer " + _claims({"exp": S.decode(), "jti": [S.decode()], "1password.com/vts": {"u": 1}})
    ),
    "claims out of range": _passed(b"Bearer " + _claims({"exp": 10**400, "jti": S.decode()})),
    "claims that nest deeply": _passed(
        b"Bearer a." + urlsafe_b64encode(b'{"exp":' + b"[" * 20_000).rstrip(b"=") + b"." + S
    ),
    "claims that expired": _passed(b"Bearer " + _claims({"exp": 1, "jti": S.decode()})),
    "70 KB": _refused(b"Bearer " + S * 6600, 431),
    "1 MB": _refused(b"Bearer " + S * 100_000, 431),
    "NUL inside": _refused(b"Bearer " + S + b"\0" + S),
    "NUL behind": _refused(b"Bearer " + S + b"\0"),
    "control character": _refused(b"Bearer \x01" + S),
    "escape character": _refused(b"Bearer \x1b[0m" + S),
    "DEL": _refused(b"Bearer " + S + b"\x7f"),
    "vertical tab": _refused(b"Bearer\x0b" + S),
    "bare CR": _refused(b"Bearer " + S + b"\rX"),
    "bare LF": _refused(b"Bearer " + S + b"\n" + S),
    "folded by a space": _refused(b"Bearer\r\n " + S),
    "folded by a tab": _refused(b"Bearer\r\n\t" + S),
    "folded inside the token": _refused(b"Bearer " + S + b"\r\n " + S),
    "the same twice": _refused(b"Bearer " + S + b"\r\nAuthorization: Bearer " + S),
    "two different ones": _refused(b"Bearer " + S + b"\r\nauthorization: Bearer other"),
    "one of two empty": _refused(b"\r\nAuthorization: Bearer " + S),
    "space before the colon": refused(_field(b"Authorization : Bearer " + S)),
    "no colon": refused(_field(b"Authorization Bearer " + S)),
    "NUL in the name": refused(_field(b"Authori\0zation: Bearer " + S)),
}
