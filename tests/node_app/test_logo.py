"""The logo: whatever is handed in becomes a small picture or a sentence; pages show it and ask for it once."""

from __future__ import annotations

import io
import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from node.logo.image import STORED_BYTES_MAX, UPLOAD_BYTES_MAX, read_logo
from node.services import open_node
from shared.errors import UserError
from shared.store.backup.make import back_up
from shared.store.backup.trial import unpack
from tests.node_app.test_pages_kit import Browser, Desa, read_text
from tests.support.federation import TestClock, seeded
from tests.support.pictures import draw_crest, draw_noise, encode


def open_png(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()
    return image


# What becomes of a file.


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_written_anew_as_a_small_png(kind: str) -> None:
    logo = read_logo(draw_crest(kind))
    image = open_png(logo.png)
    assert image.size == (logo.width, logo.height) == (165, 192) and len(logo.png) <= STORED_BYTES_MAX
    assert image.mode == ("RGB" if kind == "JPEG" else "RGBA"), "a transparent ground stays transparent"
    red, green, blue = image.convert("RGB").getpixel((82, 30))  # type: ignore[misc]
    assert red > 200 and green > 150 and blue < 90


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colour_is_read(mode: str) -> None:
    if mode == "I;16":
        grey = encode(Image.frombytes("I;16", (64, 64), (40_000).to_bytes(2, "little") * 64 * 64), "PNG")
    else:
        kind = "JPEG" if mode == "CMYK" else "PNG"
        grey = encode(Image.new("RGB", (64, 64), (156, 156, 156)).convert(mode), kind)
    found = open_png(read_logo(grey).png).convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(found, int) and abs(found - 156) < 12 or mode == "1"


def test_what_compresses_worst_is_small_enough_too() -> None:
    assert len(read_logo(draw_noise(900, 900)).png) <= STORED_BYTES_MAX


def test_a_photograph_stands_upright_and_tells_nothing_of_its_camera() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Kamera Rahasia"
    logo = read_logo(draw_crest("JPEG", (800, 400), exif=exif.tobytes()))
    assert logo.height == 2 * logo.width and b"Kamera" not in logo.png


def test_a_small_picture_is_not_blown_up() -> None:
    logo = read_logo(draw_crest(size=(48, 40)))
    assert (logo.width, logo.height) == (48, 40)


@pytest.mark.parametrize(("content", "sentence"), [
    (b"", "Pilih dulu"),
    (b"%PDF-1.7 surat", "bukan gambar PNG, JPEG, atau WebP"),
    (encode(Image.new("RGB", (64, 64)), "GIF"), "bukan gambar PNG, JPEG, atau WebP"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bukan gambar PNG, JPEG, atau WebP"),
    (draw_crest()[:1500], "rusak atau terpotong"),
    (draw_crest("JPEG")[:3000], "rusak atau terpotong"),
    (draw_crest("WEBP")[:1500], "rusak atau terpotong"),
    (draw_crest(size=(20, 200)), "terlalu kecil"),
    (draw_crest(size=(400, 60)), "terlalu panjang"),
    (encode(Image.new("1", (6000, 6000)), "PNG"), "terlalu besar"),
    (encode(Image.new("1", (14_000, 14_000)), "PNG"), "terlalu besar"),
    (b"\x89PNG" + bytes(UPLOAD_BYTES_MAX), "terlalu besar"),
])
def test_what_cannot_be_a_logo_is_told_apart(content: bytes, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_logo(content)


def test_broken_bytes_end_in_a_sentence_and_nothing_else() -> None:
    chance = random.Random(3)
    files = [draw_crest(kind, (90, 80)) for kind in ("PNG", "JPEG", "WEBP")]
    for _ in range(400):
        broken = bytearray(chance.choice(files))
        for _ in range(chance.randint(1, 5)):
            broken[chance.randrange(min(len(broken), 300))] = chance.randrange(256)
        try:
            read_logo(bytes(broken[: chance.randrange(40, len(broken) + 40)]))
        except UserError as error:
            assert error.kode.startswith("logo_")


# The pages.


def upload(browser: Browser, content: bytes) -> TestResponse:
    browser.get("/logo/")
    return browser.post("/logo/", {"logo": (io.BytesIO(content), "logo.png")})


def find_address(page: TestResponse) -> str:
    found = re.search(r'class="merek-logo" src="([^"]+)"', page.text)
    return found[1] if found else ""


def test_a_logo_is_on_every_page_from_then_on_and_also_before_the_login(desa: Desa) -> None:
    browser = desa.browser("siti")
    assert find_address(browser.get("/")) == "" and desa.browser(None).get("/logo/gambar").status_code == 404
    assert "Logo desa disimpan" in read_text(browser.follow(upload(browser, draw_crest())))
    stranger = desa.browser(None)
    for page in (browser.get("/"), browser.get("/penduduk/"), browser.get("/tidak-ada"), stranger.get("/masuk")):
        assert find_address(page).startswith("/logo/gambar?v=")
    answer = stranger.get(find_address(page))
    assert answer.mimetype == "image/png" and open_png(answer.data).size == (165, 192)
    assert "public" in answer.headers["Cache-Control"] and "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    old = stranger.get("/logo/gambar?v=0000000000")
    assert "max-age=0" in old.headers["Cache-Control"], "under a former address nothing may be kept"


def test_a_bad_file_leaves_the_former_logo(desa: Desa) -> None:
    browser = desa.browser("siti")
    upload(browser, draw_crest())
    before = find_address(browser.get("/"))
    refused = upload(browser, b"bukan gambar")
    assert refused.status_code == 400 and "bukan gambar PNG" in read_text(refused)
    assert find_address(refused) == before
    missing = browser.post("/logo/")
    assert missing.status_code == 400 and "Pilih dulu" in read_text(missing)


def test_a_logo_is_changed_and_taken_away(desa: Desa) -> None:
    browser = desa.browser("siti")
    upload(browser, draw_crest())
    first = find_address(browser.get("/"))
    upload(browser, draw_crest(size=(300, 300)))
    assert find_address(browser.get("/logo/")) not in ("", first)
    assert "dihapus" in read_text(browser.follow(browser.post("/logo/hapus")))
    assert find_address(browser.get("/")) == ""
    assert [row for row in audit(desa) if row.startswith("logo")] == ["logo_diganti", "logo_diganti", "logo_dihapus"]


def audit(desa: Desa) -> list[str]:
    with desa.node.database.read() as conn:
        return [row[0] for row in conn.execute("SELECT action FROM access_audit ORDER BY no")]


def test_only_an_admin_changes_it(desa: Desa) -> None:
    budi = desa.browser("budi")
    assert budi.get("/logo/").status_code == 403
    budi.get("/")
    assert budi.post("/logo/", {"logo": (io.BytesIO(draw_crest()), "a.png")}).status_code == 403
    assert budi.post("/logo/hapus").status_code == 403 and desa.node.logo is None


def test_a_logo_is_there_after_a_new_start_and_in_a_backup_but_not_in_the_log(desa: Desa, tmp_path: Path) -> None:
    with desa.node.database.read() as conn:
        before = conn.execute("SELECT count(*) FROM change").fetchone()[0]
    upload(desa.browser("siti"), draw_crest())
    logo = desa.node.logo
    assert logo is not None and desa.count("SELECT count(*) FROM change") == before
    made = back_up(desa.node, tmp_path / "salinan.cadangan", 0).path
    (tmp_path / "buka").mkdir()
    with closing(sqlite3.connect(unpack(made, lambda head: head.segel, tmp_path / "buka").database)) as conn:
        assert conn.execute("SELECT png FROM logo").fetchone()[0] == logo.png
    desa.node.close()
    again = open_node(tmp_path / "desa", clock=TestClock(), random=seeded("x"))
    assert again.logo == logo
    again.close()
