"""How facts are said and drawn in pages: dates, quantities, money, statuses, icons, assets.

`register(app)` gives the templates what is here; everything else is pure and takes today or the zone as
an argument.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from lucide.jinja import lucide
from markupsafe import Markup

from domain import reasons
from portal import promise_strip

STATIC = Path(__file__).parent / "static"

NO_BREAK = "\N{NO-BREAK SPACE}"

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
#: Currencies without a minor unit.
WHOLE_CURRENCIES = frozenset({"JPY", "KRW", "CLP", "ISK", "VND"})


@dataclass(frozen=True)
class Status:
    """How a status is shown: words, a lucide icon and a tone (quiet, info, wait, good, bad)."""

    label: str
    icon: str
    tone: str


STATUSES: dict[str, Status] = {
    # a backorder
    "awaiting_supply": Status("Waiting for supply", "hourglass", "wait"),
    "partially_allocated": Status("Partly reserved", "circle-dashed", "wait"),
    "allocated": Status("Reserved", "package-check", "info"),
    "picking": Status("Being picked", "scan-barcode", "info"),
    "partially_shipped": Status("Partly shipped", "truck", "info"),
    "shipped": Status("Shipped", "truck", "info"),
    "delivered": Status("Delivered", "circle-check", "good"),
    "cancelled": Status("Cancelled", "ban", "quiet"),
    # a purchase order line
    "awaiting_supplier": Status("Waiting for supplier", "message-circle-question-mark", "wait"),
    "awaiting_buyer": Status("Waiting for buyer", "user-round-check", "wait"),
    "confirmed": Status("Confirmed", "calendar-check", "good"),
    "rejected": Status("Rejected", "circle-x", "bad"),
    "partially_received": Status("Partly received", "package-open", "info"),
    "received": Status("Received", "warehouse", "good"),
    # notices, imports and messages on their way
    "pending": Status("Pending", "clock", "wait"),
    "sending": Status("Sending", "send", "info"),
    "sent": Status("Sent", "check", "good"),
    "superseded": Status("Superseded", "history", "quiet"),
    "refused": Status("Refused", "mail-x", "bad"),
    "failed": Status("Failed", "circle-x", "bad"),
    "dead": Status("Given up", "octagon-x", "bad"),
    "running": Status("Running", "loader", "info"),
    "done": Status("Done", "check", "good"),
    "open": Status("Open", "circle-dot", "info"),
    "closed": Status("Closed", "circle-check", "quiet"),
    # how bad something is
    "critical": Status("Critical", "octagon-alert", "bad"),
    "late": Status("Late", "clock-alert", "bad"),
    "warning": Status("Warning", "triangle-alert", "wait"),
    "notice": Status("Notice", "info", "info"),
    "on_time": Status("On time", "check", "good"),
}


def status(code: str) -> Status:
    """How a status or severity is shown; a code without an entry is shown in its own words, quietly."""
    return STATUSES.get(code) or Status(code.replace("_", " ").capitalize(), "circle", "quiet")


def status_label(code: str) -> str:
    return status(code).label


def reason_label(code: str | None) -> str:
    return reasons.label(code) if code else ""


def relative_days(day: date, today: date) -> str:
    """`day` seen from `today`: "today", "tomorrow", "in 13 days", "2 days ago"."""
    distance = (day - today).days
    if distance in (-1, 0, 1):
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[distance]
    return f"in {distance} days" if distance > 0 else f"{-distance} days ago"


def short_date(day: date, today: date) -> str:
    """ "Thu 4 Dec", with the year only when it isn't this one."""
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day:%a} {day.day} {day:%b}{year}"


def human_date(day: date, today: date) -> str:
    """ "Thu 4 Dec, in 13 days"."""
    return f"{short_date(day, today)}, {relative_days(day, today)}"


def human_instant(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """An instant on the reader's clock: "14:05, 5 minutes ago", "yesterday 09:00", "Thu 4 Dec 14:05"."""
    local, here = instant.astimezone(zone), now.astimezone(zone)
    clock = f"{local:%H:%M}"
    minutes = int((now - instant).total_seconds() // 60)
    if 0 <= minutes < 60:
        ago = "just now" if minutes == 0 else f"{minutes} {'minute' if minutes == 1 else 'minutes'} ago"
        return f"{clock}, {ago}"
    if abs((local.date() - here.date()).days) <= 1:
        return f"{relative_days(local.date(), here.date())} {clock}"
    return f"{short_date(local.date(), here.date())} {clock}"


def quantity(amount: Decimal | int | None, unit: str = "") -> str:
    """ "1,200 pcs", "0.25 kg": no trailing zeros, the unit never torn off at a line's end."""
    if amount is None:
        return "–"
    text = f"{Decimal(amount):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}{NO_BREAK}{unit}" if unit else text


def money(amount: Decimal | None, currency: str, *, whole: bool = False) -> str:
    """ "€1,234.50", "CHF 1,234.50": rounded to the currency's own places, or to whole units."""
    if amount is None:
        return "–"
    places = 0 if whole or currency in WHOLE_CURRENCIES else 2
    sign = "−" if amount < 0 else ""
    figure = f"{abs(amount):,.{places}f}"
    return f"{sign}{SYMBOLS[currency]}{figure}" if currency in SYMBOLS else f"{sign}{currency}{NO_BREAK}{figure}"


def icon(name: str, size: int = 18, label: str = "") -> Markup:
    """A lucide icon as inline SVG. Hidden from assistive technology unless `label` says what it means."""
    meaning = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    return lucide(name, size=size, focusable="false", **{"class": "icon"}, **meaning)


def form_errors(form: Any) -> list[tuple[str, str, str]]:
    """Every error of a WTForms form as (id of the field, its label, message), nested forms included.

    A message of a list of fields that one of its entries says too is said at the entry only.
    """
    found = [error for field in form for error in _errors(field)]
    return found + [("", "", message) for message in getattr(form, "form_errors", [])]


def _errors(field: Any) -> list[tuple[str, str, str]]:
    enclosed = getattr(field, "entries", None)
    if enclosed is None:
        enclosed = list(field.form) if hasattr(field, "form") else []
    nested = [error for each in enclosed for error in _errors(each)]
    said = {message for _, _, message in nested}
    own = [message for message in field.errors if isinstance(message, str)] if _has_own(field) else []
    return [
        (field.id, field.label.text, message) for message in dict.fromkeys(own) if message not in said
    ] + nested


def _has_own(field: Any) -> bool:
    """A form field has no errors but those of its fields, by name."""
    return not isinstance(field.errors, dict)


def share(value: Decimal | float | int, whole: Decimal | float | int) -> float:
    """`value` as a percentage of `whole`, kept within 0 and 100, for the width of a bar."""
    return round(min(max(float(value) / float(whole) * 100, 0.0), 100.0), 1) if whole else 0.0


@cache
def vendored() -> dict[str, str]:
    """Path below static/ of each vendored asset by the name that templates use ("htmx.js")."""
    manifest = json.loads((STATIC / "vendor" / "vendor.json").read_text())
    return {entry["asset"]: f"vendor/{entry['file']}" for entry in manifest}


@cache
def _fingerprint(path: str) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def vendor(asset: str) -> str:
    """Address of a vendored asset; its name holds its version, so it may be cached for ever."""
    return url_for("static", filename=vendored()[asset])


def asset(path: str) -> str:
    """Address of one of our own static files, which changes when its content does."""
    return url_for("static", filename=path, v=_fingerprint(path))


def register(
    app: Flask,
    *,
    viewer_zone: Callable[[], tzinfo] = lambda: UTC,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Give the templates every filter and global named here.

    `viewer_zone` says the time zone of whoever reads the page being rendered. "Today" in pages is the
    reader's day.
    """

    def today() -> date:
        return now().astimezone(viewer_zone()).date()

    environment = app.jinja_env
    environment.filters.update(
        human_date=lambda day: human_date(day, today()),
        short_date=lambda day: short_date(day, today()),
        relative_days=lambda day: relative_days(day, today()),
        human_instant=lambda instant: human_instant(instant, viewer_zone(), now()),
        local_instant=lambda instant: instant.astimezone(viewer_zone()),
        quantity=quantity,
        money=money,
        status_label=status_label,
        reason_label=reason_label,
    )
    environment.globals.update(
        asset=asset,
        form_errors=form_errors,
        icon=icon,
        promise_point=promise_strip.Point,
        promise_strip=promise_strip.strip,
        promise_summary=promise_strip.summary,
        promise_in_order=promise_strip.in_order,
        share=share,
        status=status,
        today=today,
        vendor=vendor,
    )
