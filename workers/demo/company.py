"""The demo company on paper: every row of every file, made from a seed and a day.

How much stock there is follows from the orders: what was ordered first is covered, and of the products that
are to run short the last lines are not. So it is known before anything is loaded which lines become backorders,
and each short product has a fate: what its supplier says and how far its goods come.
"""

from __future__ import annotations

import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from workers.demo.shape import (
    CUSTOMER,
    HISTORY_DAYS,
    RIVAL_CUSTOMER,
    SIZES,
    SUPPLIER,
    Company,
    Fate,
    Rows,
    Size,
    Story,
    Tale,
)
from workers.demo.words import CUSTOMER_TRADES, FAMILIES, PLACES, PRODUCTS, SUPPLIER_TRADES, Family, Place


def make(seed: int, size: str, today: date) -> Company:
    """The same company for the same seed, size and day."""
    return _Maker(random.Random(seed), SIZES[size], today).company()  # noqa: S311 - made-up data, no secret


@dataclass
class _Order:
    number: str
    customer: str
    ordered_at: datetime
    skus: set[str] = field(default_factory=set)


class _Maker:
    def __init__(self, chance: random.Random, size: Size, today: date) -> None:
        self.chance = chance
        self.size = size
        self.today = today
        self.units: dict[str, str] = {}
        self.lead_times: dict[str, int] = {}

    def company(self) -> Company:
        suppliers, customers = self.suppliers(), self.customers()
        fates, told = self.choose_products()
        products = self.products(suppliers, fates, told)
        stories = self.stories(told, customers)
        orders = self.orders(customers)
        lines = self.lines(orders, [row["sku"] for row in products if row["sku"] not in told], fates, len(stories))
        stock = self.stock(lines, fates, products, told)
        on_order = self.purchase_orders(lines, fates, products)
        rows = {
            "suppliers": suppliers,
            "customers": customers,
            "warehouses": self.warehouses(),
            "products": products,
            "stock": stock,
            "purchase_orders": on_order,
            "sales_orders": self.sales_orders(orders, lines),
            "receipts": self.receipts(on_order, fates),
        }
        return Company(rows, fates, stories)

    # ---- who ----

    def suppliers(self) -> Rows:
        return [
            {
                "code": f"S-{100 + number}",
                "name": name,
                "email": f"orders@{_slug(name)}.example",
                "phone": f"+{self.chance.randint(31, 49)} {self.chance.randint(10**8, 10**9 - 1)}",
                "country": place.country,
                "time_zone": place.time_zone,
                "days_late_tolerance": self.chance.choice((1, 2, 2, 3)),
                "days_early_tolerance": self.chance.choice((2, 5, 5, 7)),
                "under_tolerance_percent": Decimal(self.chance.choice((0, 0, 2, 5))),
                "over_tolerance_percent": Decimal(self.chance.choice((0, 5, 10))),
            }
            for number, (name, place) in enumerate(self.companies(self.size.suppliers, SUPPLIER_TRADES))
        ]

    def customers(self) -> Rows:
        rows = []
        for number, (name, place) in enumerate(self.companies(self.size.customers, CUSTOMER_TRADES)):
            reachable = number < 2 or number % 60 != 17  # a few never gave an address
            rows.append(
                {
                    "code": f"C-{2000 + number}",
                    "name": name,
                    "email": f"buying@{_slug(name)}.example" if reachable else None,
                    "tier": "A" if number == 0 else self.chance.choices("ABC", (15, 35, 50))[0],
                    "country": place.country,
                    "time_zone": place.time_zone,
                    "language": place.language,
                }
            )
        return rows

    def companies(self, count: int, trades: tuple[str, ...]) -> Iterable[tuple[str, Place]]:
        seen: set[str] = set()
        while len(seen) < count:
            place = self.chance.choice(PLACES)
            owner = self.chance.choice((self.chance.choice(FAMILIES), self.chance.choice(place.towns)))
            name = f"{owner} {self.chance.choice(trades)} {place.legal_form}"
            if _slug(name) not in seen:
                seen.add(_slug(name))
                yield name, place

    def warehouses(self) -> Rows:
        return [
            {"code": "HAM", "name": "Hamburg", "country": "DE", "time_zone": "Europe/Berlin", "handling_days": 1,
             "is_default": True},
            {"code": "RTM", "name": "Rotterdam", "country": "NL", "time_zone": "Europe/Amsterdam",
             "handling_days": 2, "is_default": False},
            {"code": "MIL", "name": "Milano", "country": "IT", "time_zone": "Europe/Rome", "handling_days": 2,
             "is_default": False},
        ]  # fmt: skip

    # ---- what ----

    def choose_products(self) -> tuple[dict[str, Fate], dict[str, Tale]]:
        """Which SKUs run short, and which have a tale of the past: neither is any other's."""
        every = [(family, size) for family in PRODUCTS for size in family.sizes]
        self.chosen: list[tuple[str, Family, str]] = []
        numbers: dict[str, int] = defaultdict(lambda: 100)
        for family, size in self.chance.sample(every, self.size.products):
            numbers[family.prefix] += self.chance.randint(1, 9)
            self.chosen.append((f"{family.prefix}-{numbers[family.prefix]}", family, size))
        skus = [sku for sku, _, _ in self.chosen]
        self.chance.shuffle(skus)
        wanted = [fate for fate, count in self.size.fates.items() for _ in range(count)]
        tales = [tale for tale, count in self.size.tales.items() for _ in range(count)]
        fates = dict(zip(skus, wanted, strict=False))
        return fates, dict(zip(skus[len(wanted) :], tales, strict=False))

    def products(self, suppliers: Rows, fates: Mapping[str, Fate], told: Mapping[str, Tale]) -> Rows:
        by_family: dict[str, list[str]] = defaultdict(list)
        for sku, family, _ in self.chosen:
            by_family[family.prefix].append(sku)
        owned: dict[object, int] = defaultdict(int)
        rows = []
        for sku, family, size in self.chosen:
            subject = fates.get(sku) or told.get(sku)
            owned[subject] += 1
            # the demo supplier has a third of what is unanswered, and one of everything else
            own = subject is not None and (
                owned[subject] == 1 or (subject is Fate.UNANSWERED and owned[subject] % 3 == 1)
            )
            supplier = SUPPLIER if own else self.chance.choice(suppliers[1:])["code"]
            lead = self.chance.randint(*family.lead)
            unsourced = fates.get(sku) is Fate.NO_SOURCE
            nameless = unsourced and owned[subject] % 2 == 1
            growth = 1 + family.sizes.index(size) / len(family.sizes) * 3
            cost = Decimal(str(round(family.cost * growth * self.chance.uniform(0.9, 1.1), 2)))
            self.units[sku], self.lead_times[sku] = family.unit, lead
            others = [other for other in by_family[family.prefix] if other != sku]
            rows.append(
                {
                    "sku": sku,
                    "name": family.name.format(size),
                    "unit": family.unit,
                    "cost": cost,
                    "price": (cost * Decimal(self.chance.randint(135, 190)) / 100).quantize(Decimal("0.01")),
                    "currency": "EUR",
                    "lead_time_days": None if unsourced and not nameless else lead,
                    "preferred_supplier": None if nameless else supplier,
                    "category": family.category,
                    "alternatives": self.chance.sample(others, min(2, len(others)))
                    if self.chance.random() < 0.4
                    else None,
                }
            )
        return [{**row, "alternatives": row["alternatives"] or None} for row in rows]

    # ---- demand ----

    def stories(self, told: Mapping[str, Tale], customers: Rows) -> list[Story]:
        stories = []
        for sku, tale in told.items():
            for _ in range(1 if tale is Tale.DONE else self.chance.randint(1, 2)):
                ago = {
                    Tale.OVERDUE: self.lead_times[sku] + self.chance.randint(3, 12),
                    Tale.SILENT: self.chance.randint(4, 9),
                    Tale.DONE: self.lead_times[sku] + self.chance.randint(8, 20),
                }[tale]
                first = not any(story.tale is tale for story in stories)
                stories.append(
                    Story(
                        tale=tale,
                        order_number=f"SO-{40001 + len(stories)}",
                        customer=CUSTOMER if first else self.chance.choice(customers[1:])["code"],
                        sku=sku,
                        quantity=self.amount(sku),
                        days_ago=ago,
                        requested_date=self.today - timedelta(days=ago - self.chance.randint(7, 25)),
                    )
                )
        return stories

    def orders(self, customers: Rows) -> list[_Order]:
        """First ordered comes first; the last ones are the demo customer's, so that it is short of everything."""
        count = self.size.lines * 2 // 5
        minutes = sorted(self.chance.sample(range(2 * 24 * 60, HISTORY_DAYS * 24 * 60), count), reverse=True)
        orders = [
            self.order(number, self.chance.choice(customers[1:])["code"], ago)
            for number, ago in enumerate(minutes)
        ]
        for more, customer in enumerate([RIVAL_CUSTOMER] * 2 + [CUSTOMER] * 5):
            orders.append(self.order(count + more, customer, (2 * 24 - 4 * more) * 60))
        return orders

    def order(self, number: int, customer: str, minutes_ago: int) -> _Order:
        morning = datetime.combine(self.today, time(6), UTC)
        return _Order(f"SO-{50001 + number}", customer, morning - timedelta(minutes=minutes_ago))

    def lines(
        self, orders: list[_Order], skus: list[str], fates: Mapping[str, Fate], told: int
    ) -> dict[str, list[tuple[_Order, Decimal, bool]]]:
        """By SKU, first ordered first: who orders how much, and whether the line is to run short."""
        lines: dict[str, list[tuple[_Order, Decimal, bool]]] = {}
        usual, last = orders[:-7], orders[-7:]
        left = self.size.lines - told
        plain = [sku for sku in skus if sku not in fates]
        seen: set[Fate] = set()
        for sku, fate in fates.items():
            short = self.chance.choices((1, 2, 3), (50, 35, 15))[0]
            covered = self.chance.randint(0, 2)
            takers = sorted(self.chance.sample(usual, short + covered), key=lambda order: order.ordered_at)
            if fate not in seen or self.chance.random() < 0.12:
                takers[-1] = last[2 + len(lines) % 5] if fate not in seen else last[len(lines) % 2]
                seen.add(fate)
            lines[sku] = [(order, self.amount(sku), index >= covered) for index, order in enumerate(takers)]
            left -= len(takers)
        for index, sku in enumerate(plain):
            count = max(0, left // (len(plain) - index))
            takers = sorted(self.chance.sample(usual, min(count, len(usual))), key=lambda order: order.ordered_at)
            lines[sku] = [(order, self.amount(sku), False) for order in takers]
            left -= len(takers)
        return lines

    def amount(self, sku: str) -> Decimal:
        if self.units[sku] in ("kg", "m"):
            return Decimal(self.chance.randint(5, 160)) / 2
        return Decimal(self.chance.choice((1, 2, 4, 5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 40, 50)))

    def sales_orders(self, orders: list[_Order], lines: dict[str, list[tuple[_Order, Decimal, bool]]]) -> Rows:
        by_order: dict[str, Rows] = defaultdict(list)
        for sku, takers in lines.items():
            for order, quantity, short in takers:
                ahead = self.chance.randint(4, 40) if short else self.chance.randint(3, 30)
                by_order[order.number].append(
                    {
                        "order_number": order.number,
                        "line_number": len(by_order[order.number]) + 1,
                        "customer_code": order.customer,
                        "sku": sku,
                        "quantity": quantity,
                        "requested_date": order.ordered_at.date() + timedelta(days=ahead),
                        "ordered_at": order.ordered_at,
                    }
                )
        return [row for order in orders for row in by_order[order.number]]

    # ---- supply ----

    def stock(
        self,
        lines: dict[str, list[tuple[_Order, Decimal, bool]]],
        fates: Mapping[str, Fate],
        products: Rows,
        told: Mapping[str, Tale],
    ) -> Rows:
        """What covers the lines that are not to run short: exactly, where others do, else with some to spare."""
        rows: Rows = []
        for product in products:
            sku = product["sku"]
            covered = sum((quantity for _, quantity, short in lines.get(sku, ()) if not short), Decimal(0))
            if sku in told:
                continue
            if sku not in fates:
                covered += self.amount(sku) * self.chance.randint(1, 4)
            elif covered == 0:
                rows.append({"sku": sku, "warehouse_code": "HAM", "on_hand": Decimal(0)})
            elsewhere = (covered * self.chance.choice((0, 0, 0, 1, 2)) / 5).to_integral_value()
            place = self.chance.choice(("RTM", "MIL"))
            for warehouse, on_hand in (("HAM", covered - elsewhere), (place, elsewhere)):
                if on_hand > 0:
                    rows.append({"sku": sku, "warehouse_code": warehouse, "on_hand": on_hand})
        return rows

    def purchase_orders(
        self, lines: dict[str, list[tuple[_Order, Decimal, bool]]], fates: Mapping[str, Fate], products: Rows
    ) -> Rows:
        """Orders placed before: for what ran short and is on its way, and some for the shelf."""
        shelf = self.chance.sample([row for row in products if row["sku"] not in lines or row["sku"] not in fates],
                                   self.size.products // 20)  # fmt: skip
        ordered = [row for row in products if fates.get(row["sku"]) is Fate.ON_ORDER]
        rows = []
        for number, product in enumerate(ordered + shelf):
            sku = product["sku"]
            short = sum((quantity for _, quantity, is_short in lines.get(sku, ()) if is_short), Decimal(0))
            due = self.today + timedelta(days=self.chance.randint(6, 30))
            promised = sku in fates or number % 2 == 0
            rows.append(
                {
                    "po_number": f"PO-{7001 + number}",
                    "line_number": 1,
                    "supplier_code": product["preferred_supplier"],
                    "sku": sku,
                    "quantity": short + self.amount(sku).to_integral_value() * 2,
                    "requested_date": due,
                    "promised_date": due + timedelta(days=self.chance.randint(0, 4)) if promised else None,
                    "unit_price": product["cost"],
                }
            )
        return rows

    def receipts(self, on_order: Rows, fates: Mapping[str, Fate]) -> Rows:
        """A first part of every third order that is on its way."""
        mine = [row for row in on_order if row["sku"] in fates][::3]
        morning = datetime.combine(self.today, time(5, 30), UTC)
        return [
            {
                "po_number": row["po_number"],
                "line_number": row["line_number"],
                "sku": row["sku"],
                "warehouse_code": "HAM",
                "quantity": max(Decimal(1), (row["quantity"] / 4).to_integral_value()),
                "received_at": morning - timedelta(minutes=25 * number),
            }
            for number, row in enumerate(mine)
        ]


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter if letter.isalnum() else "-" for letter in plain).strip("-").replace("--", "-")
