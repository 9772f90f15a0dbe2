"""The check 21 of the security list: what was typed is text on every page, in letters, books and files (1.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from shared.records.fields import Panjang, Teks
from tests.node_app.test_pages_desa import finish_jobs
from tests.node_app.test_pages_kit import Desa, make_desa, read_form
from tests.node_app.test_pages_surat import compose, give_block, issue
from tests.support.security import Side, make_hub_side

HTML = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></textarea>"
TYPST = '#read("/etc/passwd") #panic[x] *t* _m_ $x$ <l> @r // k'
SPOILED = (HTML, TYPST)


class Judge(HTMLParser):
    """Notes what a browser would run or fetch although somebody has typed it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        runs = tag == "script" and not str(given.get("src", "")).startswith("/aset/")
        if runs or given.get("src") == "x" or any(name.startswith("on") for name in given):
            self.found.append(f"{tag} {given}")


def judge(text: str) -> list[str]:
    """List what is not inert on a page."""
    one = Judge()
    one.feed(text)
    return one.found


def crawl(client: Any, most: int = 220) -> dict[str, str]:
    """Follow all links; give the pages by address."""
    pages: dict[str, str] = {}
    left, shapes = ["/"], dict[str, int]()
    while left and len(pages) < most:
        path = left.pop(0)
        shape = re.sub(r"[0-9a-f-]{36}|\d+", "*", path.split("?")[0])
        shapes[shape] = shapes.get(shape, 0) + 1
        if path in pages or path.startswith(("/aset", "/panduan", "/ekspor", "/witness")) or shapes[shape] > 4:
            continue
        answer = client.get(path)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            pages[path] = answer.text
            left += [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"#]*)"', answer.text)]
        answer.close()
    return pages


@pytest.fixture(scope="module")
def desa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desa]:
    made = make_desa(tmp_path_factory.mktemp("ketikan") / "desa")
    give_block(made)
    yield made
    made.node.close()


def spoil(desa: Desa, kind: str, record: str, text: str, *names: str) -> None:
    """Type something into fields of a record, all that hold text unless some are named."""
    fields = desa.node.catalogue[kind].fields
    plain = [name for name, field in fields.items() if type(field) in (Teks, Panjang)]
    desa.change(kind, record, **{name: text[: fields[name].length_max] for name in names or plain})


def spoil_all(desa: Desa, text: str) -> None:
    """Type it into everything that people type about residents, places, programmes and the office."""
    for person in (desa.ayah, desa.ibu, desa.anak):
        spoil(desa, "penduduk", person, text)
    spoil(desa, "keluarga", desa.keluarga, text)
    spoil(desa, "dusun", desa.dusun, text, "nama")
    spoil(desa, "program_bantuan", desa.program, text, "nama", "keterangan")
    with desa.node.database.read() as conn:
        office = conn.execute("SELECT id FROM desa").fetchone()[0]
    desa.change("desa", office, kepala_desa=text[:100], alamat=text[:100])


@pytest.mark.parametrize("text", SPOILED, ids=("page", "print"))
def test_asvs_21_what_was_typed_about_a_desa_is_text_on_all_its_pages(desa: Desa, text: str) -> None:
    spoil_all(desa, text)
    browser = desa.browser("siti")
    pages = crawl(browser)
    assert {path: found for path, page in pages.items() if (found := judge(page))} == {}
    shown = [path for path, page in pages.items() if "alert(1)" in page or "panic" in page]
    assert len(pages) > 60 and len(shown) > 20
    assert {f"/penduduk/{desa.ayah}", f"/keluarga/{desa.keluarga}", "/laporan/buku/b1"} <= set(shown)


def read_words(pdf: bytes) -> str:
    """Read a print without spaces: lines are broken anywhere."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages))


@pytest.mark.parametrize("text", SPOILED, ids=("page", "print"))
def test_asvs_21_a_letter_says_what_was_typed_and_does_nothing_of_it(desa: Desa, text: str) -> None:
    spoil_all(desa, text)
    siti = desa.browser("siti")
    draft = compose(desa, siti, keperluan=text)
    letter = issue(desa, siti, draft)
    for path in (draft, letter, "/surat/agenda", "/surat/"):
        assert judge(siti.get(path).text) == [], path
    printed = read_words(siti.get(f"{letter}/surat.pdf").data)
    name = str(desa.value("penduduk", desa.ayah, "nama"))
    for typed in (text, name):
        # Quotes are set as a printer sets them.
        wanted = re.sub(r"[\s\"']", "", typed)[:60]
        assert wanted in re.sub(r"[\"'“”‘’]", "", printed), (wanted, printed[:1500])
    assert "root:" not in printed


@pytest.mark.parametrize("text", SPOILED, ids=("page", "print"))
def test_asvs_21_a_book_is_the_same_text_on_screen_in_a_table_and_in_print(desa: Desa, text: str) -> None:
    spoil_all(desa, text)
    siti = desa.browser("siti")
    for kode in ("b1", "b2", "b4", "b5"):
        page = siti.get(f"/laporan/buku/{kode}")
        assert judge(page.text) == [], kode
    for format in ("pdf", "xlsx"):
        form = read_form(siti.get("/laporan/buku/b1"), "/laporan/buku/b1/cetak")
        made = siti.follow(siti.post("/laporan/buku/b1/cetak", {**form, "format": format}))
        if made.mimetype == "text/html":
            finish_jobs(desa)
            made = siti.get(re.findall(r'href="(/laporan/unduh/[^"]+)"', siti.get(made.request.path).text)[0])
        wanted = re.sub(r"[\s\"']", "", text)[:25]
        if format == "pdf":
            assert wanted in re.sub(r"[\"'“”‘’]", "", read_words(made.data))
        else:
            cells = [str(cell) for row in CalamineWorkbook.from_filelike(BytesIO(made.data)).get_sheet_by_index(0)
                     .to_python() for cell in row]
            assert any(wanted in re.sub(r"[\s\"']", "", cell) for cell in cells)
            assert not any(cell.startswith("=") for cell in cells)


def test_asvs_21_what_a_desa_sends_is_text_on_the_pages_of_the_hub(tmp_path: Path) -> None:
    side: Side = make_hub_side(tmp_path)
    site, villages = side.site, side.villages
    assert site is not None and villages is not None
    for log in (villages.kantor, villages.lain):
        for number, text in enumerate(SPOILED):
            person = {
                "nama": text[:100], "alamat": text, "tempat_lahir": text[:100], "ayah_nama": text[:100],
                "ibu_nama": text[:100], "nik": f"330399010190777{number}", "tanggal_lahir": "1990-01-01",
                "jenis_kelamin": 1, "status_dasar": 1,
            }
            site.create(log, "penduduk", **person)
            site.create(log, "keluarga", cases=False, alamat=text)
            site.create(log, "dusun", cases=False, nama=text[:60])
            site.create(log, "program_bantuan", cases=False, nama=text[:100])
            site.create(log, "petugas", cases=False, nama=text[:100], peran="operator", aktif=True)
    admin = side.client("admin")
    pages = crawl(admin)
    assert {path: found for path, page in pages.items() if (found := judge(page))} == {}
    shown = [path for path, page in pages.items() if "alert(1)" in page]
    assert len(pages) > 30 and len(shown) > 5 and any(path.startswith("/verval/") for path in shown)
    side.database.close()
