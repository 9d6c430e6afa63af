"""An audit event's before and after, side by side, as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One thing that was changed or said. `before` or `after` is None where there was none."""

    what: str
    before: str | None
    after: str | None


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[Change]:
    """What differs, in the order in which it was recorded."""
    was, now = before or {}, after or {}
    return [
        Change(name.replace("_", " "), _words(was.get(name)), _words(now.get(name)))
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]


def _words(value: Any) -> str | None:
    if value in (None, "", [], {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_words(each) or '–'}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(_words(each) or "–" for each in value)
    return str(value)
