"""Requests whose length two readers might understand differently (RFC 9112 sections 6 and 7): smuggling.

Every one that is ambiguous is refused before anything goes upstream, whatever comes behind it.
"""

from tests.faults.abuse import AUTH, CHUNKED, HOST, Row, S, asks_to_close, head, passed, put, refused

SMUGGLED = b"GET /v1/smuggled/" + S + b" HTTP/1.1\r\n" + HOST + AUTH + b"\r\n"
END = b"0\r\n\r\n"


def _coded(value: bytes) -> Row:
    return refused(put(b"Transfer-Encoding:" + value, body=END + SMUGGLED))


def _obscured(field: bytes) -> Row:
    return refused(put(b"Content-Length: 4", field, body=b"5c\r\n" + SMUGGLED + END))


def _long(value: bytes) -> Row:
    return refused(put(b"Content-Length:" + value, body=b"abc"))


def _chunks(body: bytes, status: int = 400) -> Row:
    return refused(put(CHUNKED, body=body), status)


FRAMING: dict[str, Row] = {
    "CL.TE": refused(put(b"Content-Length: 6", CHUNKED, body=END + SMUGGLED)),
    "TE.CL": refused(put(CHUNKED, b"Content-Length: 4", body=b"5c\r\n" + SMUGGLED + END)),
    "CL.TE with length 0": refused(put(b"Content-Length: 0", CHUNKED, body=END + SMUGGLED)),
    "CL.CL": refused(put(b"Content-Length: 3", b"Content-Length: 0", body=b"abc" + SMUGGLED)),
    "TE.TE": refused(put(CHUNKED, CHUNKED, body=END + SMUGGLED)),
    "TE.TE, one of them unknown": refused(put(CHUNKED, b"Transfer-Encoding: x", body=END + SMUGGLED)),
    "TE.TE, the unknown one first": refused(put(b"Transfer-Encoding: x", CHUNKED, body=END + SMUGGLED)),
    "TE with a space before the colon": _obscured(b"Transfer-Encoding : chunked"),
    "TE with a tab before the colon": _obscured(b"Transfer-Encoding\t: chunked"),
    "TE folded": _obscured(b"Transfer-Encoding:\r\n chunked"),
    "TE behind a bare CR": _obscured(b"X: y\rTransfer-Encoding: chunked"),
    "TE behind a bare LF": _obscured(b"X: y\nTransfer-Encoding: chunked"),
    "TE behind a NUL": _obscured(b"\0Transfer-Encoding: chunked"),
    "TE with a leading space": _obscured(b" Transfer-Encoding: chunked"),
    "TE chunked in quotes": _coded(b' "chunked"'),
    "TE chunked in two cases": _coded(b" chunKed, CHUNKED"),
    "TE with a parameter": _coded(b" chunked;a=b"),
    "TE with a comma behind": _coded(b" chunked,"),
    "TE with a comma before": _coded(b" ,chunked"),
    "TE identity": _coded(b" identity"),
    "TE identity, chunked": _coded(b" identity, chunked"),
    "TE gzip": _coded(b" gzip"),
    "TE gzip, chunked": _coded(b" gzip, chunked"),
    "TE chunked, gzip": _coded(b" chunked, gzip"),
    "TE unknown": _coded(b" x" + S),
    "TE empty": _coded(b""),
    "TE behind a vertical tab": _coded(b" \x0bchunked"),
    "TE behind a no-break space": _coded(b" \xa0chunked"),
    "TE cut by a NUL": _coded(b" chunked\0"),
    "TE misspelt": _coded(b" xchunked"),
    "TE in HTTP/1.0": refused(put(CHUNKED, body=END, version=b"HTTP/1.0")),
    "length twice": refused(put(b"Content-Length: 3", b"Content-Length: 3", body=b"abc")),
    "length in two cases": refused(put(b"Content-Length: 3", b"content-length: 3", body=b"abc")),
    "length as a list": _long(b" 3, 3"),
    "length as a list of two": _long(b" 3, 4"),
    "length with a plus": _long(b" +3"),
    "length with a minus": _long(b" -3"),
    "length in hexadecimal": _long(b" 0x3"),
    "length as a fraction": _long(b" 3.0"),
    "length with an exponent": _long(b" 3e0"),
    "length with an underscore": _long(b" 1_0"),
    "length with a space inside": _long(b" 1 0"),
    "length in other digits": _long(b" \xd9\xa3"),
    "length in quotes": _long(b' "3"'),
    "length empty": _long(b""),
    "length is a word": _long(b" " + S),
    "length of 2**64 - 1": _long(b" 18446744073709551615"),
    "length of 2**64 + 3": _long(b" 18446744073709551619"),
    "length of a thousand digits": _long(b" " + b"9" * 1000),
    "length of 16 digits": _long(b" 1000000000000000"),
    "chunk size is a word": _chunks(S + b"\r\n" + END),
    "chunk size is empty": _chunks(b"\r\nabc\r\n" + END),
    "chunk size with a minus": _chunks(b"-3\r\nabc\r\n" + END),
    "chunk size with a plus": _chunks(b"+3\r\nabc\r\n" + END),
    "chunk size with 0x": _chunks(b"0x3\r\nabc\r\n" + END),
    "chunk size with a space before": _chunks(b" 3\r\nabc\r\n" + END),
    "chunk size with a space behind": _chunks(b"3 \r\nabc\r\n" + END),
    "chunk size over 2**64": _chunks(b"10000000000000003\r\nabc\r\n" + END),
    "chunk size ended by LF": _chunks(b"3\nabc\r\n" + END),
    "chunk size ended by CR": _chunks(b"3\rabc\r\n" + END),
    "chunk longer than stated": _chunks(b"3\r\nabc" + S + b"\r\n" + END),
    "chunk without CRLF behind": _chunks(b"3\r\nabc0\r\n\r\n"),
    "chunk with LF behind": _chunks(b"3\r\nabc\n" + END),
    "chunk extension with a bare CR": _chunks(b"3;a\rb\r\nabc\r\n" + END),
    "chunk extension with a bare LF": _chunks(b"3;a\nb\r\nabc\r\n" + END),
    "chunk extension with a NUL": _chunks(b"3;a=\0\r\nabc\r\n" + END),
    "trailer with a space in its name": _chunks(b"3\r\nabc\r\n0\r\nX y: z\r\n\r\n"),
    "trailer ended by LF": _chunks(b"3\r\nabc\r\n0\r\nX: y\n\n"),
    "trailer that is folded": _chunks(b"3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n"),
    "trailer of 1 MiB": _chunks(b"3\r\nabc\r\n0\r\nX: " + b"y" * 2**20 + b"\r\n\r\n", 431),
    "five thousand trailers": _chunks(b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431),
    "trailer named Content-Length": _chunks(b"3\r\nabc\r\n0\r\nContent-Length: 99\r\n\r\n"),
    "trailer named Transfer-Encoding": _chunks(b"3\r\nabc\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n"),
    "body on GET": passed(asks_to_close(head(b"Content-Length: 3") + b"abc")),
    "chunked body on GET": passed(asks_to_close(head(CHUNKED) + b"3\r\nabc\r\n" + END)),
    "chunk extension of 1 MiB": passed(
        asks_to_close(put(CHUNKED, body=b"3;a=" + b"b" * 2**20 + b"\r\nabc\r\n" + END))
    ),
    "a chunked body": passed(asks_to_close(put(CHUNKED, body=b"3;a=b\r\nabc\r\n" + END))),
    "trailer named Authorization": passed(
        asks_to_close(put(CHUNKED, body=b"3\r\nabc\r\n0\r\nAuthorization: Bearer other\r\n\r\n"))
    ),
}
