"""*Periksa surat* on the node: open to everybody, answers proofs alone, and says nothing that helps a guesser."""

from __future__ import annotations

import json

import pytest

from node.commands import COMMANDS
from shared.changelog.keys import SigningKey
from shared.surat.tanda import seal_surat, write_kode, write_qr
from shared.web.periksa_surat import MISSES_MAX, WINDOW_S
from tests.node_app.test_pages_kit import NIK, Desa, read_text
from tests.support.letters import cancel, issue


def test_a_visitor_scans_a_letter_and_reads_what_to_compare(desa: Desa) -> None:
    _, seal = issue(desa.node, desa.petugas["siti"], nik=None, nama="KREYO SANTOSO")
    answer = desa.browser(None).get(write_qr(seal.teks, "http://localhost").removeprefix("http://localhost"))
    shown = read_text(answer)
    assert answer.status_code == 200 and "Asli." in shown and "500.2.2.4/1/2026" in shown and "K*** S***" in shown
    assert "Cocokkan nomor" in shown and "tidak tersertifikasi" in shown
    assert "KREYO" not in shown and "SANTOSO" not in shown and NIK not in shown


def test_the_form_takes_the_text_the_address_and_the_code(desa: Desa) -> None:
    _, seal = issue(desa.node, desa.petugas["siti"])
    browser = desa.browser(None)
    browser.get("/periksa-surat")
    for typed in (seal.teks, write_qr(seal.teks, "https://kecamatan.contoh.go.id"), write_kode(seal.kode).lower()):
        assert "Asli." in read_text(browser.post("/periksa-surat", teks=typed))


def test_a_cancelled_letter_is_told_with_its_day(desa: Desa) -> None:
    id, seal = issue(desa.node, desa.petugas["siti"])
    cancel(desa.node, desa.petugas["siti"], id)
    shown = read_text(desa.browser(None).get(f"/periksa-surat?s={seal.teks}"))
    assert "Sudah dibatalkan" in shown and "23 September 2026" in shown and "Menurut catatan desa itu per " in shown


def test_a_letter_of_another_key_is_unknown_and_shows_no_fact(desa: Desa) -> None:
    values = {"nomor": "7/palsu", "tanggal": "2026-09-22", "judul": "Surat", "nama": "X"}
    seal = seal_surat(values, desa.node.wilayah, SigningKey(bytes(range(32))), desa.node.random)
    shown = read_text(desa.browser(None).get(f"/periksa-surat?s={seal.teks}"))
    assert "Tidak dikenal" in shown and "7/palsu" not in shown


@pytest.mark.parametrize("typed", ["1", "500.2.2.4/1/2026", NIK, "SITI RAHAYU", "' OR 1=1 --", "0" * 26, "<script>"])
def test_a_number_a_name_or_a_guess_finds_nothing(desa: Desa, typed: str) -> None:
    issue(desa.node, desa.petugas["siti"])
    browser = desa.browser(None)
    browser.get("/periksa-surat")
    shown = read_text(browser.post("/periksa-surat", teks=typed))
    assert "S*** R***" not in shown and "Keterangan Usaha" not in shown


def test_whoever_asks_too_often_in_vain_waits_and_others_do_not(desa: Desa) -> None:
    _, seal = issue(desa.node, desa.petugas["siti"])
    client = desa.app.test_client()
    for _ in range(MISSES_MAX):
        assert client.get("/periksa-surat?s=salah").status_code == 400
    blocked = client.get(f"/periksa-surat?s={seal.teks}")
    assert blocked.status_code == 429 and "Tunggu 10 menit" in blocked.text
    other = {"REMOTE_ADDR": "192.168.1.77"}
    assert client.get(f"/periksa-surat?s={seal.teks}", environ_overrides=other).status_code == 200
    later_s = desa.clock.monotonic_s() + WINDOW_S
    desa.clock.monotonic_s = lambda: later_s  # type: ignore[method-assign]
    assert client.get(f"/periksa-surat?s={seal.teks}").status_code == 200


def test_the_command_says_the_same_in_one_object(desa: Desa) -> None:
    _, seal = issue(desa.node, desa.petugas["siti"])
    told = COMMANDS["periksa-surat"](desa.node, {"teks": seal.teks}, lambda _: None)
    assert told["hasil"] == "Asli" and told["surat"]["nama"] == "S*** R***" and "RAHAYU" not in json.dumps(told)
