"""Both sides as the checks of security see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.security import Side, make_hub_side, make_node_side


@pytest.fixture(scope="module", params=["node", "hub"])
def side(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    make = make_node_side if request.param == "node" else make_hub_side
    made = make(tmp_path_factory.mktemp("aman"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """The desa alone, for what the hub does not have."""
    made = make_node_side(tmp_path_factory.mktemp("kantor"))
    yield made
    made.database.close()
