"""What a phone installs, on both sides: manifest, worker that keeps the shell alone, page for no connection."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from shared.records.catalogue import CATALOGUE
from shared.records.fields import Nik, NoKk
from shared.surat.jenis import shipped
from shared.web import pwa
from tests.hub_app.test_pages_site import make_site
from tests.node_app.test_pages_kit import make_desa


@pytest.fixture(params=["desa", "kecamatan"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    if request.param == "desa":
        desa = make_desa(tmp_path / "desa")
        yield desa.app
        desa.node.close()
    else:
        site = make_site(tmp_path)
        yield site.app
        site.close()


def read_paths(text: str) -> list[str]:
    found = re.search(r"var KULIT = (\[.*?\]);", text)
    assert found
    paths: list[str] = json.loads(found[1])
    return paths


def test_the_manifest_names_the_place_and_icons_that_are_there(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/manifest.webmanifest")
    assert answer.status_code == 200 and answer.mimetype == "application/manifest+json"
    told = json.loads(answer.data)
    title = "Sipande Desa Selakambang" if app.import_name == "node" else told["name"]
    assert told["name"] == title and told["lang"] == "id" and told["display"] == "standalone"
    assert told["scope"] == "/" and client.get(told["start_url"]).status_code in (200, 303)
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
    for icon in told["icons"]:
        with client.get(icon["src"]) as drawn:
            image = Image.open(io.BytesIO(drawn.data))
        assert f"{image.width}x{image.height}" == icon["sizes"] and drawn.mimetype == icon["type"]
    page = client.get("/masuk").text
    assert 'rel="manifest" href="/manifest.webmanifest"' in page and f'content="{told["theme_color"]}"' in page


def test_what_is_for_everybody_holds_nothing_of_anybody_and_keeps_the_policy(app: Flask) -> None:
    client = app.test_client()
    for path in ("/manifest.webmanifest", "/pekerja.js", "/tak-terjangkau", "/terjangkau"):
        answer = client.get(path)
        assert answer.status_code in (200, 204) and "Set-Cookie" not in answer.headers, path
        policy = answer.headers["Content-Security-Policy"]
        assert "worker-src 'self'" in policy and "manifest-src 'self'" in policy and "script-src 'self'" in policy
        assert "csrf" not in answer.text and client.post(path).status_code == 405
    assert client.get("/terjangkau").headers["Cache-Control"] == "no-store"
    assert "Komputer kantor tidak terjangkau" in client.get("/tak-terjangkau").text


def test_the_worker_keeps_static_files_and_one_page_none_of_them_no_store(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/pekerja.js")
    assert answer.mimetype == "text/javascript" and answer.headers["Cache-Control"] == "no-store"
    paths = read_paths(answer.text)
    assert [path.split("?")[0] for path in paths] == [*(f"/aset/{name}" for name in pwa.SHELL), "/tak-terjangkau"]
    for path in paths:
        with client.get(path) as kept:
            assert kept.status_code == 200 and "no-store" not in kept.headers["Cache-Control"], path
            assert path.startswith("/tak") or re.search(r"\?v=[0-9a-f]{10}$", path)
    # Kept at the installation alone: nothing that is fetched later enters the cache.
    assert answer.text.count("cache.put") == 1 and 'request.method !== "GET"' in answer.text


def test_another_shell_has_another_version(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    first = client.get("/pekerja.js").text
    assert client.get("/pekerja.js").text == first
    monkeypatch.setattr(pwa, "SHELL", pwa.SHELL[:-1])
    assert client.get("/pekerja.js").text.splitlines()[2] != first.splitlines()[2]


LEFT_OUT = {
    # Numbers of people, also those that stand in a letter.
    "nik", "ayah_nik", "ibu_nik", "no_kk", "no_kk_baru", "isian_nik_anak", "isian_nik_ayah", "isian_nik_calon",
    "isian_nik_ibu", "isian_nik_pasangan", "isian_nik_pelapor", "isian_nik_pembeli",
    # Passwords, codes that open something, keys.
    "kata_sandi", "kata_sandi_lama", "kata_sandi_ulang", "bukti_sandi", "bukti_kode", "kode", "kunci", "kunci_lama",
    "kunci_pemulihan",
    # Searches, and the text of a QR that is checked: nothing that is saved.
    "teks", "no_kk_ada",
}
"""Every name of the product whose text is left out."""
KEPT = {
    "jenis_pindah", "isian_tanggal_pindah", "isian_tempat_nikah", "isian_tanggal_nikah", "isian_akta_nikah",
    # The code that a letter of moving shows openly, and that of an archive.
    "token", "isian_kode_pindah", "kode_arsip", "kode_alasan",
}
"""Names that look like one of those."""


def list_names() -> set[str]:
    """List what the fields of all forms are called into which text is typed or in which something is chosen."""
    names = {name for kind in CATALOGUE for name in kind.fields}
    names |= {f"isian_{one.nama}" for letter in shipped().values() for one in letter.isian}
    tag = re.compile(r"<(?:input|select|textarea)\b[^>]*?>")
    for tree in ("node", "hub", "shared"):
        for path in (Path(pwa.__file__).parents[2] / tree).rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            for drawn in tag.findall(text):
                found = re.search(r'\bname="([^"]+)"', drawn)
                if found and not re.search(r'type="(hidden|file|radio|checkbox|submit)"', drawn):
                    names.add(found[1])
            names |= set(re.findall(r'\bisian\(\s*"([^"]+)"', text))
    return names


def test_of_all_fields_of_all_forms_those_alone_are_left_out_that_were_judged_so() -> None:
    script = (Path(pwa.__file__).parent / "static" / "kantor.js").read_text(encoding="utf-8")
    found = re.search(r"var RAHASIA = /(.*?)/i", script)
    assert found
    names = list_names()
    assert {name for name in names if re.search(found[1], name, re.I)} == LEFT_OUT
    assert len(names) > 250 and names >= KEPT
    for kind in CATALOGUE:
        for name, field in kind.fields.items():
            if isinstance(field, (Nik, NoKk)):
                assert re.search(found[1], name), name
                assert re.search(found[1], f"o0-{name}"), "one of several people"
