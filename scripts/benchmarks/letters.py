"""The figures of letters: the PDF of an issued letter in a warm process, and from a form over HTTP to its picture."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import date
from random import Random

from benchmarks.line import Line, make_line
from node.cetak.cetakan import Look, make_pdf
from node.cetak.contoh import make_example
from shared.changelog.keys import SigningKey
from shared.surat.jenis import shipped
from shared.surat.tanda import seal_surat

PDF_S_MAX = 0.08
_DESA = "33.03.99.2001"
_DAY = date(2026, 11, 22)


def bench_surat() -> Iterator[Line]:
    """Measure every shipped letter with its QR, each with another number; the first page of a process is not counted."""
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
    yield make_line("surat-pdf", statistics.median(times_s[1:]), "s", PDF_S_MAX)
