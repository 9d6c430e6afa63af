"""Puts the API together: its parts, its OpenAPI document, the page to read it in."""

from __future__ import annotations

from http import HTTPStatus

import marshmallow as ma
from flask import Flask, render_template, url_for
from flask_smorest import Api
from flask_smorest.utils import prepare_response

from portal.api import backorders, catalogue, fulfilment, imports, lines, orders, problems
from portal.api.calls import rate_limiter
from portal.api.fields import Number, Out, Quantity
from portal.services import idempotency

PARTS = (
    orders.blueprint,
    backorders.blueprint,
    lines.blueprint,
    fulfilment.blueprint,
    catalogue.blueprint,
    imports.blueprint,
)

ABOUT = """
Promiseline for programs. Send `Authorization: Bearer <token>`; `promiseline token create --user MAIL` makes a
token, and it may do what its user may.

* **Errors** are problem details (RFC 9457, `application/problem+json`); `errors` names each field.
* **Lists** come in pages: `?limit=` (1 to 200, 50 if not given) and `?cursor=` with the `next_cursor` of the
  page before. Rows that are added meanwhile neither shift nor repeat others.
* **Idempotency-Key**: a call that succeeded is not done again under its key; the same request gets the same
  status and body once more, with `Idempotency-Replayed: true`. Another request under the key is refused with
  422; one that comes while the first is under way waits for it, and gets 409 if that takes too long. A call
  that was refused changed nothing and is not remembered: mend it and send it again under its key.
* **ETag / If-Match**: an edit with `If-Match` is done only if the thing is still as it was read, else 412.
* **Quantities** are JSON numbers, or text where a program wants to be exact; dates are `YYYY-MM-DD`, instants
  are in UTC.
"""

HEADERS = {
    "IDEMPOTENCY_KEY": (
        idempotency.HEADER,
        "1 to 200 printable ASCII characters, new for each request that is meant to act.",
    ),
    "IF_MATCH": ("If-Match", "The ETag that was read; 412 when it is not the current one."),
    "IF_NONE_MATCH": ("If-None-Match", "The ETag that was read; 304 when nothing has changed since."),
}


class FaultOut(Out):
    field = ma.fields.String(metadata={"description": "The field that has to change: `lines.0.sku`."})
    code = ma.fields.String()
    message = ma.fields.String()


class ProblemOut(Out):
    type = ma.fields.String(metadata={"format": "uri"})
    title = ma.fields.String()
    status = ma.fields.Integer()
    detail = ma.fields.String()
    instance = ma.fields.String(metadata={"description": "The path that was called."})
    request_id = ma.fields.String(
        allow_none=True, metadata={"description": "Under this, the logs tell what happened."}
    )
    errors = ma.fields.List(ma.fields.Nested(FaultOut))


class PromiselineApi(Api):
    ERROR_SCHEMA = ProblemOut

    def _register_error_handlers(self) -> None:
        """Errors are handled in portal/api/problems.py; the pages keep theirs."""

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            if status >= 400:
                self._add_response(status.name, status.phrase)
        self._add_response(self.DEFAULT_ERROR_RESPONSE_NAME, "Anything else that went wrong")

    def _add_response(self, name: str, description: str) -> None:
        response = {"description": description, "schema": self.ERROR_SCHEMA()}
        prepare_response(response, self.spec, problems.MEDIA_TYPE)
        self.spec.components.response(name, response, lazy=True)

    def _register_etag_headers(self) -> None:
        for name, (header, description) in HEADERS.items():
            fields = {"name": header, "description": description, "schema": {"type": "string"}}
            self.spec.components.parameter(name, "header", fields, lazy=True)
        tag = {"description": "Of what is answered; give it back in If-Match.", "schema": {"type": "string"}}
        self.spec.components.header("ETAG", tag, lazy=True)


def register(app: Flask) -> None:
    app.config.update(
        API_TITLE="Promiseline",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
    )
    app.extensions["promiseline-api-rates"] = rate_limiter()
    api = PromiselineApi()
    api.register_field(Number, "number", None)
    api.register_field(Quantity, None, None)
    api.init_app(app, spec_kwargs={"info": {"description": ABOUT.strip()}, "security": [{"token": []}]})
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for part in PARTS:
        api.register_blueprint(part)
        app.extensions["csrf"].exempt(part)  # no cookie is looked at, so none can be ridden on
    problems.speak_everywhere(app)
    # Flask-Security would look for tokens of its own, parsing every JSON body that anybody sends.
    app.login_manager.request_loader(lambda request: None)  # type: ignore[attr-defined]  # put there by Flask-Login

    @app.get("/api/docs")
    def api_docs() -> str:
        """The API in words, to try out."""
        return render_template("api/docs.html", specification=url_for("api-docs.openapi_json"))
