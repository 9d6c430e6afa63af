"""What gunicorn serves: `portal.wsgi:app`."""

from __future__ import annotations

from portal.application import create_app
from portal.config import Settings
from portal.logs import configure_logging

settings = Settings.load()
configure_logging("web")
app = create_app(settings)
