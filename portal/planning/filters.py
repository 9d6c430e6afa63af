"""Filters that live in the address of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import request, url_for


def given(*names: str) -> dict[str, str]:
    """Those of the address's filters that say something, in this order."""
    return {name: text for name in names if (text := _clean(request.args.get(name, "")))}


def _clean(text: str) -> str:
    """PostgreSQL knows no text with a NUL in it."""
    return text.replace("\0", "").strip()[:100]


def address(endpoint: str, filters: Mapping[str, Any], **changes: Any) -> str:
    """The list with these filters; a change to None or "" takes one out."""
    wanted = {**filters, **changes}
    return url_for(endpoint, **{name: value for name, value in wanted.items() if value not in (None, "")})


def chips(
    endpoint: str,
    filters: Mapping[str, str],
    words: Mapping[str, Callable[[str], str]],
    **kept: str | None,
) -> list[dict[str, str]]:
    """A chip for each filter in force, with the address of the list without it; `kept` stays in all of them."""
    return [
        {"label": words[name](value), "remove": address(endpoint, {**kept, **filters}, **{name: None})}
        for name, value in filters.items()
        if name in words
    ]
