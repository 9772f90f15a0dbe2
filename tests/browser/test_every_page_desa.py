"""Every page of the desa, as every role."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from node.app import make_node_app
from node.commands import make_node
from shared.clock import SystemClock, system_random
from tests.browser.crawler import AXE
from tests.browser.every_page import Visitor, check_with_scripts, crawl_all
from tests.browser.kecamatan import SELAKAMBANG, Kecamatan

ADMIN, OTHER = Visitor("node", "siti", "admin"), Visitor("node", "budi", "operator")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application as an object, to ask for its routes and guards."""
    services = make_node(tmp_path_factory.mktemp("peta") / "desa", SELAKAMBANG, "PC", SystemClock(), system_random)
    yield make_node_app(services)
    services.close()


def test_every_page_of_an_admin_works_without_scripts_and_pleases_axe_with_them(
    kecamatan: Kecamatan, app: Flask, tmp_path: Path
) -> None:
    crawl = crawl_all(kecamatan, app, ADMIN, tmp_path, 2)
    check_with_scripts(kecamatan, app, ADMIN, crawl.seen)


def test_every_page_of_the_other_role_works_without_scripts(
    kecamatan: Kecamatan, app: Flask, tmp_path: Path
) -> None:
    crawl_all(kecamatan, app, OTHER, tmp_path, 1)


def test_no_log_line_has_a_number_of_a_person(kecamatan: Kecamatan) -> None:
    assert not re.search(r"[0-9]{16}", kecamatan.read_logs())


def test_the_vendored_file_is_the_one_that_was_written_down() -> None:
    told = AXE.with_name("VENDOR.md").read_text(encoding="utf-8")
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() in told
