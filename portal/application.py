"""Builds the web application from settings. Nothing happens at import."""

from __future__ import annotations

import uuid
from pathlib import Path

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from whitenoise import WhiteNoise

from portal import access, errors, health, live, presentation, request_log, security, shell
from portal.config import WEB_ROLE, Settings
from portal.database import db, engine_options
from portal.desks import DESKS

ROOT = Path(__file__).resolve().parent.parent

CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

#: Bytes of the largest upload that is read at all; the importers have limits of their own.
LARGEST_UPLOAD = 64 * 1024 * 1024

csrf = CSRFProtect()
#: Counts per process, so the limits are for one of `--workers` processes.
limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", default_limits=[])


def create_app(settings: Settings) -> Flask:
    app = Flask("portal", template_folder=str(ROOT / "templates"), static_folder=None)
    https = settings.base_url.startswith("https://")
    app.config.update(
        PROMISELINE=settings,
        SECRET_KEY=settings.secrets.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database(WEB_ROLE),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(16),
        MAX_CONTENT_LENGTH=LARGEST_UPLOAD,
        MAX_FORM_PARTS=20_000,
        MAX_FORM_MEMORY_SIZE=8 * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=https,
        WTF_CSRF_TIME_LIMIT=None,  # a form left open over lunch still works; the session bounds it
        WTF_CSRF_SSL_STRICT=False,  # pages behind signed links send no referrer; the token decides
        RATELIMIT_ENABLED=settings.environment != "test",
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # the way WSGI middleware is put on
        app.wsgi_app, root=str(ROOT / "portal" / "static"), prefix="static/", max_age=3600
    )
    app.add_url_rule("/static/<path:filename>", endpoint="static", build_only=True)  # WhiteNoise answers it
    db.init_app(app)
    app.before_request(_name_request)  # first, so that also what is refused has a name in the log
    request_log.register(app)
    csrf.init_app(app)
    limiter.init_app(app)
    app.after_request(_hide_signed_links)  # before Talisman, and so run after it
    Talisman(
        app,
        content_security_policy=CONTENT_SECURITY_POLICY,
        force_https=False,  # TLS ends at the proxy in front, where it is used at all
        session_cookie_secure=https,
        strict_transport_security=https,
        referrer_policy="same-origin",  # addresses of ours are nobody else's business
    )
    access.register(app)
    security.register(app, limiter)
    presentation.register(app, viewer_zone=shell.viewer_zone)
    shell.register(app)
    errors.register(app)
    health.register(app)
    live.register(app)
    for register in DESKS:
        register(app)
    return app


def _hide_signed_links(response: Response) -> Response:
    """Who has a signed link can use it: it goes into no referrer, no search engine and no shared cache."""
    if request.path.startswith(("/track/", "/reset-password/")):
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "no-store"
    return response


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if given.isascii() and 8 <= len(given) <= 64 and given.isprintable() else uuid.uuid4().hex
