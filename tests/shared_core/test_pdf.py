"""Prints: what a person typed stays text, the same data give the same bytes, and only shipped fonts are used."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from shared.pdf import apart
from shared.pdf.apart import typeset_apart
from shared.pdf.book import ROWS_AT_HAND_MAX, typeset_book
from shared.pdf.typeset import TypesetError, draw_pages, typeset

NOW_S = 1_795_300_000
HOSTILE = (
    "#sys.inputs", "#read(\"/etc/passwd\")", "$ x^2 $", "@sitasi", "<label>", "*tebal* _miring_", "= Judul", "- butir",
    "[isi] {blok} (kurung)", "\\u{41}", "{{ 7*7 }}", "{% for x in y %}", "${7*7}", "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>", "// komentar", "/* komentar */", "`kode`", "'; DROP TABLE surat; --", "~ -- ...",
    "https://contoh.desa.id/x", "]]>&amp;&#35;",
)


def book(**changed: Any) -> dict[str, Any]:
    block = {"atas": "Selakambang, 22 November 2026", "jabatan": "Kepala Desa", "nama": "SUTRISNO"}
    return {
        "judul": "Buku Induk Penduduk", "kolom": [{"rata": "tengah"}, {"lebar": 1}, {"lebar": 1}],
        "kepala": [[{"teks": "No", "tinggi": 2}, {"teks": "Nama", "lebar": 2}], ["Depan", "Belakang"]],
        "isi": [["1", "Siti", "Rahayu"]], "jumlah": [["", "Jumlah", "1"]], "kiri": block, "kanan": block,
        "kop": {"kabupaten": "Kabupaten Purbalingga", "kecamatan": "Kecamatan Kaligondang", "desa": "Desa Selakambang",
                "alamat": "Jalan Raya 1"},
        **changed,
    }


def read_text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def make_png(width: int = 40, height: int = 50) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (width, height), (0, 90, 40, 255)).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_same_data_give_the_same_bytes_and_another_date_others() -> None:
    first = typeset("buku", book(), timestamp_s=NOW_S, images={"logo": make_png()})
    assert typeset("buku", book(), timestamp_s=NOW_S, images={"logo": make_png()}) == first
    assert typeset("buku", book(), timestamp_s=NOW_S + 1, images={"logo": make_png()}) != first


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_person_typed_is_printed_as_text_and_never_run(text: str) -> None:
    shown = read_text(typeset("buku", book(isi=[["1", text, "x"]], judul=text), timestamp_s=NOW_S))
    plain = shown.replace("\n", "").replace(" ", "")
    assert text.replace(" ", "") in plain


def test_characters_that_turn_or_hide_what_follows_are_taken_out() -> None:
    shown = read_text(typeset("buku", book(isi=[["1", "Si\u202eti\x07\u200f", "a\tb"]]), timestamp_s=NOW_S))
    assert "Siti" in shown and "a b" in shown


def test_line_breaks_of_the_data_are_line_breaks_of_the_print() -> None:
    assert "Jalan A\nJalan B" in read_text(
        typeset("buku", book(isi=[["1", "Jalan A\r\nJalan B", "x"]]), timestamp_s=NOW_S)
    )


def test_only_the_shipped_fonts_are_used_and_they_travel_in_the_file() -> None:
    reader = PdfReader(io.BytesIO(typeset("buku", book(), timestamp_s=NOW_S)))
    names = {
        font.get_object()["/BaseFont"] for page in reader.pages for font in page["/Resources"]["/Font"].values()
    }
    assert names and all("LiberationSans" in name and "+" in name for name in names)


@pytest.mark.parametrize(("kertas", "mendatar", "size_mm"), [
    ("F4", False, (215, 330)), ("F4", True, (330, 215)), ("A4", False, (210, 297)), ("A4", True, (297, 210)),
])
def test_the_paper_has_the_size_that_was_asked_for(kertas: str, mendatar: bool, size_mm: tuple[int, int]) -> None:
    box = PdfReader(io.BytesIO(typeset("buku", book(kertas=kertas, mendatar=mendatar), timestamp_s=NOW_S))).pages[0]
    sides = tuple(round(float(side) * 25.4 / 72) for side in (box.mediabox.width, box.mediabox.height))
    assert sides == size_mm


def test_the_numbered_row_and_the_head_stand_on_every_page() -> None:
    reader = PdfReader(io.BytesIO(typeset(
        "buku", book(isi=[[str(n), "Siti", "Rahayu"] for n in range(150)]), timestamp_s=NOW_S
    )))
    assert len(reader.pages) > 2
    assert all("Belakang\n1 2 3" in page.extract_text().replace("\n2\n3", " 2 3") for page in reader.pages[:-1])


def test_a_picture_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="PNG or SVG"):
        typeset("buku", book(), timestamp_s=NOW_S, images={"logo": b"\xff\xd8\xff\xe0"})


def test_an_error_of_a_template_names_it_and_repeats_no_data() -> None:
    with pytest.raises(TypesetError, match="template buku") as caught:
        typeset("buku", book(kolom=[{"lebar": "Siti Rahayu"}]), timestamp_s=NOW_S)
    assert "Siti" not in str(caught.value)


def test_a_page_is_drawn_for_the_screen() -> None:
    pages = draw_pages("buku", book(), images={"logo": make_png()})
    assert len(pages) == 1 and Image.open(io.BytesIO(pages[0])).size[0] > 800


def test_many_threads_may_print_at_once() -> None:
    made: list[str] = []

    def work(name: str) -> None:
        made.extend(
            name for _ in range(3)
            if name in read_text(typeset("buku", book(isi=[["1", name, "x"]]), timestamp_s=NOW_S))
        )

    threads = [threading.Thread(target=work, args=(f"Orang{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == sorted(f"Orang{number}" for number in range(4) for _ in range(3))


# Large prints.

def test_a_print_made_apart_is_the_same_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A folder that is also called shared, as stands beside some checkouts, is not what the process imports.
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    images = {"logo": make_png()}
    made = typeset_apart("buku", book(), timestamp_s=NOW_S, images=images)
    assert made == typeset("buku", book(), timestamp_s=NOW_S, images=images)


def test_a_failure_apart_is_the_same_failure_and_repeats_no_data() -> None:
    with pytest.raises(TypesetError) as caught:
        typeset_apart("buku", book(isi="Siti Rahayu"), timestamp_s=NOW_S)
    assert "template buku" in str(caught.value) and "Siti" not in str(caught.value)


def refuse_process(*args: Any, **options: Any) -> None:
    raise OSError(12, "Cannot allocate memory")


def test_where_no_process_can_be_had_the_book_is_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart.subprocess, "run", refuse_process)
    rows = [[str(at), "a", "b"] for at in range(ROWS_AT_HAND_MAX + 1)]
    assert typeset_book(book(isi=rows), timestamp_s=NOW_S).startswith(b"%PDF")


def test_a_process_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_CODE", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(TypesetError, match="ended with -9"):
        typeset_apart("buku", book(), timestamp_s=NOW_S)
