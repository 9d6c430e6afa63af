from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.portal.planning.world import World, make_world


@pytest.fixture
def world(session: Session) -> World:
    """A company in which everything has happened once."""
    return make_world(session)
