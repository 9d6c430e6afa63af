"""Addresses that leave the building: to a desk, or signed, to one backorder without signing in."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeTimedSerializer

from portal.config import Settings

#: Days for which a link in a customer's mail opens.
TRACKING_DAYS = 180


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secrets.secret_key, salt="promiseline.tracking")


def tracking_link(settings: Settings, backorder_number: str) -> str:
    return f"{settings.base_url}/track/{_signer(settings).dumps(backorder_number)}"


def tracked_backorder(settings: Settings, token: str) -> str | None:
    """The backorder a link was made for; None when it is forged or too old."""
    try:
        return str(_signer(settings).loads(token, max_age=TRACKING_DAYS * 86_400))
    except BadSignature:
        return None


def desk_link(settings: Settings, path: str) -> str:
    return f"{settings.base_url}{path}"
