"""One page that everybody may read: statuses, words, keys, and whom to ask."""

from __future__ import annotations

from flask import Blueprint, Flask, g, render_template

from domain.backorder import Status
from domain.replenishment import LineStatus

desk = Blueprint("help", __name__)

BACKORDER_STATUSES = {
    Status.AWAITING_SUPPLY: "The goods are not here yet. The promised date says when they should be.",
    Status.PARTIALLY_ALLOCATED: "Some of it lies on the shelf for this order; the rest is still to come.",
    Status.ALLOCATED: "All of it lies on the shelf for this order.",
    Status.PICKING: "The warehouse is taking it off the shelf.",
    Status.PARTIALLY_SHIPPED: "Some of it is on its way; the rest is still to come.",
    Status.SHIPPED: "All of it is on its way.",
    Status.DELIVERED: "It has arrived.",
    Status.CANCELLED: "It will not be delivered any more. What was put aside is free again.",
}
LINE_STATUSES = {
    LineStatus.AWAITING_SUPPLIER: "The supplier has to say when, and how many.",
    LineStatus.AWAITING_BUYER: "The supplier's answer is outside what may be accepted by rule: a buyer decides.",
    LineStatus.CONFIRMED: "Date and quantity are agreed.",
    LineStatus.REJECTED: "The supplier can't deliver it. A buyer has to find another way.",
    LineStatus.PARTIALLY_RECEIVED: "Some of it has arrived.",
    LineStatus.RECEIVED: "All of it has arrived.",
    LineStatus.CANCELLED: "It is not wanted any more.",
}
WORDS = {
    "Backorder": "The part of an order line that could not be delivered from stock when it was ordered.",
    "Requested date": "The day on which the customer wants the goods.",
    "Promised date": "The day we say the goods arrive. It may be revised; earlier promises stay on record.",
    "Original promise": "The first date that was promised. It never changes; being on time is measured by it.",
    "Commit": "A supplier's answer to a line: how many, and when.",
    "Tolerance": "By how many days or per cent a supplier's answer may differ and still be accepted by rule.",
    "Pegging": "Which supply is meant for which backorder. Soft may be re-planned; hard is decided on receipt.",
    "Allocation": "Putting arrived goods aside for an order: by priority, then first come, first served.",
    "Uncovered": "The part of a backorder that no supply is planned for. It waits for a person of ours.",
    "Reason code": "Why something happened, from a fixed list, so that it can be counted.",
}
KEYS = {
    "/": "Go to the search box",
    "j, k": "Next and previous row",
    "x": "Tick the row",
    "Enter": "Open the row",
}


def register(app: Flask) -> None:
    app.register_blueprint(desk)


@desk.get("/help")
def show() -> str:
    return render_template(
        "help/show.html",
        audience=_audience(),
        backorder_statuses=BACKORDER_STATUSES,
        line_statuses=LINE_STATUSES,
        words=WORDS,
        keys=KEYS,
    )


def _audience() -> str:
    user = g.get("user")
    if user is None:
        return "stranger"
    return "supplier" if user.supplier_id else "customer" if user.customer_id else "staff"
