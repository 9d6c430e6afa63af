"""What one cell means, given its column."""

# ruff: noqa: E501 - a table of cases is easier to read with one case a line

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import dates, numbers
from importers.cells import ErrorCell
from importers.kinds import KINDS, Field
from importers.neutral import neutralised, restored
from importers.outcomes import Outcome, Reading
from importers.values import parser_for

QUANTITY = KINDS["sales_orders"].field("quantity")
ON_HAND = KINDS["stock"].field("on_hand")
PRICE = KINDS["products"].field("price")
PERCENT = KINDS["suppliers"].field("under_tolerance_percent")
LEAD_TIME = KINDS["products"].field("lead_time_days")
SKU = KINDS["products"].field("sku")
DUE = KINDS["sales_orders"].field("requested_date")
ORDERED = KINDS["sales_orders"].field("ordered_at")


def read(field: Field, cells: list[Any], **reading: Any) -> list[Any]:
    """The column's values; the code in place of what is refused."""
    parse, _ = parser_for(field, cells, Reading(**reading))
    return [value.code if isinstance(value := parse(cell), Outcome) else value for cell in cells]


def doubts(field: Field, cells: list[Any]) -> list[str]:
    return [doubt.code for doubt in parser_for(field, cells, Reading())[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1 234,5", "1234.5"),
        ("1\u00a0234,5", "1234.5"),
        ("1'234.50", "1234.5"),
        ("12,34,567.5", "1234567.5"),
        ("1.234.567", "1234567"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("3E+3", "3000"),
        ("4e4", "40000"),
        ("１２", "12"),
        ("12 pcs", "12"),
        ("12 Stk.", "12"),
        (".5", "0.5"),
        (7.0, "7"),
        (0.1 + 0.2, "0.3"),
        ("7.5000", "7.5"),
    ],
)
def test_a_number_is_read_in_every_common_notation(text: Any, value: str) -> None:
    assert read(QUANTITY, [text]) == [Decimal(value)]


@pytest.mark.parametrize(
    "text",
    ["NaN", "INF", "-inf", "<5", "N/A", "nodata", "-", "1,2,3", "12 kg", "95%", "$4.00", "1e999999999", "--1", "1.2.3,4", "½", True, date(2027, 1, 1), float("inf"), "#N/A", ErrorCell("#REF!"), "9" * 100],
)  # fmt: skip
def test_what_is_no_number_is_a_problem_and_never_zero(text: Any) -> None:
    (code,) = read(QUANTITY, [text])
    assert code in ("not_a_number", "cell_error", "too_large")


@pytest.mark.parametrize("text", [None, "", "  ", "\u00a0", "\u200b"])
def test_an_empty_cell_is_not_zero(text: Any) -> None:
    assert read(ON_HAND, [text]) == [None]
    assert read(DUE, [text]) == [None]
    assert read(SKU, [text]) == [None]


def test_the_column_decides_how_its_numbers_are_written() -> None:
    assert read(QUANTITY, ["1.234", "2,5"]) == [Decimal(1234), Decimal("2.5")]
    assert read(QUANTITY, ["1,234", "2.5"]) == [Decimal(1234), Decimal("2.5")]
    assert doubts(QUANTITY, ["1.234", "7"]) == ["ambiguous_decimals"]
    assert doubts(QUANTITY, ["1.5", "1,5"]) == ["mixed_decimals"]
    assert read(QUANTITY, ["1.234", "7"]) == ["settled", Decimal(7)]
    assert read(QUANTITY, ["1.234"], decimal=".") == [Decimal("1.234")]
    assert read(QUANTITY, ["1.234"], decimal=",") == [Decimal(1234)]
    assert read(QUANTITY, ["1,5"], decimal=".") == ["not_a_number"]


def test_bounds_are_told_apart() -> None:
    assert read(QUANTITY, ["0", "-3", "5-", "(5)", "10000001", "1e30"]) == ["not_positive"] * 4 + ["too_large"] * 2
    assert read(ON_HAND, ["0", "-0", "-1", "0.0001"]) == [Decimal(0), Decimal(0), "too_small", "too_precise"]
    assert read(LEAD_TIME, ["14", "14 days", "1.5", "-1", "172800", 21.0]) == [
        14,
        14,
        "not_whole",
        "too_small",
        "too_large",
        21,
    ]


def test_money_and_per_cent_follow_their_rules() -> None:
    assert read(PRICE, ["€ 4,50", "5,25 €", "-"]) == [Decimal("4.5"), Decimal("5.25"), "not_a_number"]
    assert doubts(PRICE, ["€ 4,50"]) == ["currency_not_taken"]
    assert doubts(PRICE, ["USD 4.50", "4.50 EUR"]) == ["mixed_currencies"]
    assert read(PRICE, ["USD 4.50", "4.50 EUR", "3.5"]) == ["settled", "settled", Decimal("3.5")]
    assert read(PERCENT, ["10%", "7.5 %", "5", 0.5]) == [Decimal(10), Decimal("7.5"), Decimal(5), Decimal("0.5")]
    parse, _ = parser_for(PRICE, [10 / 3], Reading())
    rounded = parse(10 / 3)
    assert (rounded.code, rounded.severity, rounded.value) == ("rounded", "warning", Decimal("3.3333"))


@pytest.mark.parametrize(
    "text",
    ["2027-03-15", "2027/3/15", "20270315", "15.03.2027", "15. 3. 2027", "15/3/2027", "3/15/2027 0:00:00", "15-Mar-27", "15 March 2027", "March 15, 2027", "15. März 2027", "15 mars 2027", "15 de marzo de 2027", "15 marzo 2027", "2027年3月15日", "2027-03-15T12:30:00Z", "Mon, 15 Mar 2027", "15.03.27", 46461, 46461.75, 20270315, date(2027, 3, 15), datetime(2027, 3, 15, 23, 59)],  # noqa: DTZ001 - cells have no zone
)  # fmt: skip
def test_a_date_is_read_in_every_common_form(text: Any) -> None:
    assert read(DUE, [text]) == [date(2027, 3, 15)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("20261-01-01", "year_out_of_range"),
        ("1.1.20261", "year_out_of_range"),
        (20261, "year_out_of_range"),
        ("1999-12-31", "year_out_of_range"),
        (date(2101, 1, 1), "year_out_of_range"),
        ("2027-02-30", "not_a_date"),
        ("31/4/2027", "not_a_date"),
        ("N/A", "not_a_date"),
        ("20261", "not_a_date"),
        ("soon", "not_a_date"),
        ("15 brumaire 2027", "not_a_date"),
        (True, "not_a_date"),
        (1e300, "not_a_date"),
        (float("nan"), "not_a_date"),
        ("#N/A", "cell_error"),
    ],
)
def test_what_is_no_date_is_a_problem(text: Any, code: str) -> None:
    assert read(DUE, [text]) == [code]


def test_the_column_decides_which_is_the_day() -> None:
    assert read(DUE, ["3/4/2027", "25/4/2027"]) == [date(2027, 4, 3), date(2027, 4, 25)]
    assert read(DUE, ["3/4/2027", "4/25/2027"]) == [date(2027, 3, 4), date(2027, 4, 25)]
    assert read(DUE, ["27-03-04", "45-12-31"]) == [date(2027, 3, 4), date(2045, 12, 31)]
    assert doubts(DUE, ["3/4/2027"]) == ["ambiguous_dates"]
    assert doubts(DUE, ["4/4/2027"]) == []
    assert doubts(DUE, ["25/4/2027", "4/25/2027"]) == ["mixed_date_order"]
    assert doubts(DUE, ["25/4/2027", date(2027, 4, 5)]) == ["mixed_dates"]
    assert read(DUE, ["3/4/2027"], date_order="mdy") == [date(2027, 3, 4)]
    assert read(DUE, ["3.4.2027"], date_order="mdy") == [date(2027, 4, 3)], "dots are day, month, year"


@pytest.mark.parametrize(
    ("pattern", "order"),
    [("dmy", "dmy"), ("DD.MM.YYYY", "dmy"), ("%d/%m/%y", "dmy"), ("m/d/yyyy", "mdy"), ("YYYY-MM-DD", "ymd"), ("TT.MM.JJJJ", "dmy"), ("jj/mm/aaaa", "dmy"), ("gg/mm/aaaa", "dmy"), ("soon", None), ("", None)],
)  # fmt: skip
def test_a_date_format_says_the_order(pattern: str, order: str | None) -> None:
    assert dates.order_of(pattern) == order


def test_instants_are_utc() -> None:
    winter, summer = read(ORDERED, ["2027-01-15 14:05", "2027-07-15 14:05"], time_zone="Europe/Berlin")
    assert (winter, summer) == (datetime(2027, 1, 15, 13, 5, tzinfo=UTC), datetime(2027, 7, 15, 12, 5, tzinfo=UTC))
    assert read(ORDERED, ["2027-01-15T14:05:00+02:00"], time_zone="Asia/Tokyo") == [
        datetime(2027, 1, 15, 12, 5, tzinfo=UTC)
    ]
    assert read(ORDERED, ["1/15/2027 2:05 PM"]) == [datetime(2027, 1, 15, 14, 5, tzinfo=UTC)]
    assert read(ORDERED, [46461.5], uses_1904=False) == [datetime(2027, 3, 15, 12, tzinfo=UTC)]


def test_identifiers_stay_as_they_stand() -> None:
    cells = [
        "00420",
        420.0,
        2.3013,
        1447296446.7,
        "1e5",
        "A B",
        "  A ",
        "4.00638E+12",
        1e15,
        date(2027, 1, 1),
        "a\nb",
        "x" * 65,
    ]
    assert read(SKU, cells) == ["00420", "420", "2.3013", "1447296446.7", "1e5", "A B", "A", "lost_digits", "lost_digits", "became_a_date", "control_characters", "too_long"]  # fmt: skip


def test_the_other_types_are_checked() -> None:
    products, customers = KINDS["products"], KINDS["customers"]
    assert read(products.field("alternatives"), ["B; A,B;;", 421]) == [("B", "A"), ("421",)]
    assert read(products.field("currency"), ["eur", "€", "Euro"]) == ["EUR", "EUR", "not_a_currency"]
    assert read(customers.field("tier"), ["a", "B", "D"]) == ["A", "B", "not_a_choice"]
    assert read(customers.field("country"), ["de", "Germany"]) == ["DE", "not_a_country"]
    assert read(customers.field("language"), ["EN", "en_gb", "english"]) == ["en", "en-GB", "not_a_language"]
    assert read(customers.field("time_zone"), ["europe/berlin", "UTC", "CEST5"]) == [
        "Europe/Berlin",
        "UTC",
        "not_a_time_zone",
    ]
    assert read(customers.field("email"), ["a@b.example", "a@b", "a@b.c; d@e.f", "a b@c.example"]) == [
        "a@b.example",
        *["not_an_email"] * 3,
    ]
    assert read(KINDS["warehouses"].field("is_default"), ["yes", "Nein", True, 0.0, "maybe"]) == [
        True,
        False,
        True,
        False,
        "not_yes_or_no",
    ]


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3),
    st.sampled_from([",", "."]),
)
def test_any_number_written_with_a_known_mark_is_that_number(number: Decimal, mark: Any) -> None:
    group = "." if mark == "," else ","
    whole, _, part = f"{number:,.3f}".partition(".")
    one = numbers.written(whole.replace(",", group) + mark + part)
    assert one is not None
    assert numbers.value(one, mark) == number


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_a_reason(text: str) -> None:
    for kind in KINDS.values():
        for field in kind.fields:
            parse, _ = parser_for(field, [text], Reading())
            value = parse(text)
            assert not isinstance(value, Outcome) or value.settled or value.message


@given(st.text())
def test_neutralised_text_never_begins_like_a_formula_and_comes_back(text: str) -> None:
    assert neutralised(text)[:1] not in tuple("=+-@\t\r＝＋－＠")
    assert restored(neutralised(text)) == text
