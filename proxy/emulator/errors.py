"""The errors Connect answers: a status and a message, each wording as it was seen in public.

Sources of the wordings: shared/connect/examples.md, "Error bodies". Clients match substrings of them, so
they are kept to the letter. What Connect says about things nobody has published is worded to contain none
of those.
"""

from proxy.emulator.json_documents import JsonObject


class ConnectError(Exception):
    """A request that Connect refuses. Becomes `{"status": ..., "message": ...}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def document(self) -> JsonObject:
        """Return the error body."""
        return {"status": self.status, "message": self.message}


SOMETHING_WENT_WRONG = "Something went wrong"
SPURIOUS_FORBIDDEN = "Authorization: token does not have access to vault"
INVALID_BEARER_TOKEN = "Invalid bearer token"  # noqa: S105 - a message, not a password


def bad_request(message: str) -> ConnectError:
    """400 with Connect's explanation."""
    return ConnectError(400, message)


def invalid_item(*errors: str) -> ConnectError:
    """400 of the item validator, which lists what it found."""
    listed = " ".join(f"{number}. {error}" for number, error in enumerate(errors, start=1))
    return ConnectError(
        400,
        "Validation: (validateVaultItem failed to Validate), Couldn't validate the item: "
        f'"[ItemValidator] has found {len(errors)} errors, 0 warnings: \nErrors:{{{listed}}}"',
    )


def missing_token() -> ConnectError:
    """401 of a request without a bearer token."""
    return ConnectError(401, "Invalid or missing token")


def invalid_signature() -> ConnectError:
    """401 of a token that another key has signed."""
    return ConnectError(401, "Invalid token signature")


def invalid_bearer_token() -> ConnectError:
    """401 of an expired, revoked or malformed token."""
    return ConnectError(401, INVALID_BEARER_TOKEN)


def vault_not_in_scope(vault_id: str) -> ConnectError:
    """403 of a token without a grant for the vault."""
    return ConnectError(403, f"vault {vault_id} is not in scope")


def not_permitted(action: str, vault_id: str) -> ConnectError:
    """403 of a token whose grant does not cover the action."""
    return ConnectError(403, f"token does not have permission to perform {action} on vault {vault_id}")


def not_found(kind: str, name: str) -> ConnectError:
    """404 of a vault, an item or a file."""
    return ConnectError(404, f"{kind} {name} not found")


def unknown_route() -> ConnectError:
    """404 of a path that is no operation."""
    return ConnectError(404, "Not Found")


def method_not_allowed() -> ConnectError:
    """405 of a path that has other operations."""
    return ConnectError(405, "Method Not Allowed")


def sync_timeout() -> ConnectError:
    """408 while the first sync is under way."""
    return ConnectError(408, "sync did not complete within timeout, please retry the request")


def write_conflict() -> ConnectError:
    """409 of a write to a vault that another write has locked."""
    return ConnectError(409, "Conflict")


def file_too_large() -> ConnectError:
    """413 of a file that is too large to be inlined."""
    return ConnectError(
        413,
        "File is too large to inline in request. Use the "
        "/v1/vaults/{vaultUUID}/items/{itemUUID}/files/{fileUUID}/content endpoint instead.",
    )


def something_went_wrong() -> ConnectError:
    """500, Connect's answer to a DELETE in conflict and to file content that is not yet synced."""
    return ConnectError(500, SOMETHING_WENT_WRONG)
