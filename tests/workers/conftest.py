from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded import TemporalServer, start_temporal


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A dev server in memory, for tests that ask for it."""
    server = start_temporal(Path(tmp_path_factory.mktemp("temporal")))
    try:
        yield server
    finally:
        server.stop()
