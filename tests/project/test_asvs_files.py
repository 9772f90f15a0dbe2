"""The checks 30 and 31 of the security list: how large a file may be, and what it is (OWASP ASVS 5.0, chapter 5)."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

from PIL import Image

from shared.web.headers import CONTENT_SECURITY_POLICY
from tests.node_app.test_impor_reader import _bomb, cut_declared_size
from tests.node_app.test_pages_desa import finish_jobs
from tests.shared_core.test_images import opened, picture, png_that_says
from tests.support.security import Client, Side

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class Watched(io.RawIOBase):
    """A body that goes on for ever and counts what is read of it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.taken += len(buffer)
        return len(buffer)


def make_archive(entries: int) -> bytes:
    """Pack a workbook beside many files of nothing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        for number in range(entries):
            archive.writestr(zipfile.ZipInfo(str(number)), b"")
    return stream.getvalue()


def send(side: Side, client: Client, page: str, path: str, field: str, data: bytes, name: str) -> tuple[int, str]:
    """Send a file in its form; give the status and the page that tells of it in the end."""
    client.get(page)
    head = 'Content-Disposition: form-data; name="'
    body = (
        f'--BATAS\r\n{head}csrf_token"\r\n\r\n{client.token}\r\n--BATAS\r\n{head}{field}"; filename="{name}"\r\n\r\n'
    ).encode() + data + b"\r\n--BATAS--\r\n"
    # Written by hand: the test client leaves the file open in which it puts a long form.
    with client.http.post(path, data=body, content_type="multipart/form-data; boundary=BATAS") as answer:
        target = answer.headers.get("Location", "")
        if not target:
            return answer.status_code, answer.text
    if side.desa is not None:
        finish_jobs(side.desa)
    told = client.get(target)
    return told.status_code, told.text


def test_asvs_30_what_is_too_large_is_refused_before_it_is_read(side: Side) -> None:
    admin = side.client("admin")
    most = side.app.config["MAX_CONTENT_LENGTH"]
    paths = {path for _, path, guard in side.rules("POST") if guard.admits("admin")} - {"/keluar"}
    assert most <= 26_000_000 and len(paths) > 20
    limit = max([most, *side.app.config["BIG_UPLOADS"].values()])
    for path in sorted(paths):
        body = Watched()
        over = {
            "wsgi.input": io.BufferedReader(body), "CONTENT_LENGTH": str(limit + 1),
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
        }
        with admin.http.post(path, environ_overrides=over) as answer:
            assert answer.status_code == 413 and body.taken <= 1 << 20, (path, answer.status_code, body.taken)
            assert "terlalu besar" in answer.text and "Traceback" not in answer.text


def test_asvs_30_an_archive_is_refused_by_what_it_says_and_by_what_it_is(side: Side) -> None:
    page, path = ("/impor/", "/impor/periksa") if side.name == "node" else ("/sipande/sasaran", "/sipande/sasaran")
    files = {
        "bomb": _bomb(), "false size": cut_declared_size(_bomb(), "xl/worksheets/sheet1.xml", 2_000),
        "100,000 entries": make_archive(100_000),
    }
    admin = side.client("admin")
    for what, data in files.items():
        begun = time.monotonic()
        status, told = send(side, admin, page, path, "berkas", data, "warga.xlsx")
        assert status == 400 and re.search("terlalu besar|lebih besar daripada|rusak|tidak dapat dibaca", told), (
            what, status,
        )
        assert time.monotonic() - begun < 20, what


def list_kept(side: Side) -> list[Path]:
    folder = side.shell.folder.path
    return sorted(path for path in folder.rglob("*") if path.is_file() and "lampiran" in path.parts)


def photos_of(office: Side) -> str:
    """Pictures are taken by a desa alone; the hub shows what it was sent (hub_app/test_pages_lampiran.py)."""
    assert office.desa is not None
    return f"/penduduk/{office.desa.ayah}/foto"


def test_asvs_31_a_file_is_what_its_bytes_are_and_no_picture_is_kept_as_it_came(office: Side) -> None:
    client, photos, before = office.client("operator"), photos_of(office), list_kept(office)
    refused = {
        "foto.svg": SVG, "foto.jpg": SVG, "foto.png": b"<html><script>alert(1)</script>",
        "foto.gif": picture(format="GIF"),
        "foto.jpeg": b"GIF89a<?php system($_GET[0]); ?>", "bom.png": png_that_says(60_000, 60_000),
    }
    for name, data in refused.items():
        assert send(office, client, photos, photos, "foto", data, name)[0] == 400, name
    assert list_kept(office) == before
    # A real picture that is also a page: the picture alone is kept, under a name that nobody chose.
    both = picture(300, 200, format="JPEG", comment=b"<script>alert(2)</script>") + b"<script>alert(3)</script>"
    assert send(office, client, photos, photos, "foto", both, "../../pekerja.php")[0] == 200
    (kept,) = set(list_kept(office)) - set(before)
    assert re.fullmatch(r"[0-9a-f]{60,64}", kept.name) and b"script" not in kept.read_bytes()
    assert opened(kept.read_bytes()).format == "JPEG"
    with office.database.read() as conn:
        assert "pekerja.php" not in "".join(conn.iterdump())


def test_asvs_31_a_picture_is_handed_out_as_one_and_runs_nowhere(office: Side) -> None:
    client, photos = office.client("operator"), photos_of(office)
    stream = io.BytesIO()
    Image.new("RGB", (50, 50), (1, 2, 3)).save(stream, "PNG")
    assert send(office, client, photos, photos, "foto", stream.getvalue(), "foto.png")[0] == 200
    for query in ("", "?kecil=1"):
        with client.get(f"{photos}/gambar{query}") as answer:
            assert answer.mimetype == "image/jpeg" and answer.data.startswith(b"\xff\xd8\xff")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            # Shown on the page instead of as an attachment; no script of its own may run in it.
            assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    # No file of the data folder is reached by its name.
    for kept in list_kept(office):
        for base in ("/lampiran/", "/aset/", "/"):
            assert client.get(base + kept.name).status_code == 404
