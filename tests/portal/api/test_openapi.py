"""The document of the API is sound, and what is served is what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from tests.builders import Company, order
from tests.portal.api.conftest import Caller, in_days
from tests.portal.api.world import make_world, worker

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
FORMATS = {"date": r"\d{4}-\d\d-\d\d", "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"}

BACKORDER = {
    "number",
    "order_number",
    "line_number",
    "sku",
    "customer_code",
    "status",
    "priority",
    "quantity",
    "allocated_quantity",
    "shipped_quantity",
    "requested_date",
    "original_promised_date",
    "promised_date",
    "reason_code",
    "waiting_on",
    "workflow_id",
}
LINE = {
    "id",
    "po_number",
    "line_number",
    "sku",
    "supplier_code",
    "quantity",
    "requested_date",
    "promised_date",
    "status",
    "version",
}


def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/api/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def resolved(spec: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = spec
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def faults(spec: dict[str, Any], schema: dict[str, Any], value: Any, at: str = "$") -> list[str]:
    """Where a value is not what a schema says; an undocumented member is a fault too."""
    schema = resolved(spec, schema)
    if "allOf" in schema:
        [only] = schema["allOf"]
        schema = resolved(spec, only) | {key: value for key, value in schema.items() if key != "allOf"}
    if value is None:
        return [] if schema.get("nullable") else [f"{at} is null"]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{at} is {value!r}, not {kind}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is {value!r}, which is none of its words")
    if schema.get("format") in FORMATS and not re.fullmatch(FORMATS[schema["format"]], value):
        found.append(f"{at} is {value!r}, no {schema['format']}")
    if kind == "object":
        properties = schema.get("properties", {})
        found += [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        found += [f"{at}.{name} is not documented" for name in value if name not in properties]
        for name, each in value.items():
            found += faults(spec, properties.get(name, {}), each, f"{at}.{name}")
    if kind == "array":
        for position, each in enumerate(value):
            found += faults(spec, schema["items"], each, f"{at}[{position}]")
    return found


def test_the_document_is_sound(app: Flask) -> None:
    spec = document(app)
    assert spec["openapi"].startswith("3.0")
    for reference in references(spec):
        assert resolved(spec, {"$ref": reference}), reference
    operations = {
        (path, method): operation
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    ids = [each["operationId"] for each in operations.values()]
    assert len(set(ids)) == len(ids)
    served = {
        (re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(operations) == served
    for (path, method), operation in operations.items():
        described = [
            resolved(spec, each)
            for each in [*spec["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        ]
        assert set(re.findall(r"{(\w+)}", path)) == {each["name"] for each in described if each["in"] == "path"}
        assert operation["summary"], path
        assert "default" in operation["responses"]
        headers = {each["name"] for each in described if each["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "post"), path
        problem = resolved(spec, operation["responses"]["default"])["content"]
        assert list(problem) == ["application/problem+json"]
    assert spec["security"] == [{"token": []}]


def test_the_shapes_that_programs_rely_on(app: Flask) -> None:
    schemas = document(app)["components"]["schemas"]
    assert set(schemas["BackorderOut"]["properties"]) == BACKORDER
    assert set(schemas["BackorderDetailOut"]["properties"]) == BACKORDER | {"promises", "pegs", "notices"}
    assert set(schemas["PromiseOut"]["properties"]) == {"promised_date", "basis", "reason_code", "actor", "at"}
    assert set(schemas["PegOut"]["properties"]) == {"po_number", "line_number", "quantity", "date", "hard"}
    assert set(schemas["NoticeOut"]["properties"]) == {"kind", "channel", "status", "at"}
    assert set(schemas["LineOut"]["properties"]) == LINE
    assert set(schemas["VerdictOut"]["properties"]) == {"outcome", "rule"}
    assert set(schemas["PickListOut"]["properties"]) >= {"number", "warehouse_code", "lines"}
    assert set(schemas["BackorderPage"]["properties"]) == {"items", "next_cursor"}


def test_every_answer_is_as_documented(
    app: Flask, session: Session, company: Company, as_user: Callable[[str], Caller]
) -> None:
    world = make_world(session, company)
    order(session, worker(), "OTTO", 2, "GADGET")
    spec = document(app)
    line, number = world.line.id, world.waiting.number
    callers = {name: as_user(name) for name in ("buyer", "sales", "supplier", "customer", "fulfilment")}
    new_order = {
        "customer_code": "NORA",
        "lines": [{"sku": "GADGET", "quantity": "1.5", "requested_date": in_days(9)}],
    }
    proposal = {
        "action": "propose",
        "schedule": [{"quantity": 6, "promised_date": in_days(60)}],
        "reason_code": "capacity",
    }
    receipt = {"po_number": world.line.po_number, "line_number": 1, "quantity": 1}
    parcel = {"backorder_number": number, "quantity": 1, "carrier": "UPS", "tracking_number": "2"}
    calls: list[tuple[str, str, str, str, dict[str, Any] | None]] = [
        ("sales", "post", "/orders", "/orders", new_order),
        ("buyer", "get", "/orders", "/orders", None),
        ("buyer", "get", "/orders/{number}", f"/orders/{world.waiting.order_line.order.number}", None),
        ("buyer", "get", "/backorders", "/backorders", None),
        ("buyer", "get", "/backorders/{number}", f"/backorders/{number}", None),
        ("customer", "get", "/backorders/{number}", f"/backorders/{number}", None),
        ("supplier", "get", "/purchase-order-lines", "/purchase-order-lines", None),
        (
            "supplier",
            "post",
            "/purchase-order-lines/{line_id}/responses",
            f"/purchase-order-lines/{line}/responses",
            proposal,
        ),
        ("supplier", "get", "/purchase-order-lines/{line_id}", f"/purchase-order-lines/{line}", None),
        (
            "buyer",
            "post",
            "/purchase-order-lines/{line_id}/decisions",
            f"/purchase-order-lines/{line}/decisions",
            {"decision": "approve"},
        ),
        ("fulfilment", "post", "/receipts", "/receipts", receipt),
        ("fulfilment", "get", "/pick-lists", "/pick-lists", None),
        ("fulfilment", "post", "/shipments", "/shipments", parcel),
        ("customer", "get", "/shipments", "/shipments", None),
        ("customer", "get", "/shipments/{shipment_id}", f"/shipments/{world.shipment.id}", None),
        (
            "fulfilment",
            "post",
            "/shipments/{shipment_id}/delivered",
            f"/shipments/{world.shipment.id}/delivered",
            None,
        ),
        (
            "customer",
            "post",
            "/backorders/{number}/cancel",
            f"/backorders/{number}/cancel",
            {"reason_code": "too_late"},
        ),
        ("buyer", "get", "/products", "/products", None),
        ("supplier", "get", "/products", "/products", None),
        ("buyer", "get", "/products/{sku}", "/products/WIDGET", None),
        ("buyer", "get", "/suppliers", "/suppliers", None),
        ("buyer", "get", "/customers", "/customers", None),
        ("buyer", "get", "/warehouses", "/warehouses", None),
        ("buyer", "get", "/stock", "/stock", None),
    ]
    wrong = []
    for who, method, template, path, body in calls:
        answer = callers[who].get(path) if method == "get" else callers[who].post(path, body)
        assert answer.status_code < 300, (path, answer.text)
        documented = spec["paths"][f"/api/v1{template}"][method]["responses"][str(answer.status_code)]
        schema = documented["content"]["application/json"]["schema"]
        value = answer.get_json()
        assert value.get("items") != [], path
        wrong += [f"{who} {path}: {each}" for each in faults(spec, schema, value)]
    refused = callers["sales"].post("/orders", {})
    wrong += faults(spec, spec["components"]["schemas"]["ProblemOut"], refused.get_json())
    assert not wrong, "\n".join(wrong)
