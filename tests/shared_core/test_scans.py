"""Papers of several pages: one picture that can be read, from a scanner's PDF too, and never one that lacks a part."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.annotations import FreeText

from shared.errors import UserError
from shared.pdf.typeset import typeset
from shared.web.images import BYTES_MAX, PAGES_MAX, encode_image, encode_pages
from shared.web.scans import is_pdf, read_pages
from tests.shared_core.test_images import noise, opened, picture
from tests.shared_core.test_pdf import NOW_S, book
from tests.support.papers import A4_200_DPI, change_pdf, draw_page, make_scan

_FONT = b" BT /F1 12 Tf 40 40 Td "


def find_corner(image: Image.Image) -> str:
    """Tell in which corner a red mark stands."""
    width, height = image.size
    spots = {"kiri atas": (9, 9), "kanan atas": (width - 9, 9), "kiri bawah": (9, height - 9),
             "kanan bawah": (width - 9, height - 9)}
    red = [name for name, spot in spots.items() if image.convert("RGB").getpixel(spot)[0] > 170
           and image.convert("RGB").getpixel(spot)[1] < 90]
    assert len(red) == 1, red
    return red[0]


def test_pages_come_out_of_a_scanners_pdf_as_they_are() -> None:
    data = make_scan([draw_page(1, lines=3, mark="red"), draw_page(2, lines=3)])
    assert is_pdf(data) and not is_pdf(picture())
    pages = read_pages(data)
    assert len(pages) == 2 and all(page.startswith(b"\xff\xd8\xff") for page in pages), "no second loss"
    assert opened(pages[0]).size == A4_200_DPI and find_corner(opened(pages[0])) == "kiri atas"
    # Black and white, as offices scan: CCITT.
    (page,) = read_pages(make_scan([draw_page(1, lines=3)], "1"))
    ground = opened(page).convert("L")
    assert ground.size == A4_200_DPI and ground.getpixel((20, 20)) == 255 and ground.getextrema()[0] == 0


@pytest.mark.parametrize(("rotation", "corner"), [
    (90, "kanan atas"), (180, "kanan bawah"), (270, "kiri bawah"),
])
def test_a_page_that_was_turned_in_the_scanner_stands_upright(rotation: int, corner: str) -> None:
    (page,) = read_pages(change_pdf(make_scan([draw_page(1, lines=3, mark="red")]), rotation=rotation))
    assert find_corner(opened(page)) == corner


def test_a_picture_that_was_placed_upside_down_is_kept_as_the_page_shows_it() -> None:
    scan = change_pdf(make_scan([draw_page(1, lines=3, mark="red")]), before=b"-1 0 0 -1 595.44 842.04 cm")
    assert find_corner(opened(read_pages(scan)[0])) == "kanan bawah"


def test_what_a_scanner_or_an_app_adds_is_passed_over() -> None:
    scan = make_scan([draw_page(1, lines=3)])
    # Text for searching lies below the picture or is invisible; apps for telephones write their name.
    for content, before in (
        (b"3 Tr" + _FONT + b"(" + b"dibaca mesin " * 40 + b") Tj ET", b""),
        (b"", _FONT + b"(" + b"di bawah gambar " * 40 + b") Tj ET"),
        (_FONT + b"[(Dipindai dengan) -250 (CamScanner)] TJ ET", b""),
    ):
        assert len(read_pages(change_pdf(scan, content=content, before=before))) == 1


def make_marked() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(make_scan([draw_page(1, lines=3)])))
    writer.add_annotation(0, FreeText(text="Disposisi: hadir", rect=(50, 50, 200, 100)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def make_cases() -> dict[str, tuple[bytes, str]]:
    scan = make_scan([draw_page(1, lines=3)])
    empty = io.BytesIO()
    blank = PdfWriter()
    blank.add_blank_page(595, 842)
    blank.write(empty)
    return {
        "a letter of a word processor": (typeset("buku", book(), timestamp_s=NOW_S), "bukan satu gambar"),
        "text over a picture": (
            change_pdf(scan, content=_FONT + b"(" + b"isi surat " * 20 + b") Tj ET"), "Halaman 1 PDF ini bukan satu",
        ),
        "two layers": (change_pdf(scan, content=b"q 595 0 0 842 0 0 cm /image Do Q"), "bukan satu gambar"),
        "a small picture": (change_pdf(scan, before=b"0.5 0 0 0.5 0 0 cm"), "bukan satu gambar"),
        "mirrored": (change_pdf(scan, before=b"-1 0 0 1 595 0 cm"), "bukan satu gambar"),
        "askew": (change_pdf(scan, before=b"0.9 0.2 -0.2 0.9 0 0 cm"), "bukan satu gambar"),
        "a note on it": (make_marked(), "bukan satu gambar"),
        "an empty page": (empty.getvalue(), "PDF ini"),
        "locked": (change_pdf(scan, password="rahasia"), "kata sandi"),
        "damaged": (scan[:400], "tidak dapat dibaca"),
        "no PDF": (b"%PDF-1.7\n" + b"x" * 5000, "tidak dapat dibaca"),
        "too long": (make_scan([Image.new("L", (200, 280), 255)] * (PAGES_MAX + 1)), f"paling banyak {PAGES_MAX}"),
    }


def test_what_is_no_scan_is_refused_rather_than_kept_without_a_part() -> None:
    for name, (data, said) in make_cases().items():
        with pytest.raises(UserError) as told:
            read_pages(data)
        assert said in told.value.pesan, (name, told.value.pesan)


def test_pages_stand_below_each_other_and_can_still_be_read() -> None:
    pages = read_pages(make_scan([draw_page(1), draw_page(2)]))
    whole = encode_pages(pages)
    assert len(whole) <= BYTES_MAX
    made = opened(whole)
    assert made.height >= 2 * 900 and made.width >= 600, "two full pages of 12 pt print"
    assert encode_pages(pages[:1]) == encode_image(pages[0]), "one page is kept as it was before"
    short = opened(encode_pages(read_pages(make_scan([draw_page(at, lines=12) for at in range(PAGES_MAX - 2)]))))
    assert short.height >= (PAGES_MAX - 2) * 800


def test_pages_keep_their_order_and_shape() -> None:
    made = opened(encode_pages([picture(400, 200), picture(200, 400)]))
    assert made.size == (400, 603)
    assert made.getpixel((100, 100))[0] > 150 and made.getpixel((390, 500)) == (255, 255, 255)


def test_too_many_pages_are_refused_and_none_that_nobody_could_read_is_kept() -> None:
    with pytest.raises(UserError, match="paling banyak"):
        encode_pages([picture()] * (PAGES_MAX + 1))
    with pytest.raises(UserError, match="terlalu padat"):
        encode_pages([noise(1200, 1200)] * 3)
    with pytest.raises(UserError, match="bukan gambar"):
        encode_pages([picture(), b"bukan gambar"])
    with pytest.raises(UserError, match="Pilih dulu"):
        encode_pages([])
