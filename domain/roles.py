"""Who may do what. One table, read by the portal's pages, the API and the tests alike."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    BUYER = "buyer"
    SUPPLY_CHAIN_MANAGER = "supply_chain_manager"
    CUSTOMER_SERVICE = "customer_service"
    SALES = "sales"
    SALES_MANAGER = "sales_manager"
    WAREHOUSE_MANAGER = "warehouse_manager"
    FULFILMENT = "fulfilment"
    PRODUCTION_MANAGER = "production_manager"
    PRODUCT_MANAGER = "product_manager"
    BUSINESS_ANALYST = "business_analyst"
    FINANCE = "finance"
    MARKETING = "marketing"
    FRAUD_ANALYST = "fraud_analyst"
    EXECUTIVE = "executive"
    IT_ADMIN = "it_admin"


class Permission(StrEnum):
    """One thing a person may do. Reading one's own rows as supplier or customer needs none of these."""

    ANSWER_LINES = "answer_lines"
    SEE_OWN_ORDERS = "see_own_orders"
    SEE_BACKORDERS = "see_backorders"
    SEE_SUPPLY = "see_supply"
    CREATE_ORDERS = "create_orders"
    CANCEL_BACKORDERS = "cancel_backorders"
    DECIDE_ANSWERS = "decide_answers"
    RAISE_PURCHASE_ORDERS = "raise_purchase_orders"
    IMPORT_MASTER_DATA = "import_master_data"
    IMPORT_ORDERS = "import_orders"
    IMPORT_SUPPLY = "import_supply"
    RECEIVE_GOODS = "receive_goods"
    SHIP_GOODS = "ship_goods"
    SEE_SERVICE_DESK = "see_service_desk"
    INVITE_SUPPLIERS = "invite_suppliers"
    INVITE_CUSTOMERS = "invite_customers"
    MANAGE_USERS = "manage_users"
    SEE_AUDIT = "see_audit"
    OPERATE = "operate"


_READERS = {Permission.SEE_BACKORDERS}
_SUPPLY_READERS = _READERS | {Permission.SEE_SUPPLY}
_SELLERS = _READERS | {
    Permission.CREATE_ORDERS,
    Permission.CANCEL_BACKORDERS,
    Permission.SEE_SERVICE_DESK,
    Permission.IMPORT_ORDERS,
}
_FULFILLERS = _SUPPLY_READERS | {Permission.RECEIVE_GOODS, Permission.SHIP_GOODS}
_BUYERS = _SUPPLY_READERS | {
    Permission.CREATE_ORDERS,
    Permission.CANCEL_BACKORDERS,
    Permission.DECIDE_ANSWERS,
    Permission.RAISE_PURCHASE_ORDERS,
    Permission.IMPORT_MASTER_DATA,
    Permission.IMPORT_ORDERS,
    Permission.IMPORT_SUPPLY,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    role: frozenset(given)
    for role, given in {
        Role.SUPPLIER: {Permission.ANSWER_LINES},
        Role.CUSTOMER: {Permission.SEE_OWN_ORDERS},
        Role.BUYER: _BUYERS,
        Role.SUPPLY_CHAIN_MANAGER: (_BUYERS - {Permission.CREATE_ORDERS})
        | {Permission.INVITE_SUPPLIERS, Permission.SEE_AUDIT},
        Role.CUSTOMER_SERVICE: _SELLERS,
        Role.SALES: _SELLERS,
        Role.SALES_MANAGER: _SELLERS | {Permission.INVITE_CUSTOMERS},
        Role.WAREHOUSE_MANAGER: _FULFILLERS,
        Role.FULFILMENT: _FULFILLERS,
        Role.PRODUCTION_MANAGER: _SUPPLY_READERS,
        Role.PRODUCT_MANAGER: _SUPPLY_READERS | {Permission.IMPORT_MASTER_DATA},
        Role.BUSINESS_ANALYST: _SUPPLY_READERS,
        Role.FINANCE: _SUPPLY_READERS,
        Role.MARKETING: _READERS,
        Role.FRAUD_ANALYST: _READERS | {Permission.SEE_AUDIT},
        Role.EXECUTIVE: _SUPPLY_READERS,
        Role.IT_ADMIN: {
            Permission.MANAGE_USERS,
            Permission.INVITE_SUPPLIERS,
            Permission.INVITE_CUSTOMERS,
            Permission.SEE_AUDIT,
            Permission.OPERATE,
        },
    }.items()
}

#: The roles whose people belong to one supplier or one customer; every other role is staff.
PARTY_ROLES = frozenset({Role.SUPPLIER, Role.CUSTOMER})


def permissions(roles: frozenset[Role]) -> frozenset[Permission]:
    """All that somebody with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles)) if roles else frozenset()
