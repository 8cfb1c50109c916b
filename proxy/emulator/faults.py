"""The fault plan: which requests meet which effect, and how often.

Faults are tried in the order they were added; one that has struck `times` times is over. Settable from
Python here and over HTTP through the control port.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from proxy.emulator.effects import (
    CloseReused,
    FirstRequestUnauthorized,
    HoldPoint,
    PlannedEffect,
    Refuse,
    Stage,
)
from proxy.emulator.holds import Hold

FOREVER = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What of a request decides whether a fault strikes."""

    method: str
    target: str
    is_reused_connection: bool = False
    is_first_of_token: bool = False


@dataclass(slots=True, kw_only=True)
class Fault:
    """One planned effect. `remaining` is None when it never ends."""

    number: int
    effect: PlannedEffect
    method: str | None
    path: re.Pattern[str]
    remaining: int | None
    struck: int = 0

    def matches(self, circumstances: Circumstances) -> bool:
        """Tell whether it strikes a request."""
        if self.remaining == 0 or self.method not in (None, circumstances.method):
            return False
        if not self.path.search(circumstances.target):
            return False
        match self.effect:
            case CloseReused():
                return circumstances.is_reused_connection
            case FirstRequestUnauthorized():
                return circumstances.is_first_of_token
            case Refuse():
                return False
            case _:
                return True

    def strike(self) -> PlannedEffect:
        """Count one use."""
        self.struck += 1
        if self.remaining is not None:
            self.remaining -= 1
        return self.effect


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFaults:
    """Everything planned for one request."""

    effects: dict[Stage, PlannedEffect] = field(default_factory=dict)
    holds: dict[HoldPoint, Hold] = field(default_factory=dict)


class FaultPlan:
    """All planned faults and holds."""

    def __init__(self, *, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._numbers = itertools.count(1)
        self._faults: list[Fault] = []
        self._holds: list[Hold] = []

    @property
    def planned(self) -> list[Fault]:
        """The faults that may still strike, in order."""
        return [fault for fault in self._faults if fault.remaining != 0]

    @property
    def refuses_connections(self) -> bool:
        """Whether the listener is to be closed."""
        return any(isinstance(fault.effect, Refuse) for fault in self._faults)

    def add(
        self, effect: PlannedEffect, *, method: str | None = None, path: str = "", times: int | None = 1
    ) -> Fault:
        """Plan `effect` for requests with `method` whose target `path`, a regular expression, is found in.

        It strikes `times` times, or FOREVER. Refuse ignores all three and lasts until it is removed.
        """
        fault = Fault(
            number=next(self._numbers), effect=effect, method=method, path=re.compile(path), remaining=times
        )
        self._faults.append(fault)
        self._changed()
        return fault

    def remove(self, fault: Fault) -> None:
        """Plan `fault` no more."""
        self._faults = [planned for planned in self._faults if planned is not fault]
        self._changed()

    def clear(self) -> None:
        """Plan nothing any more, and let go of what is held."""
        self._faults.clear()
        self.release_all()
        self._changed()

    def hold(self, *, method: str | None, path: str, at: HoldPoint, times: int | None) -> Hold:
        """Hold matching requests until they are released."""
        hold = Hold(method=method, path=path, at=at, times=times)
        self._holds.append(hold)
        return hold

    def release_all(self) -> None:
        """Let go of every held request."""
        for hold in self._holds:
            hold.release()
        self._holds.clear()

    def take(self, circumstances: Circumstances) -> RequestFaults:
        """Return what strikes this request, and count it."""
        effects: dict[Stage, PlannedEffect] = {}
        for fault in self._faults:
            stage = fault.effect.stage
            if stage not in effects and fault.matches(circumstances):
                effects[stage] = fault.strike()
        holds: dict[HoldPoint, Hold] = {}
        for hold in self._holds:
            if hold.at not in holds and hold.claim(circumstances.method, circumstances.target):
                holds[hold.at] = hold
        return RequestFaults(effects=effects, holds=holds)
