"""Headers to fields."""

# ruff: noqa: E501 - a table of cases is easier to read with one case a line

from __future__ import annotations

import pytest

from importers.columns import Matching, headers, match, plain
from importers.kinds import KINDS


def matched(kind: str, names: list[str], wanted: dict[str, str] | None = None) -> tuple[dict[str, str], Matching]:
    found = match(KINDS[kind], headers(names), wanted)
    return {one.field: one.header.label for one in found.matches}, found


def codes(found: Matching) -> list[str]:
    return [problem.code for problem in found.problems]


def test_every_kind_matches_its_own_field_names() -> None:
    for name, kind in KINDS.items():
        fields, found = matched(name, [field.name for field in kind.fields])
        assert fields == {field.name: field.name for field in kind.fields}
        assert found.problems == ()


def test_no_two_fields_of_a_kind_claim_the_same_sure_name() -> None:
    """Otherwise which of them gets a column would depend on their order."""
    for kind in KINDS.values():
        owners: dict[str, set[str]] = {}
        for field in kind.fields:
            for alias in field.aliases:
                if not alias.startswith("~"):
                    owners.setdefault(plain(alias), set()).add(field.name)
        assert {alias: names for alias, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    "name", ["Purchase Order No", "purchase_order_no", "PURCHASE-ORDER  NO.", "Purchase\nOrder No"]
)
def test_case_space_and_punctuation_do_not_matter(name: str) -> None:
    fields, _ = matched("receipts", [name, "sku", "qty"])
    assert fields["po_number"].startswith(name[:8])


@pytest.mark.parametrize(
    ("kind", "names", "fields"),
    [
        ("stock", ["MATNR", "WERKS", "LABST"], ["sku", "warehouse_code", "on_hand"]),
        ("stock", ["Materialnummer", "Lagerort", "Bestand"], ["sku", "warehouse_code", "on_hand"]),
        ("stock", ["Référence article", "Entrepôt", "Quantité en stock"], ["sku", "warehouse_code", "on_hand"]),
        ("stock", ["Código de artículo", "Almacén", "Existencias"], ["sku", "warehouse_code", "on_hand"]),
        ("stock", ["Codice articolo", "Magazzino", "Giacenza"], ["sku", "warehouse_code", "on_hand"]),
        ("stock", ["品目コード", "倉庫", "在庫数"], ["sku", "warehouse_code", "on_hand"]),
        ("stock", ["Item", "Location", "Onhand"], ["sku", "warehouse_code", "on_hand"]),
        ("purchase_orders", ["Purchasing Document", "Item", "Material", "Vendor", "Order Quantity", "Delivery Date", "Net Price"], ["po_number", "line_number", "sku", "supplier_code", "quantity", "requested_date", "unit_price"]),
        ("sales_orders", ["Auftrag", "Position", "Auftraggeber", "Material", "Auftragsmenge", "Wunschlieferdatum"], ["order_number", "line_number", "customer_code", "sku", "quantity", "requested_date"]),
        ("sales_orders", ["ORDER_NUMBER", "LINE_NUM", "CUSTOMER_NUMBER", "ITEM_NUMBER", "ORDERED_QUANTITY", "REQUEST_DATE"], ["order_number", "line_number", "customer_code", "sku", "quantity", "requested_date"]),
        ("suppliers", ["Supplier", "Company Name", "E-Mail-Adresse"], ["code", "name", "email"]),
        ("products", ["Internal Reference", "Name", "Cost", "Sales Price", "Unit of Measure"], ["sku", "name", "cost", "price", "unit"]),
        ("products", ["Artikel", "Bezeichnung", "Price [EUR]", "Lieferzeit (Tage)"], ["sku", "name", "price", "lead_time_days"]),
    ],
)  # fmt: skip
def test_the_names_that_systems_and_languages_use(kind: str, names: list[str], fields: list[str]) -> None:
    found, matching = matched(kind, names)
    assert {found[field]: field for field in found} == dict(zip(names, fields, strict=True))
    assert matching.problems == ()


def test_an_exact_name_goes_before_an_alias_and_a_sure_one_before_a_weak_one() -> None:
    fields, found = matched("stock", ["Item", "Item code", "on_hand"])
    assert fields["sku"] == "Item code"
    assert [header.label for header in found.ignored] == ["Item"]
    fields, found = matched("stock", ["Item code", "sku", "on_hand"])
    assert fields["sku"] == "sku"
    assert found.problems == ()


def test_two_columns_for_one_field_is_a_choice_and_a_map_makes_it() -> None:
    names = ["Item code", "Part number", "on_hand"]
    fields, found = matched("stock", names)
    assert "sku" not in fields
    assert codes(found) == ["two_columns_for_one_field"]
    assert "column A" in found.problems[0].message
    assert "column B" in found.problems[0].message
    fields, found = matched("stock", names, {"sku": "Part number"})
    assert (fields["sku"], codes(found)) == ("Part number", [])


def test_a_map_takes_headers_and_letters() -> None:
    names = ["Ding", "B", "", "Wieviel"]
    assert matched("stock", names, {"sku": "ding", "on_hand": "D"})[0] == {"sku": "Ding", "on_hand": "Wieviel"}
    assert matched("stock", names, {"sku": "C", "on_hand": "b"})[0] == {"sku": "C", "on_hand": "B"}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"colour": "A"}, "unknown_field"),
        ({"sku": "nowhere"}, "unknown_column"),
        ({"sku": "ZZ"}, "unknown_column"),
        ({"sku": "A", "on_hand": "A"}, "column_used_twice"),
    ],
)
def test_a_map_that_does_not_fit_is_a_problem(wanted: dict[str, str], code: str) -> None:
    assert code in codes(matched("stock", ["sku", "on_hand"], wanted)[1])


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    _, found = matched("stock", ["sku", "on hnad"])
    assert codes(found) == ["missing_column"]
    assert "on hnad (column B)" in found.problems[0].message
    _, found = matched("receipts", ["PO number", "qty"])
    assert codes(found) == ["missing_column"]
    assert "line_number or sku" in found.problems[0].message


def test_blank_and_repeated_headers_go_by_their_letters() -> None:
    assert [header.label for header in headers(["id", "name", "", "name", None])] == ["id", "name", "C", "D", "E"]
