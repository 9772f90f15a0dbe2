"""The figures of letters: the PDF of an issued letter in a warm process, and a form over HTTP to its drawn sheet."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

from benchmarks.browser import Browser
from benchmarks.line import Line, make_line
from node.cetak.cetakan import Look, make_pdf
from node.cetak.contoh import make_example
from running.processes import run_command, scratch, serving
from shared.changelog.keys import SigningKey
from shared.surat.jenis import shipped
from shared.surat.tanda import seal_surat

PDF_S_MAX, FORM_S_MAX = 0.08, 0.3
_DESA, _OFFICE = "33.03.99.2001", "33.03.04.2006"
_DAY = date(2026, 11, 22)
_PASSWORD = "kuda lumping di sawah"
_ACCOUNT = ("bench", "--nama", "PETUGAS BENCH", "--peran", "admin")
_FORM_ROUNDS = 15


def bench_surat() -> Iterator[Line]:
    """Measure PDF and form; letters differ each time, so nothing comes from a cache of the typesetter."""
    yield make_line("surat-pdf", statistics.median(_time_pdfs()[1:]), "s", limit=PDF_S_MAX)
    with scratch() as base:
        run_command("sipande-node", base / "desa", "init", "--desa", _OFFICE, "--nama", "BENCH")
        run_command("sipande-node", base / "desa", "akun", *_ACCOUNT, stdin=_PASSWORD + "\n")
        yield make_line("surat-form", statistics.median(_time_forms(base / "desa")[1:]), "s", limit=FORM_S_MAX)


def _time_pdfs() -> list[float]:
    """Print every shipped letter twice, each with its own number and QR."""
    look, key, random = Look(None, "https://kecamatan.contoh.go.id"), SigningKey(bytes(range(32))), Random(7).randbytes
    times_s = []
    for number, jenis in enumerate((*shipped().values(), *shipped().values())):
        snapshot = make_example(jenis, _DESA, {"alamat": "Jalan Raya 1"}, _DAY)
        snapshot["nomor"] = f"{jenis.kode_arsip}/{number}/{_DESA}/XI/2026"
        seal = seal_surat({**snapshot, "berlaku_sampai": "2026-12-22"}, _DESA, key, random)
        snapshot |= {"kode": seal.kode, "tanda": seal.teks}
        begun_s = time.perf_counter()
        make_pdf(snapshot, is_concept=False, look=look)
        times_s.append(time.perf_counter() - begun_s)
    return times_s


def _time_forms(folder: Path) -> list[float]:
    """Hand in the form of a template at a running office and read the page with the drawn sheet."""
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        browser = Browser(node.address)
        browser.log_in(_ACCOUNT[0], _PASSWORD)
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
