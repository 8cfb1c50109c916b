"""Which requests may pass at all: by method and kind of resource, whoever sends them and whatever is stored.

A rule is `METHOD KIND`; `*` stands for any. Denied is what any rule of `deny` names, and, where `allow` has rules,
whatever none of them names. A rule for GET is one for HEAD, too: both read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """One rule."""

    method: str
    kind: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `METHOD KIND`. Raises ValueError."""
        method, kind = text.split()
        return cls(method=method, kind=kind)

    def names(self, method: str, kind: str) -> bool:
        """Tell whether the rule is about such a request."""
        return self.method in {ANY, method} and self.kind in {ANY, kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePolicy:
    """All rules."""

    allow: Sequence[RouteRule] = ()
    deny: Sequence[RouteRule] = ()

    def permits(self, method: str, kind: str) -> bool:
        """Tell whether such a request may pass."""
        if not self.deny and not self.allow:
            return True
        read_as = "GET" if method == "HEAD" else method
        if any(rule.names(read_as, kind) or rule.names(method, kind) for rule in self.deny):
            return False
        return not self.allow or any(
            rule.names(read_as, kind) or rule.names(method, kind) for rule in self.allow
        )
