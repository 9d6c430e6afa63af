"""What a rule says when it is broken: which field, why, and the way out, fit to show to a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what was asked; `field` is the name of the input that has to change."""

    field: str
    code: str
    message: str


class RuleViolation(Exception):
    """The request can't be done as asked; nothing was changed. Carries every fault found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))

    @classmethod
    def of(cls, field: str, code: str, message: str) -> RuleViolation:
        return cls([Fault(field, code, message)])


class Conflict(RuleViolation):
    """The request was fine once, but the thing it is about has moved on since it was read."""


class NotFound(RuleViolation):
    """What the request names does not exist, or not for the one who asks."""


class Forbidden(RuleViolation):
    """The one who asks may see the thing, but not do this to it."""
