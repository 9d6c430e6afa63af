"""Every desk of the portal: who registers its pages with the application."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask

from portal.api import views as api
from portal.suppliers import views as suppliers

#: Each takes the application and adds its blueprint.
DESKS: Sequence[Callable[[Flask], None]] = (
    api.register,
    suppliers.register,
)
