"""The figures of letters: the PDF alone; a clerk's form over HTTP to its PDF; the editor to its drawn sheet."""

from __future__ import annotations

import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random

from benchmarks.browser import Browser, read_form
from benchmarks.line import Line, make_line
from benchmarks.villages import DESA, make_village
from node.cetak.cetakan import Look, make_pdf
from node.cetak.contoh import make_example
from running.processes import run_command, scratch, serving
from shared.changelog.keys import SigningKey
from shared.surat.jenis import shipped
from shared.surat.tanda import seal_surat

PDF_S_MAX, FORM_S_MAX = 0.08, 0.3
_EXAMPLE = "33.03.99.2001"
_DAY = date(2026, 11, 22)
_PASSWORD = "kuda lumping di sawah"
_ACCOUNT = ("bench", "--nama", "PETUGAS BENCH", "--peran", "admin")
_CHIEF = {"nama": "SUGENG RIYADI", "jabatan": "kades", "mulai": "2020-01-01", "boleh_tanda_tangan": True}
_PEOPLE, _FORM_ROUNDS = 5000, 25


def bench_surat() -> Iterator[Line]:
    """Measure PDF, form and editor; letters differ each time, so nothing comes from a cache of the typesetter."""
    yield make_line("surat-pdf", statistics.median(_time_pdfs()[1:]), "s", limit=PDF_S_MAX)
    with scratch() as base:
        folder = base / "desa"
        make_village(folder, DESA, _PEOPLE)
        run_command("sipande-node", folder, "akun", *_ACCOUNT, stdin=_PASSWORD + "\n")
        with serving("sipande-node", folder, "--tanpa-otomatis") as node:
            node.call("tulis", jenis="perangkat", id="", nilai=_CHIEF)
            browser = Browser(node.address)
            browser.log_in(_ACCOUNT[0], _PASSWORD)
            ways = [_issue_letter(browser, person) for person in _list_people(folder)][1:]
            draft_s, issue_s, pdf_s = (statistics.median(part) for part in zip(*ways))
            yield make_line(
                "surat-form", statistics.median(map(sum, ways)), "s", limit=FORM_S_MAX, konsep_s=round(draft_s, 3),
                terbit_s=round(issue_s, 3), pdf_s=round(pdf_s, 3),
            )
            yield make_line("surat-editor", statistics.median(_time_editor(browser)[1:]), "s", limit=FORM_S_MAX)


def _time_pdfs() -> list[float]:
    """Print every shipped letter twice, each with its own number and QR."""
    look, key, random = Look(None, "https://kecamatan.contoh.go.id"), SigningKey(bytes(range(32))), Random(7).randbytes
    times_s = []
    for number, jenis in enumerate((*shipped().values(), *shipped().values())):
        snapshot = make_example(jenis, _EXAMPLE, {"alamat": "Jalan Raya 1"}, _DAY)
        snapshot["nomor"] = f"{jenis.kode_arsip}/{number}/{_EXAMPLE}/XI/2026"
        seal = seal_surat({**snapshot, "berlaku_sampai": "2026-12-22"}, _EXAMPLE, key, random)
        snapshot |= {"kode": seal.kode, "tanda": seal.teks}
        begun_s = time.perf_counter()
        make_pdf(snapshot, is_concept=False, look=look)
        times_s.append(time.perf_counter() - begun_s)
    return times_s


def _list_people(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "data.sqlite")) as conn:
        return [row[0] for row in conn.execute(
            "SELECT id FROM penduduk WHERE status_dasar = 1 ORDER BY nama LIMIT ?", (_FORM_ROUNDS,)
        )]


def _issue_letter(browser: Browser, person: str) -> tuple[float, float, float]:
    """Send the form of a letter, approve and issue it, download its PDF, with the pages that lead on.

    Returns the seconds of draft, issue and PDF; the empty form is open already, as on a clerk's screen.
    """
    path = "/surat/baru/keterangan-domisili-usaha/isi"
    form = read_form(browser.get(f"{path}?penduduk={person}"), path)
    form |= {name: f"WARUNG {person[-6:]}" for name, value in form.items() if name.startswith("isian") and not value}
    sent = browser.post(path, {**form, "keperluan": "mengurus pinjaman usaha"})
    assert sent.status == 303, sent.status
    draft = browser.get(sent.headers["location"])
    assert f"WARUNG {person[-6:]}" in draft.text
    issued = browser.post(f"{sent.headers['location']}/setujui", read_form(draft, "/setujui"))
    assert issued.status == 303 and "/terbit/" in issued.headers["location"], issued.status
    page = browser.get(issued.headers["location"])
    pdf = browser.get(f"{issued.headers['location']}/surat.pdf")
    assert page.is_page and pdf.body.startswith(b"%PDF")
    return sent.wall_s + draft.wall_s, issued.wall_s + page.wall_s, pdf.wall_s


def _time_editor(browser: Browser) -> list[float]:
    """Hand in the editor of a template and read the page with the drawn sheet."""
    path = "/surat/templat/keterangan-usaha"
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)[-1]
    times_s = []
    for number in range(_FORM_ROUNDS):
        answer = browser.post(path, {
            "csrf_token": token, "aksi": "lihat", "nama": f"Surat Keterangan {number}", "kertas": "F4",
            "satuan": "bulan", "isi": f"Yang nomor {number}.\n[identitas]\nUntuk [keperluan].",
        })
        assert answer.status == 200 and "data:image/png" in answer.text, answer.status
        times_s.append(answer.wall_s)
    return times_s
