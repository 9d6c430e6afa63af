from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from wtforms import DecimalField, FieldList, Form, FormField, StringField
from wtforms.validators import InputRequired

from domain.backorder import Status as BackorderStatus
from domain.notices import NoticeStatus
from domain.replenishment import LineStatus
from portal import presentation
from portal.presentation import NO_BREAK, STATIC
from portal.promise_strip import ABOVE, CHARACTER, Point, days_late, in_order, strip, summary

TODAY = date(2026, 11, 21)
ROOT = Path(presentation.__file__).parents[1]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 12, 4), "Fri 4 Dec, in 13 days"),
        (date(2026, 11, 21), "Sat 21 Nov, today"),
        (date(2026, 11, 22), "Sun 22 Nov, tomorrow"),
        (date(2026, 11, 20), "Fri 20 Nov, yesterday"),
        (date(2025, 11, 21), "Fri 21 Nov 2025, 365 days ago"),
    ],
)
def test_a_date_is_said_as_people_say_it(day: date, said: str) -> None:
    assert presentation.human_date(day, TODAY) == said


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), "13:00, just now"),
        (datetime(2026, 11, 21, 11, 55, tzinfo=UTC), "12:55, 5 minutes ago"),
        (datetime(2026, 11, 21, 8, 0, tzinfo=UTC), "today 09:00"),
        (datetime(2026, 11, 19, 23, 30, tzinfo=UTC), "yesterday 00:30"),
        (datetime(2026, 11, 22, 7, 0, tzinfo=UTC), "tomorrow 08:00"),
        (datetime(2026, 7, 2, 7, 0, tzinfo=UTC), "Thu 2 Jul 09:00"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "Thu 1 Jan 00:30"),
    ],
)
def test_an_instant_is_said_on_the_readers_clock(instant: datetime, said: str) -> None:
    now = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
    assert presentation.human_instant(instant, ZoneInfo("Europe/Berlin"), now) == said


@pytest.mark.parametrize(
    ("amount", "unit", "said"),
    [
        (Decimal("1200.000"), "pcs", f"1,200{NO_BREAK}pcs"),
        (Decimal("0.250"), "kg", f"0.25{NO_BREAK}kg"),
        (Decimal("1E+3"), "", "1,000"),
        (Decimal("100"), "", "100"),
        (0, "", "0"),
        (None, "pcs", "–"),
    ],
)
def test_a_quantity_has_no_trailing_zeros(amount: Decimal | None, unit: str, said: str) -> None:
    assert presentation.quantity(amount, unit) == said


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (Decimal("1234.5"), "EUR", "€1,234.50"),
        (Decimal("-3"), "USD", "−$3.00"),
        (Decimal("1234.5"), "CHF", f"CHF{NO_BREAK}1,234.50"),
        (Decimal("1234"), "JPY", "¥1,234"),
        (None, "EUR", "–"),
    ],
)
def test_money_has_its_currencys_places(amount: Decimal | None, currency: str, said: str) -> None:
    assert presentation.money(amount, currency) == said


def test_every_status_of_the_domain_has_words_an_icon_that_exists_and_a_tone() -> None:
    missing = [
        code
        for statuses in (BackorderStatus, LineStatus, NoticeStatus)
        for code in statuses
        if code not in presentation.STATUSES
    ]
    assert missing == []
    for shown in presentation.STATUSES.values():
        assert "<svg" in presentation.icon(shown.icon)
        assert shown.tone in {"quiet", "info", "wait", "good", "bad"}


def test_an_unknown_status_is_shown_in_its_own_words() -> None:
    assert presentation.status("on_hold") == presentation.Status("On hold", "circle", "quiet")


def test_an_icon_is_hidden_unless_it_means_something_and_has_no_style() -> None:
    assert 'aria-hidden="true"' in presentation.icon("truck")
    labelled = presentation.icon("truck", label="Shipped")
    assert 'aria-label="Shipped"' in labelled
    assert "aria-hidden" not in labelled
    assert "style=" not in labelled


class _Line(Form):
    sku = StringField("SKU", [InputRequired("Name the SKU.")])


class _Order(Form):
    quantity = DecimalField("Quantity", [InputRequired("Say how many.")])
    lines = FieldList(FormField(_Line), "Lines", min_entries=2)


def test_form_errors_lead_to_the_field_that_is_wrong_also_in_a_list() -> None:
    form = _Order()
    assert not form.validate()
    assert presentation.form_errors(form) == [
        ("quantity", "Quantity", "Say how many."),
        ("lines-0-sku", "SKU", "Name the SKU."),
        ("lines-1-sku", "SKU", "Name the SKU."),
    ]


def test_the_share_of_nothing_is_nothing_and_a_bar_stays_in_its_box() -> None:
    assert presentation.share(5, 0) == 0.0
    assert presentation.share(Decimal(1), Decimal(3)) == 33.3
    assert presentation.share(9, 3) == 100.0
    assert presentation.share(-1, 3) == 0.0


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((STATIC / "vendor" / "vendor.json").read_text())
    for entry in manifest:
        content = (STATIC / "vendor" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["file"]
        assert entry["version"] in entry["file"]
        assert entry["licence"]
    files = {path.name for path in (STATIC / "vendor").iterdir() if path.is_file()}
    assert files == {entry["file"] for entry in manifest} | {"vendor.json"}


def test_the_npm_lock_is_exact_and_names_no_registry() -> None:
    package = json.loads((ROOT / "frontend" / "package.json").read_text())
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    for name, version in package["devDependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)


def test_templates_and_our_scripts_hold_nothing_inline() -> None:
    """The policy refuses these; a page that has them is broken where no browser test walks it."""
    inline = re.compile(
        r"""\sstyle\s*=|<style|\son[a-z]+\s*=\s*["']|\shx-on|javascript:|=["']js:""", re.IGNORECASE
    )
    script = re.compile(r"<script(?![^>]*(\ssrc=|application/json))", re.IGNORECASE)
    outside = re.compile(r"""(src|href)=["']https?://""")
    wrong = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if "mail" not in path.relative_to(ROOT / "templates").parts[0]  # mail clients need style attributes
        for pattern in (inline, script, outside)
        for match in pattern.finditer(path.read_text())
    ]
    assert wrong == []


def test_our_own_assets_change_their_address_with_their_content() -> None:
    app = Flask("assets", static_folder=str(STATIC))
    with app.test_request_context():
        content = (STATIC / "promiseline.css").read_bytes()
        assert presentation.asset("promiseline.css").endswith(hashlib.sha256(content).hexdigest()[:12])
        assert presentation.vendor("htmx.js") == "/static/vendor/htmx-4.0.1.min.js"


# ---- the promise strip ----

PROMISE = [
    Point("requested", date(2026, 11, 15)),
    Point("original", date(2026, 11, 17)),
    Point("revised", date(2026, 12, 2), cause="Material shortage"),
    Point("revised", date(2026, 11, 24)),
    Point("today", TODAY),
]


def test_the_newest_promise_counts_even_when_it_is_not_the_latest_date() -> None:
    assert days_late(PROMISE) == 9
    drawn = strip(PROMISE, 720)
    by_text = {mark.text: mark for mark in drawn.marks}
    assert drawn.late == (by_text["Requested 15 Nov"].x, by_text["Moved to 24 Nov"].x)


def test_a_delivery_ends_the_question_and_an_early_one_draws_no_lateness() -> None:
    early = [*PROMISE, Point("actual", date(2026, 11, 14))]
    assert days_late(early) == -1
    assert strip(early, 720).late is None
    assert summary(early).endswith("Moved to 2 December 2026; 1 day before the requested date.")


def test_the_strip_in_words_has_every_date_in_order() -> None:
    assert summary(PROMISE) == (
        "Requested 15 November 2026; Promised 17 November 2026; Today 21 November 2026; "
        "Moved to 24 November 2026; Moved to 2 December 2026; 9 days after the requested date."
    )


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one date"):
        strip([], 720)


POINTS = st.lists(
    st.builds(
        Point,
        st.sampled_from(["requested", "original", "revised", "today", "actual"]),
        st.integers(-400, 400).map(lambda days: TODAY + timedelta(days)),
    ),
    min_size=1,
    max_size=12,
)


@given(POINTS, st.sampled_from([330.0, 720.0]))
def test_labels_stay_inside_and_apart_and_marks_keep_their_order(points: list[Point], width: float) -> None:
    drawn = strip(points, width)
    assert [mark.kind for mark in drawn.marks] == [point.kind for point in in_order(points)]
    assert [mark.x for mark in drawn.marks] == sorted(mark.x for mark in drawn.marks)
    boxes: dict[float, list[tuple[float, float]]] = {}
    for mark in drawn.marks:
        assert 0 <= mark.x <= width
        assert 0 < mark.label_y < drawn.height
        assert (mark.label_y < drawn.line_y) == (mark.kind in ABOVE)
        length = len(mark.text) * CHARACTER
        shift = {"start": 0.0, "middle": length / 2, "end": length}[mark.anchor]
        boxes.setdefault(mark.label_y, []).append((mark.label_x - shift, mark.label_x - shift + length))
    for row in boxes.values():
        row.sort()
        assert row[0][0] >= 0
        assert row[-1][1] <= width
        assert all(right < left for (_, right), (left, _) in pairwise(row))
