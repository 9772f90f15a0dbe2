"""A long book: set in parts, joined, and on paper the same as one that was set in one go."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from shared.pdf import apart, book
from shared.pdf.apart import join_apart
from shared.pdf.book import ROWS_AT_ONCE_MAX, find_seam, typeset_book
from shared.pdf.typeset import TypesetError, typeset
from tests.shared_core.test_pdf import NOW_S, make_png, refuse_process

BLOCK = {"jabatan": "Kepala Desa", "nama": "SUTRISNO"}
LINES = (1, 1, 3, 1, 2)


def make_book(count: int, *, huge: int = -1, **more: Any) -> dict[str, Any]:
    """Make a book whose rows have one to three lines; row ``huge`` has as many as fill a page and a half."""
    rows = [
        [at, f"ORANG {at}", "\n".join(["Jalan Melati"] * (90 if at == huge else LINES[at % len(LINES)]))]
        for at in range(1, count + 1)
    ]
    return {
        "judul": "Buku B.1\nInduk Penduduk", "kolom": [{"lebar": 1}, {"lebar": 4}, {"lebar": 4}],
        "kepala": [["No", "Nama", "Alamat"]], "isi": rows, "jumlah": [["", "JUMLAH", str(count)]], "catatan": "Catatan",
        "kiri": BLOCK, "kanan": BLOCK, "keterangan": "Tahun 2026", "kaki": "Dicetak di Selakambang",
        "kop": {"kabupaten": "A", "kecamatan": "B", "desa": "C", "alamat": ""}, **more,
    }


def read_pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.fixture
def parts_of_90(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 90 rows, made in this process, which is faster; another test makes them where a desa does."""
    monkeypatch.setattr(book, "ROWS_AT_ONCE_MAX", 90)
    monkeypatch.setattr(apart.subprocess, "run", refuse_process)


@pytest.mark.usefixtures("parts_of_90")
@pytest.mark.parametrize(("count", "more"), [
    (91, {}), (270, {}), (270, {"kertas": "A4", "mendatar": False}), (238, {"kop": None, "jumlah": [], "catatan": ""}),
    # Rows that a page cuts in two: within a part, at its end, and at the end of all.
    (230, {"huge": 20}), (230, {"huge": 84}), (230, {"huge": 90}), (230, {"huge": 91}), (230, {"huge": 230}),
])
def test_every_page_is_what_it_would_be_in_one_go(count: int, more: dict[str, Any]) -> None:
    data = make_book(count, **more)
    images = {"logo": make_png()}
    whole = read_pages(typeset("buku", data, timestamp_s=NOW_S, images=images))
    joined = read_pages(typeset_book(data, timestamp_s=NOW_S, images=images))
    assert len(whole) > 1 and joined == whole
    for at, page in enumerate(joined, 1):
        assert f"Halaman {at} dari {len(joined)}" in page and ("SUTRISNO" in page) == (at == len(joined))


def test_a_long_book_is_one_file_and_leaves_no_memory_behind() -> None:
    """In a process of its own, for others of this one have printed before."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import json; from shared.pdf.book import typeset_book\n"
        "rss = lambda: int(open('/proc/self/statm').read().split()[1]) * 4096 // 2**20\n"
        "data = json.load(sys.stdin); start = rss(); told = []\n"
        "made = typeset_book(data, timestamp_s=1, report=lambda *so_far: told.append(so_far))\n"
        "assert not {'typst', 'pypdf'} & set(sys.modules)\n"
        "print(rss() - start, made.count(b'%PDF'), made.count(b'/Type /Page\\n'), told)"
    )
    root, data = str(Path(apart.__file__).parents[2]), make_book(ROWS_AT_ONCE_MAX + 30)
    done = subprocess.run([sys.executable, "-c", code, root], input=json.dumps(data), text=True,
                          capture_output=True, check=True)
    grown, files, pages, told = done.stdout.split(maxsplit=3)
    assert int(grown) < 15 and files == "1" and int(pages) > 10
    steps = json.loads(told.replace("(", "[").replace(")", "]"))
    assert len(steps) == 5 and steps == sorted(steps) and steps[0] == [0, 860] and steps[-1] == [859, 860]


@pytest.mark.usefixtures("parts_of_90")
def test_the_joined_file_bears_title_language_and_the_given_date_and_is_the_same_again() -> None:
    made = typeset_book(make_book(200), timestamp_s=NOW_S, images={"logo": make_png()})
    assert made == typeset_book(make_book(200), timestamp_s=NOW_S, images={"logo": make_png()})
    assert made != typeset_book(make_book(200), timestamp_s=NOW_S + 1, images={"logo": make_png()})
    reader = PdfReader(io.BytesIO(made))
    assert reader.metadata is not None and reader.metadata.title == "Buku B.1 Induk Penduduk"
    assert reader.metadata.creation_date is not None and reader.metadata.creation_date.timestamp() == NOW_S
    assert reader.root_object["/Lang"] == "id" and "/Metadata" not in reader.root_object


@pytest.mark.usefixtures("parts_of_90")
def test_who_is_told_of_progress_may_stop_the_work() -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        typeset_book(make_book(200), timestamp_s=NOW_S, report=stop)


def test_a_file_that_has_not_the_pages_that_stand_on_it_is_refused() -> None:
    made = typeset("buku", make_book(3), timestamp_s=NOW_S)
    assert len(read_pages(join_apart([made, made], 2))) == 2
    with pytest.raises(TypesetError, match="2 pages, 3 expected"):
        join_apart([made, made], 3)


@pytest.mark.parametrize(("places", "seam"), [
    ([(1, 90), (1, 120), (2, 40), (2, 60)], (2, 1)),
    ([(1, 90), (2, 40), (2, 60), (3, 40), (3, 60)], (3, 2)),
    # The rest of a row lies above the first row of page 3, so page 2 cannot end the part.
    ([(1, 90), (2, 40), (2, 60), (3, 55), (3, 60)], (1, 1)),
    # A page whole of one row: the next one begins two pages on.
    ([(1, 90), (2, 40), (4, 40.2)], (2, 3)),
    # No page begins with a whole row: all rows, and as many pages as the last one needs.
    ([(1, 90), (1, 120)], (2, 5)), ([(1, 90)], (1, 5)),
])
def test_a_part_ends_where_a_page_begins_with_a_whole_row(
    places: list[tuple[int, float]], seam: tuple[int, int]
) -> None:
    assert find_seam(places, 5) == seam
