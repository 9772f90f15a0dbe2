"""A federation for whoever needs one hub and adds the nodes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.federation import Federation


@pytest.fixture
def federation() -> Iterator[Federation]:
    """One hub, no nodes yet."""
    with tempfile.TemporaryDirectory(prefix="sipande-uji-") as folder:
        made = Federation(Path(folder))
        yield made
        made.close()
