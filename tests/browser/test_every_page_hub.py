"""Every page of the kecamatan, as every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from hub.app import make_hub_app
from hub.commands import make_hub
from running.processes import KECAMATAN
from shared.clock import SystemClock, system_random
from tests.browser.every_page import Visitor, check_with_scripts, crawl_all
from tests.browser.kecamatan import Kecamatan

ADMIN, WALI_DATA, CAMAT = (
    Visitor("hub", "ratna", "admin"), Visitor("hub", "bambang", "wali_data"), Visitor("hub", "hartono", "camat"),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application as an object, to ask for its routes and guards."""
    folder = tmp_path_factory.mktemp("peta") / "hub"
    services, _ = make_hub(folder, KECAMATAN, SystemClock(), system_random, is_practice=True)
    yield make_hub_app(services)
    services.close()


def test_every_page_of_an_admin_works_without_scripts_and_pleases_axe_with_them(
    kecamatan: Kecamatan, app: Flask, tmp_path: Path
) -> None:
    crawl = crawl_all(kecamatan, app, ADMIN, tmp_path, 2)
    check_with_scripts(kecamatan, app, ADMIN, crawl.seen)


@pytest.mark.parametrize("visitor", [WALI_DATA, CAMAT], ids=["wali-data", "camat"])
def test_every_page_of_the_other_roles_works_without_scripts(
    kecamatan: Kecamatan, app: Flask, tmp_path: Path, visitor: Visitor
) -> None:
    crawl_all(kecamatan, app, visitor, tmp_path, 3)


def test_no_log_line_has_a_number_of_a_person(kecamatan: Kecamatan) -> None:
    assert not re.search(r"[0-9]{16}", kecamatan.read_logs())
