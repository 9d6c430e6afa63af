"""Every table, imported once, so that the metadata is whole."""

from portal.models.accounts import ApiToken, IdempotencyKey, Role, User, user_role
from portal.models.catalogue import Customer, Product, ProductAlternative, Stock, Supplier, Warehouse
from portal.models.demand import Backorder, BackorderPromise, SalesOrder, SalesOrderLine
from portal.models.demo import DemoProgress
from portal.models.fulfilment import (
    Allocation,
    AllocationRun,
    PickList,
    PickListLine,
    Receipt,
    Shipment,
    StockMovement,
)
from portal.models.messaging import AuditEvent, ImportBatch, Notice, OutboxMessage
from portal.models.supply import (
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SoftPeg,
    SupplierAnswer,
    SupplyPromise,
)

__all__ = [
    "Allocation",
    "AllocationRun",
    "ApiToken",
    "AuditEvent",
    "Backorder",
    "BackorderPromise",
    "Customer",
    "DemoProgress",
    "IdempotencyKey",
    "ImportBatch",
    "Notice",
    "OutboxMessage",
    "PickList",
    "PickListLine",
    "Product",
    "ProductAlternative",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "PurchaseOrderSchedule",
    "Receipt",
    "Role",
    "SalesOrder",
    "SalesOrderLine",
    "Shipment",
    "SoftPeg",
    "Stock",
    "StockMovement",
    "Supplier",
    "SupplierAnswer",
    "SupplyPromise",
    "User",
    "Warehouse",
    "user_role",
]
