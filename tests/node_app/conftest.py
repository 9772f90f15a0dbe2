"""The village that most tests of the node's pages begin with, and the admin at its keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_app.test_pages_kit import Browser, Desa, make_desa
from tests.support.federation import Federation


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    made = make_desa(tmp_path / "desa")
    yield made
    made.node.close()


@pytest.fixture
def siti(desa: Desa) -> Browser:
    return desa.browser("siti")


@pytest.fixture
def dunia(tmp_path: Path) -> Iterator[Federation]:
    """A hub, and two computers of one desa."""
    made = Federation(tmp_path)
    made.add_node("kantor")
    made.add_node("laptop")
    yield made
    made.close()
