"""Every desk of the portal: who registers its pages with the application."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask

from portal.admin import views as admin
from portal.api import views as api
from portal.auth import views as auth
from portal.dev import views as dev
from portal.fulfilment import views as fulfilment
from portal.help import views as help_page
from portal.imports import views as imports
from portal.ops import views as ops
from portal.orders import views as orders
from portal.planning import views as planning
from portal.service import views as service
from portal.suppliers import views as suppliers

#: Each takes the application and adds its blueprint.
DESKS: Sequence[Callable[[Flask], None]] = (
    api.register,
    imports.register,
    planning.register,
    suppliers.register,
    admin.register,
    auth.register,
    dev.register,
    help_page.register,
    ops.register,
    orders.register,
    service.register,
    fulfilment.register,
)
