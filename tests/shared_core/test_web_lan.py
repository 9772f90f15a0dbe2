"""The address of the office, and templates that are kept compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from shared.store.folder import DataFolder
from shared.web import lan
from shared.web.bytecode import TemplateStore


@pytest.mark.parametrize(("host", "url"), [
    ("127.0.0.1", None), ("::1", None), ("0.0.0.0", "http://192.168.7.9:8600"), ("10.1.2.3", "http://10.1.2.3:8600"),
    ("fd00::5", "http://[fd00::5]:8600"),
])
def test_only_a_server_for_the_office_has_an_address_there(
    host: str, url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lan, "find_lan_address", lambda: "192.168.7.9")
    folder = DataFolder(tmp_path)
    assert lan.find_office_url(folder) is None
    folder.write_server_file({"address": "http://127.0.0.1:8600", "host": host, "port": 8600})
    assert lan.find_office_url(folder) == url


def test_the_drawn_code_has_no_inline_style_and_fits_a_terminal() -> None:
    drawn = lan.draw_qr_svg("http://192.168.7.9:8600")
    assert drawn.startswith("<svg") and "viewBox" in drawn and "style" not in drawn and "<script" not in drawn
    assert max(map(len, lan.draw_qr_text("http://192.168.7.9:8600").splitlines())) <= 80


def _render(folder: Path, text: str = "Halo {{ nama }}") -> str:
    env = Environment(loader=DictLoader({"a.html": text}), bytecode_cache=TemplateStore(folder), autoescape=True)
    return env.get_template("a.html").render(nama="Sari")


def test_compiled_templates_are_kept_and_follow_their_source(tmp_path: Path) -> None:
    folder = tmp_path / "templat"
    assert _render(folder) == "Halo Sari"
    assert folder.stat().st_mode & 0o077 == 0
    (kept,) = folder.iterdir()
    assert _render(folder) == "Halo Sari" and list(folder.iterdir()) == [kept]
    assert _render(folder, "Hai {{ nama }}") == "Hai Sari"


@pytest.mark.parametrize("damage", [b"", b"x", b"j2\x80\x04."])
def test_a_damaged_or_missing_folder_of_templates_costs_nothing_but_time(tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "templat"
    _render(folder)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    for content in (damage, whole[:-9], whole[:60]):
        kept.write_bytes(content)
        assert _render(folder) == "Halo Sari"
    (tmp_path / "berkas").write_text("")
    assert _render(tmp_path / "berkas") == "Halo Sari"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8700", True), ("http://localhost", True), ("http://[::1]:8700", True),
        ("http://192.168.7.9:8700", False), ("https://hub.kecamatan.go.id", False), ("", False),
    ],
)
def test_an_address_of_this_machine_alone_is_recognised(url: str, expected: bool) -> None:
    assert lan.is_loopback(url) is expected
