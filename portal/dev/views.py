"""The mails that were sent, and every component on one page. Registered in development only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, render_template, request

from portal import access, showcase
from portal.config import Settings
from portal.database import utcnow
from portal.dev import maildir

desk = Blueprint("dev", __name__, url_prefix="/dev")

#: A mail's own page may style itself and show pictures it carries, and nothing else; its links open beside.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "frame-ancestors": "'self'",
    "sandbox": SANDBOX,
}


def register(app: Flask) -> None:
    settings: Settings = app.config["PROMISELINE"]
    if settings.development:
        app.register_blueprint(desk)


@desk.get("/mail")
def mails() -> str:
    recipient = request.args.get("to", "").strip()
    found = maildir.newest(access.settings().mail_folder, recipient)
    return render_template("dev/mails.html", mails=found, recipient=recipient)


@desk.get("/mail/<name>")
def mail(name: str) -> str:
    return render_template("dev/mail.html", mail=_mail(name), sandbox=SANDBOX)


@desk.get("/mail/<name>/html")
def mail_html(name: str) -> Response:
    html = _mail(name).html
    if html is None:
        abort(404)
    return Response(f'<base target="_blank">{html}', mimetype="text/html")


mail_html.talisman_view_options = {"content_security_policy": MAIL_POLICY}  # type: ignore[attr-defined]  # how Talisman is told


@desk.get("/components")
def components() -> Any:
    return render_template("dev/components.html", **showcase.context(utcnow()))


def _mail(name: str) -> maildir.Mail:
    return maildir.read(access.settings().mail_folder, name) or abort(404)
