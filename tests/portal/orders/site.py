"""The portal served to a real browser, with its forms protected as in production."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from portal.application import create_app
from portal.config import Settings
from portal.database import db
from portal.models import User


@dataclass(frozen=True)
class Site:
    address: str
    app: Flask
    settings: Settings
    session: Session

    def signed_in(self, email: str) -> dict[str, Any]:
        """What a browser's context is given to be signed in as somebody (see tests/browser.py)."""
        user = self.session.scalars(select(User).where(User.email == email)).one()
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        cookie = {
            "name": self.app.config["SESSION_COOKIE_NAME"],
            "value": signer.dumps({"_user_id": user.fs_uniquifier, "_fresh": True}),
            "domain": "127.0.0.1",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return {"storage_state": {"cookies": [cookie], "origins": []}, "base_url": self.address}


@contextmanager
def served(settings: Settings, session: Session) -> Iterator[Site]:
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    app.config["PROMISELINE"] = settings = replace(settings, base_url=address)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(address, app, settings, session)
    finally:
        app.extensions["promiseline_live"].close()
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.engine.dispose()
