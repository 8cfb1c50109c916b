"""What one client connection may take, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Bounds of one client connection (`server.*`)."""

    max_target_bytes: int = 16_384
    max_field_bytes: int = 66_560  # name and value: a 64 KiB token (150 vaults and more) passes
    max_fields: int = 128
    max_head_bytes: int = 262_144
    idle_seconds: float = 120.0  # longer than clients keep theirs (Go: 90), so that they close first
    head_seconds: float = 10.0
    max_body_bytes: int = 8_388_608
    body_idle_seconds: float = 30.0
    write_stall_seconds: float = 60.0
    linger_seconds: float = 2.0  # so that a refusal is read before a reset overtakes it

    def __post_init__(self) -> None:
        if self.max_target_bytes == self.max_field_bytes:
            # the parser's error tells a long target from a long field by the limit it quotes
            raise ValueError("max_target_bytes and max_field_bytes must differ")
