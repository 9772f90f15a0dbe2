"""What the whole app of a hub answers at the addresses of the protocol, where a program and no person asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_app.test_pages_site import HubSite, make_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = make_site(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/sync/v1/nothing"), ("GET", "/sync/v1/nothing"), ("POST", "/sync/v1/"), ("GET", "/sync/v1/hello"),
    ("PUT", "/sync/v1/push"), ("POST", "/sync/v1/blob/nothing"), ("POST", "/sync/v1/hello/more"),
])
def test_an_address_of_the_protocol_that_is_not_there_is_told_by_its_code(
    site: HubSite, method: str, path: str
) -> None:
    answer = site.app.test_client().open(path, method=method, data=b"")
    assert (answer.status_code, json.loads(answer.data)["code"]) == (404, "not_found")
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize("path", ["/nothing", "/sync", "/sync/v2/hello"])
def test_any_other_address_that_is_not_there_is_a_page(site: HubSite, path: str) -> None:
    answer = site.app.test_client().get(path)
    assert answer.status_code == 404 and "<html" in answer.text
