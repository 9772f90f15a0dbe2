"""The help: every chapter is there, every page leads to its place in it, the first day is open to all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.hub_app.test_pages_site import SITI, HubSite, make_site
from tests.node_app.test_pages_kit import Desa, make_desa


@pytest.fixture(scope="module")
def desa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desa]:
    made = make_desa(tmp_path_factory.mktemp("panduan") / "desa")
    yield made
    made.node.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    made = make_site(tmp_path_factory.mktemp("panduan"))
    yield made
    made.close()


def check_chapters(client: object, text: str) -> None:
    slugs = re.findall(r'href="(/panduan/[a-z-]+)"', text)
    assert len(slugs) >= 5
    for path in slugs:
        page = getattr(client, "get")(path)
        assert page.status_code == 200 and page.text.count("<h1") == 1, path
        for anchor in re.findall(r'href="(/panduan/[a-z-]+)#([a-z-]+)"', page.text):
            assert f'id="{anchor[1]}"' in getattr(client, "get")(anchor[0]).text, anchor


def test_every_chapter_of_both_applications_opens(desa: Desa, site: HubSite) -> None:
    check_chapters(desa.browser("siti"), desa.browser("siti").get("/panduan/").text)
    client = site.client(SITI)
    check_chapters(client, client.get("/panduan/").text)


@pytest.mark.parametrize("side", ["node", "hub"])
def test_every_page_leads_to_a_place_that_is_there(desa: Desa, site: HubSite, side: str) -> None:
    client = desa.browser("siti").client if side == "node" else site.client(SITI)
    paths = {
        "node": ("/", "/penduduk/", "/penduduk/tambah", "/keluarga/", "/bantuan/", "/impor/", "/impor/riwayat",
                 "/tindakan/", "/sinkronisasi/", "/sinkronisasi/usb/", "/pengguna/", "/logo/", "/alamat", "/latihan/",
                 f"/penduduk/{desa.ayah}"),
        "hub": ("/", "/sipande", "/sipande/sasaran", "/sipande/penduduk", "/verval", "/program", "/simpul",
                "/akun/", "/akses", "/keamanan", "/keamanan/karantina", "/simpul/pendaftaran", "/usb"),
    }[side]
    for path in paths:
        found = re.search(r'class="bantuan-halaman" href="([^"#]+)(?:#([^"]+))?"', client.get(path).text)
        assert found, path
        assert f'id="{found[2]}"' in client.get(found[1]).text, (path, found[0])


@pytest.mark.parametrize("side", ["node", "hub"])
def test_before_the_login_only_the_first_day_is_open(desa: Desa, site: HubSite, side: str) -> None:
    client = desa.app.test_client() if side == "node" else site.client()
    login = client.get("/masuk").text
    assert "/panduan/hari-pertama" in login and "/sandi-baru" in login and "ikon.svg" in login
    assert client.get("/panduan/hari-pertama").status_code == 200
    assert client.get("/panduan/").status_code == client.get("/panduan/impor").status_code == 303


def test_an_unknown_chapter_is_not_found(desa: Desa) -> None:
    assert desa.browser("siti").get("/panduan/tidak-ada").status_code == 404
