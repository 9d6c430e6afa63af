"""What can be imported: each kind's fields as data. Templates, matching, checking and exports all read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from domain.quantities import LARGEST, PLACES
from importers import aliases

FieldType = Literal[
    "code",  # an identifier: text, exactly as it stands
    "codes",  # several of them, separated by ; or ,
    "text",
    "quantity",  # Decimal, in the product's unit
    "money",  # Decimal
    "percent",  # Decimal, 10 for 10 %
    "integer",  # int
    "date",  # date
    "instant",  # datetime, UTC
    "email",
    "choice",
    "country",  # ISO 3166, two letters
    "currency",  # ISO 4217, three letters
    "time_zone",  # IANA name
    "language",  # ISO 639, with a region or without
    "boolean",
]


@dataclass(frozen=True, slots=True)
class Field:
    """`low` and `high` bound numbers (both allowed), `places` their decimals, `length` the text."""

    name: str
    type: FieldType
    help: str
    required: bool = False
    aliases: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    above_zero: bool = False
    places: int = 0
    length: int = 64
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`keys` are the sets of fields that tell one row from another; the first whose fields are all filled
    counts, the last counts in any case. Of each set in `any_of` one field must be filled. `summed` are the
    fields added up when duplicate rows are put together. `examples` are rows for the template."""

    name: str
    title: str
    fields: tuple[Field, ...]
    keys: tuple[tuple[str, ...], ...]
    examples: tuple[Mapping[str, str], ...]
    any_of: tuple[tuple[str, ...], ...] = ()
    summed: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        """Raises KeyError for a field that the kind does not have."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


_QUANTITY_PLACES = -int(PLACES.normalize().as_tuple().exponent)
_ZERO = Decimal(0)
_MOST_MONEY = Decimal(1_000_000_000)


def _code(name: str, help: str, aliases: tuple[str, ...], required: bool = False) -> Field:
    return Field(name, "code", help, required, aliases)


def _name(help: str, names: tuple[str, ...]) -> Field:
    return Field("name", "text", help, True, names, length=200)


def _quantity(name: str, help: str, names: tuple[str, ...], above_zero: bool = True) -> Field:
    return Field(
        name, "quantity", help, True, names, _ZERO, LARGEST, above_zero=above_zero, places=_QUANTITY_PLACES
    )


def _money(name: str, help: str, names: tuple[str, ...]) -> Field:
    return Field(name, "money", help, False, names, _ZERO, _MOST_MONEY, places=4)


def _integer(name: str, help: str, names: tuple[str, ...], low: int, high: int) -> Field:
    return Field(name, "integer", help, False, names, Decimal(low), Decimal(high))


def _percent(name: str, help: str) -> Field:
    return Field(name, "percent", help, False, (), _ZERO, Decimal(100), places=2)


def _example(**values: str) -> Mapping[str, str]:
    return MappingProxyType(values)


_EMAIL = Field("email", "email", "Where mail goes", False, aliases.EMAIL, length=254)
_COUNTRY = Field("country", "country", "Two letters, such as DE", False, aliases.COUNTRY)
_TIME_ZONE = Field("time_zone", "time_zone", "Such as Europe/Berlin; UTC if left out", False, aliases.TIME_ZONE)
_LINE = _integer(
    "line_number",
    "The line's number; may be left out if the order has the SKU once",
    aliases.LINE_NUMBER,
    1,
    32767,
)
_SKU = _code("sku", "The product's code, exactly as it is kept", aliases.SKU, True)
_WAREHOUSE = _code("warehouse_code", "May be left out if there is a default warehouse", aliases.WAREHOUSE_CODE)

_ALL = (
    Kind(
        "products",
        "Products",
        (
            _SKU,
            _name("What people call it", aliases.PRODUCT_NAME),
            Field(
                "unit",
                "text",
                "ea, kg, m, …; counted units take whole quantities only",
                False,
                aliases.UNIT,
                length=12,
            ),
            _money("cost", "What one unit costs to buy", aliases.COST),
            _money("price", "What one unit sells for", aliases.PRICE),
            Field("currency", "currency", "Three letters, such as EUR", False, aliases.CURRENCY),
            _integer("lead_time_days", "Calendar days from order to receipt", aliases.LEAD_TIME, 0, 3650),
            _code("preferred_supplier", "The code of the supplier to order from", aliases.PREFERRED_SUPPLIER),
            Field("category", "text", "Any word to group products by", False, aliases.CATEGORY, length=80),
            Field(
                "alternatives",
                "codes",
                "SKUs that may be offered instead, best first, separated by ;",
                False,
                aliases.ALTERNATIVES,
            ),
        ),
        (("sku",),),
        (
            _example(
                sku="00420",
                name="Bearing 6204",
                unit="ea",
                cost="3.10",
                price="5.40",
                currency="EUR",
                lead_time_days="21",
                preferred_supplier="S-100",
                category="Bearings",
                alternatives="00421;00422",
            ),
            _example(
                sku="C-7.5",
                name="Copper wire 7.5 mm",
                unit="m",
                cost="0.8125",
                price="1.50",
                currency="EUR",
                lead_time_days="35",
            ),
        ),
    ),
    Kind(
        "suppliers",
        "Suppliers",
        (
            _code("code", "The supplier's number", (*aliases.SUPPLIER_CODE, *aliases.OWN_CODE), True),
            _name("The company's name", aliases.PARTY_NAME),
            _EMAIL,
            Field("phone", "text", "For people to call", False, aliases.PHONE, length=40),
            _COUNTRY,
            _TIME_ZONE,
            _integer("days_late_tolerance", "Days later that are accepted by rule", (), 0, 365),
            _integer("days_early_tolerance", "Days earlier that are accepted by rule", (), 0, 365),
            _percent("under_tolerance_percent", "Per cent less that is accepted by rule, 5 for 5 %"),
            _percent("over_tolerance_percent", "Per cent more that is accepted by rule, 5 for 5 %"),
        ),
        (("code",),),
        (
            _example(
                code="S-100",
                name="Nordlager GmbH",
                email="orders@nordlager.example",
                phone="+49 40 1234567",
                country="DE",
                time_zone="Europe/Berlin",
                days_late_tolerance="2",
                days_early_tolerance="5",
                under_tolerance_percent="0",
                over_tolerance_percent="5",
            ),
        ),
    ),
    Kind(
        "customers",
        "Customers",
        (
            _code("code", "The customer's number", (*aliases.CUSTOMER_CODE, *aliases.OWN_CODE), True),
            _name("The company's name", aliases.PARTY_NAME),
            _EMAIL,
            Field("tier", "choice", "A, B or C; A is served first", False, aliases.TIER, choices=("A", "B", "C")),
            _COUNTRY,
            _TIME_ZONE,
            Field("language", "language", "Two letters, such as en", False, aliases.LANGUAGE),
        ),
        (("code",),),
        (
            _example(
                code="C-2001",
                name="Harbour Works Ltd",
                email="buying@harbour.example",
                tier="A",
                country="GB",
                time_zone="Europe/London",
                language="en",
            ),
        ),
    ),
    Kind(
        "warehouses",
        "Warehouses",
        (
            _code("code", "The warehouse's code", (*aliases.WAREHOUSE_CODE, *aliases.OWN_CODE), True),
            _name("What people call it", aliases.PARTY_NAME),
            _TIME_ZONE,
            _COUNTRY,
            _integer(
                "handling_days", "Days from receipt of the goods to the customer", aliases.HANDLING_DAYS, 0, 60
            ),
            Field(
                "is_default",
                "boolean",
                "yes for the one that counts when none is named",
                False,
                aliases.IS_DEFAULT,
            ),
        ),
        (("code",),),
        (
            _example(
                code="MAIN",
                name="Main warehouse",
                time_zone="Europe/Berlin",
                country="DE",
                handling_days="1",
                is_default="yes",
            ),
        ),
    ),
    Kind(
        "stock",
        "Stock",
        (
            _SKU,
            _WAREHOUSE,
            _quantity("on_hand", "What lies there now; 0 is allowed", aliases.ON_HAND, above_zero=False),
        ),
        (("sku", "warehouse_code"),),
        (
            _example(sku="00420", warehouse_code="MAIN", on_hand="120"),
            _example(sku="C-7.5", warehouse_code="MAIN", on_hand="37.5"),
        ),
        summed=("on_hand",),
    ),
    Kind(
        "sales_orders",
        "Sales orders",
        (
            _code("order_number", "The order's number", aliases.ORDER_NUMBER, True),
            _LINE,
            _code("customer_code", "Who ordered", aliases.CUSTOMER_CODE, True),
            _SKU,
            _quantity("quantity", "In the product's unit", aliases.QUANTITY),
            Field(
                "requested_date", "date", "The day on which the customer wants it", True, aliases.REQUESTED_DATE
            ),
            Field(
                "ordered_at",
                "instant",
                "When it was ordered; first come is first served",
                False,
                aliases.ORDERED_AT,
            ),
        ),
        (("order_number", "line_number"), ("order_number", "sku", "requested_date")),
        (
            _example(
                order_number="SO-1001",
                line_number="1",
                customer_code="C-2001",
                sku="00420",
                quantity="12",
                requested_date="2027-03-15",
                ordered_at="2027-02-26 14:05",
            ),
            _example(
                order_number="SO-1001",
                line_number="2",
                customer_code="C-2001",
                sku="C-7.5",
                quantity="37.5",
                requested_date="2027-03-15",
                ordered_at="2027-02-26 14:05",
            ),
        ),
        summed=("quantity",),
    ),
    Kind(
        "purchase_orders",
        "Purchase orders",
        (
            _code("po_number", "The purchase order's number", aliases.PO_NUMBER, True),
            _LINE,
            _code(
                "supplier_code", "May be left out if the product has a preferred supplier", aliases.SUPPLIER_CODE
            ),
            _SKU,
            _quantity("quantity", "In the product's unit", aliases.QUANTITY),
            Field("requested_date", "date", "The day on which you want it", True, aliases.REQUESTED_DATE),
            Field(
                "promised_date",
                "date",
                "The day that the supplier has promised, if any",
                False,
                aliases.PROMISED_DATE,
            ),
            _money("unit_price", "What one unit costs on this order", aliases.UNIT_PRICE),
        ),
        (("po_number", "line_number"), ("po_number", "sku", "requested_date")),
        (
            _example(
                po_number="PO-5001",
                line_number="1",
                supplier_code="S-100",
                sku="00420",
                quantity="500",
                requested_date="2027-03-10",
                promised_date="2027-03-12",
                unit_price="3.10",
            ),
        ),
        summed=("quantity",),
    ),
    Kind(
        "receipts",
        "Receipts",
        (
            _code("po_number", "The purchase order's number", aliases.PO_NUMBER, True),
            _LINE,
            Field("sku", "code", "May be left out if the line number is given", False, aliases.SKU),
            _WAREHOUSE,
            _quantity("quantity", "What came, in the product's unit", aliases.RECEIVED_QUANTITY),
            Field("received_at", "instant", "When it came; now if left out", False, aliases.RECEIVED_AT),
        ),
        (("po_number", "line_number", "sku", "warehouse_code", "received_at"),),
        (
            _example(
                po_number="PO-5001",
                line_number="1",
                sku="00420",
                warehouse_code="MAIN",
                quantity="200",
                received_at="2027-03-12 09:30",
            ),
        ),
        any_of=(("line_number", "sku"),),
        summed=("quantity",),
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
