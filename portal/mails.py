"""The words of mails: one template a kind, from which text and HTML are both made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.notices import NoticeKind
from domain.reasons import label

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = long_day
    environment.filters["reason"] = label
    return environment


def long_day(value: str | None) -> str:
    """ "Friday 4 December 2026", from a date in ISO form."""
    if not value:
        return "a date we will tell you"
    day = date.fromisoformat(value)
    return f"{day:%A} {day.day} {day:%B %Y}"


#: What the one button of each mail says.
ACTIONS = {
    NoticeKind.ANSWER_NEEDED: "Answer now",
    NoticeKind.ANSWER_REMINDER: "Answer now",
    NoticeKind.ANSWER_OVERDUE: "Open the line",
    NoticeKind.PROPOSAL_REJECTED: "Answer again",
    NoticeKind.INVITATION: "Choose a password",
    NoticeKind.PASSWORD_RESET: "Choose a new password",
}
FOLLOW = "Follow this order"


def render(kind: NoticeKind, facts: dict[str, Any], *, recipient_name: str, time_zone: str, at: datetime) -> Mail:
    """A mail from its facts. The first line of a kind's template is the subject, the rest its paragraphs
    and lists; text and HTML are both made from them. `at` is said on the recipient's clock."""
    environment = _environment()
    written = environment.get_template(f"mails/{kind}.txt").render(facts)
    subject, _, body = written.partition("\n")
    subject = " ".join(subject.split())
    blocks = _blocks(body)
    local = at.astimezone(ZoneInfo(time_zone))
    values = {
        "subject": subject,
        "greeting": f"Hello {recipient_name}," if recipient_name else "Hello,",
        "blocks": blocks,
        "action": ACTIONS.get(kind, FOLLOW),
        "link": facts["link"],
        "foot": f"Written on {local:%A} {local.day} {local:%B %Y at %H:%M} ({time_zone}).",
    }
    text = "\n\n".join(
        [
            values["greeting"],
            *(block if isinstance(block, str) else "\n".join(f"- {item}" for item in block) for block in blocks),
            f"{values['action']}: {values['link']}",
            values["foot"],
        ]
    )
    html = environment.get_template("mails/layout.html").render(values)
    return Mail(subject=subject, text=text + "\n", html=css_inline.inline(html))


def _blocks(body: str) -> list[str | list[str]]:
    """Paragraphs, and lists of the lines that begin with a dash."""
    blocks: list[str | list[str]] = []
    for part in body.split("\n\n"):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        items = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
        if items and blocks and isinstance(blocks[-1], list):
            blocks[-1].extend(items)
        elif items:
            blocks.append(items)
        elif lines:
            blocks.append(" ".join(lines))
    return blocks
