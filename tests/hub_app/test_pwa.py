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


def test_numbers_of_people_are_marked_as_never_to_be_kept() -> None:
    script = (Path(pwa.__file__).parent / "static" / "kantor.js").read_text(encoding="utf-8")
    found = re.search(r"var RAHASIA = /(.*?)/i", script)
    assert found
    for kind in CATALOGUE:
        for name, field in kind.fields.items():
            if isinstance(field, (Nik, NoKk)):
                assert re.search(found[1], name), name
