"""The main menu: every page is of one of its areas and says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from shared.web.guards import UMUM
from shared.web.menu import find_area
from tests.support.security import Side, make_hub_side, make_node_side

OUTSIDE = {"saya", "panduan"}
"""Reached from the head and the foot of every page; the hub has its panduan in the menu."""


@pytest.fixture(params=[make_node_side, make_hub_side], ids=["desa", "kecamatan"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    made = request.param(tmp_path)
    yield made


def test_every_page_behind_the_login_is_of_one_area(side: Side) -> None:
    lost = set()
    with side.app.test_request_context():
        for endpoint, _, guard in side.rules("GET"):
            rule = next(side.app.url_map.iter_rules(endpoint)).rule
            if guard != UMUM and not find_area(rule) and endpoint.partition(".")[0] not in OUTSIDE:
                lost.add(endpoint)
    assert not lost


def read_marks(side: Side, role: str, *paths: str) -> list[tuple[str, str]]:
    """Open pages; give what the menu of each marks, and how."""
    client, found = side.client(role), []
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        menu = answer.text.partition('<nav class="menu"')[2].partition("</nav>")[0]
        marks = re.findall(r'aria-current="(\w+)">([^<]+)</a>', menu)
        assert len(marks) < 2 and menu, path
        found.append((marks[0][0], unescape(marks[0][1])) if marks else ("", ""))
    return found


def test_a_page_of_a_desa_marks_its_area(tmp_path: Path) -> None:
    paths = {
        "/": ("page", "Beranda"), "/cadangan": ("true", "Beranda"), "/logo/": ("true", "Beranda"),
        "/surat/": ("page", "Surat"), "/surat/agenda/": ("true", "Surat"), "/surat/baru": ("true", "Surat"),
        "/laporan/2026-10": ("true", "Laporan"), "/laporan/buku/B.1": ("true", "Laporan"),
        "/peristiwa/catat/mati": ("true", "Peristiwa"), "/keluarga/dusun": ("true", "Keluarga"),
        "/sinkronisasi/usb/": ("true", "Sinkronisasi"), "/periksa": ("true", "Sinkronisasi"),
        "/akun-saya": ("", ""), "/tidak-ada": ("", ""), "/periksa-surat": ("", ""),
    }
    assert read_marks(make_node_side(tmp_path), "admin", *paths) == list(paths.values())


def test_a_page_of_a_kecamatan_marks_its_area(tmp_path: Path) -> None:
    paths = {
        "/": ("page", "Beranda"), "/sipande/penduduk": ("true", "Sipande"), "/simpul/pendaftaran": ("true", "Simpul"),
        "/keamanan": ("true", "Simpul"), "/keamanan/periksa": ("true", "Simpul"), "/saksi": ("true", "Simpul"),
        "/lampid/pindahan": ("true", "LAMPID"), "/panduan/": ("page", "Panduan"), "/periksa-surat": ("", ""),
    }
    assert read_marks(make_hub_side(tmp_path), "admin", *paths) == list(paths.values())
