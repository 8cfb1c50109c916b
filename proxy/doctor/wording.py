"""Answers of the server in our words: shapes, known phrases, field values that look harmless; never a secret."""

import json
import re

from proxy.doctor.asker import Reply

_HARMLESS = re.compile(r"[A-Za-z0-9 ,;=./*+_-]{1,60}")
_PHRASES = (
    "Authorization",
    "not in scope",
    "not found",
    "Not Found",
    "Invalid bearer token",
    "Invalid or missing token",
    "Invalid token signature",
    "Invalid Vault UUID",
    "Invalid Item UUID",
    "Method Not Allowed",
    "Something went wrong",
    "Conflict",
    "Invalid filter",
)
"""Parts of messages that clients look for, or that were seen in public."""


def short_id(identifier: str) -> str:
    """Return so much of an id that its owner knows it."""
    return f"{identifier[:4]}..." if re.fullmatch(r"[a-z0-9]{6,64}", identifier) else "(no id)"


def field_text(reply: Reply, name: str) -> str:
    """Say whether a field is there, and its value if that can't be a secret."""
    value = reply.fields.get(name)
    if value is None:
        return "absent"
    return value if _HARMLESS.fullmatch(value) else f"present, {len(value)} characters"


def document_of(reply: Reply) -> object:
    """Return a body's JSON; None if it is none."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def content_type(reply: Reply) -> str:
    """Return the media type without its parameters, if it is a plain one."""
    value = reply.fields.get("Content-Type", "").partition(";")[0].strip().lower()
    return value if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,40}", value) else "no type"


def error_shape(reply: Reply) -> str:
    """Describe an error: status, form, the phrases in it that clients look for."""
    if reply.failure:
        return reply.outcome
    return f"{reply.status} {_form(reply)}"


def _form(reply: Reply) -> str:
    document = document_of(reply)
    if not isinstance(document, dict):
        return f"{content_type(reply)}, no JSON object" if reply.body else "without a body"
    message, status = document.get("message"), document.get("status")
    told = []
    if status != reply.status:
        told.append("no status in it" if status is None else "another status in it")
    if not isinstance(message, str):
        told.append("no message")
    others = len(document.keys() - {"status", "message"})
    if others:
        told.append(f"{others} more members")
    if content_type(reply) != "application/json":
        told.append(content_type(reply))
    known = [phrase for phrase in _PHRASES if isinstance(message, str) and phrase in message]
    told.append(f'"{known[0]}"' if known else "other words")
    return ", ".join(["JSON", *told])
