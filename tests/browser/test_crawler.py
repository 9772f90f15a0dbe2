"""The crawl itself: what it takes for a word, and what it does not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.crawler import find_english
from tests.browser.windows import open_window


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
