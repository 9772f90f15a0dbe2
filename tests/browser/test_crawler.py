"""The crawl itself: what it takes for a word, and what it does not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from shared.surat.jenis import shipped
from tests.browser.crawler import FULLEST, Crawl, find_english, name_letter, shape_of
from tests.browser.windows import Window, open_window


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Simpan perubahan ini?", set()),
        ("Save or Simpan", {"save", "or"}),
        ("Tekan “Close”, lalu tunggu.", {"close"}),
        ("Kirim/Send atau unggah-upload", {"send", "upload"}),
        ("kunci 3be4-be, sidik a0:be:ff", set()),
        ("hub.uji+8cf70cc7+AfkP/be/3Q==", set()),
        ("berlaku sampai 2026.Next", set()),
        ("sampai 2026. Next", {"next"}),
    ],
)
def test_a_word_stands_alone_and_not_in_a_key(text: str, words: set[str]) -> None:
    assert find_english(text) == words


def test_what_is_shown_as_a_code_is_no_text_and_stays_on_the_page(browser: Browser) -> None:
    with open_window(browser, "http://127.0.0.1", scripts=False) as window:
        window.page.set_content(
            "<main><p>Sidik kunci: <span class=kode>be</span></p><p class=kata>or be</p><p class=kode-besar>the</p>"
            "<ol class=kode-kertas><li>and</li></ol><p>Simpan</p></main>"
        )
        assert window.look().text.split() == ["Sidik", "kunci:", "Simpan"]
        assert "or be" in window.text(), "hidden for the look only"


@pytest.mark.parametrize(
    ("path", "shape", "letter"),
    [
        ("/surat/templat", "/surat/templat", ""),
        ("/surat/templat/baru", "/surat/templat/baru", ""),
        ("/surat/templat/keterangan-usaha", "/surat/templat/*", "keterangan-usaha"),
        ("/surat/baru", "/surat/baru", ""),
        ("/surat/baru/baru-lahir?penduduk=1", "/surat/baru/*", "baru-lahir"),
        ("/surat/baru/keterangan-usaha/isi", "/surat/baru/*/isi", "keterangan-usaha"),
        ("/laporan/2026-09", "/laporan/*", ""),
        ("/laporan/2026-09/tutup", "/laporan/*/tutup", ""),
        ("/panduan/surat", "/panduan/surat", ""),
        ("/impor/riwayat/12", "/impor/riwayat/*", ""),
    ],
)
def test_letters_and_months_are_drawn_by_one_template(path: str, shape: str, letter: str) -> None:
    assert (shape_of(path), name_letter(path)) == (shape, letter)


def test_of_letters_the_first_and_the_fullest_are_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where other roles see one page of each shape."""
    links = [f"/surat/templat/{slug}{query}" for query in ("", "?contoh=1") for slug in shipped()]
    seen: list[str] = []

    def visit(self: Crawl, path: str) -> list[str]:
        seen.append(path)
        return links if path == "/" else []

    monkeypatch.setattr(Crawl, "visit", visit)
    with_nothing: Window = None  # type: ignore[assignment]
    Crawl(with_nothing, 1).run("/")
    assert len(seen) == 5 and seen[1] == links[0] and FULLEST <= {name_letter(path) for path in seen}
    fewest = min(len(shipped()[slug].isian) for slug in FULLEST)
    assert all(len(jenis.isian) <= fewest for slug, jenis in shipped().items() if slug not in FULLEST)
