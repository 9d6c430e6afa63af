"""What the rows of each kind of file mean for the tables: one module a kind, all of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portal.services.import_kinds import parties, products, purchase_orders, receipts, sales_orders, stock
from portal.services.import_kinds.plan import ImportKind

_ALL = (
    products.KIND,
    parties.SUPPLIERS,
    parties.CUSTOMERS,
    parties.WAREHOUSES,
    stock.KIND,
    sales_orders.KIND,
    purchase_orders.KIND,
    receipts.KIND,
)

IMPORT_KINDS: Mapping[str, ImportKind] = MappingProxyType({kind.name: kind for kind in _ALL})
