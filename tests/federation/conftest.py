"""A federation in memory-backed folders where the machine has them: commits wait for no disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.federation import Federation

SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def federation() -> Iterator[Federation]:
    """One hub, no nodes yet."""
    where = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sipande-uji-", dir=where) as folder:
        made = Federation(Path(folder))
        yield made
        made.close()
