"""Addresses that leave the building: to a desk, or signed, to one backorder without signing in."""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer

from portal.config import Settings

#: Days for which a link in a customer's mail opens.
TRACKING_DAYS = 180


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secrets.secret_key, salt="promiseline.tracking")


@dataclass(frozen=True)
class Tracked:
    """What a link opens. It names the customer, so that whoever opens it sees that customer's rows only."""

    customer_id: int
    backorder_number: str


def tracking_link(settings: Settings, opens: Tracked) -> str:
    token = _signer(settings).dumps([opens.customer_id, opens.backorder_number])
    return f"{settings.base_url}/track/{token}"


def opened_by(settings: Settings, token: str) -> Tracked | None:
    """What a link was made for; None when it is forged or too old."""
    try:
        customer_id, number = _signer(settings).loads(token, max_age=TRACKING_DAYS * 86_400)
    except BadSignature:
        return None
    return Tracked(customer_id, number)


def desk_link(settings: Settings, path: str) -> str:
    return f"{settings.base_url}{path}"
