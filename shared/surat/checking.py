"""Checks a letter against what this machine holds: reads the record and the keys, lets ``periksa`` judge."""

from __future__ import annotations

import sqlite3
from typing import Any

from shared.clock import Clock, format_time, today
from shared.codes import wilayah as codes
from shared.surat.fakta import name_kind, read_date, write_date
from shared.surat.periksa import Answer, Finding, judge
from shared.surat.queries import is_key, read_by_kode, read_keys
from shared.surat.tanda import Facts, Signed, name_key, read_tanda

COMPARE = (
    "Cocokkan nomor, tanggal, jenis, dan huruf awal nama dengan yang tercetak. Bila berbeda, QR itu milik surat lain"
    " yang ditempel atau disalin ke kertas ini: jangan terima suratnya."
)
PROVEN = frozenset({Finding.ASLI, Finding.BELUM_SAMPAI, Finding.KEDALUWARSA, Finding.DIBATALKAN})


def check_letter(conn: sqlite3.Connection, typed: str, clock: Clock) -> Answer:
    """Say what a scanned text or typed code is worth here and now; TandaError when it is neither."""
    proof = read_tanda(typed)
    record = read_by_kode(conn, proof.facts.kode if isinstance(proof, Signed) else proof)
    if record is not None and not is_key(record.values.get("kunci")):
        record = None  # written by hand or by another program: nothing that could be proven
    keys = []
    if isinstance(proof, Signed):
        keys = [key for key in read_keys(conn) if name_key(key.public) == proof.facts.kunci]
    return judge(proof, record, keys, today(clock).isoformat())


def describe_facts(facts: Facts) -> list[tuple[str, str]]:
    """Write proven facts as rows for a person: (label, text)."""
    place = codes.nama(facts.desa)
    kecamatan = codes.nama(facts.desa[:8])
    rows = [
        ("Nomor", facts.nomor), ("Tanggal", _date(facts.tanggal)), ("Jenis", facts.judul), ("Nama", facts.nama),
        ("Berlaku sampai", _date(facts.sampai)),
        ("Diterbitkan", f"{name_kind(facts.desa)} {place}, Kecamatan {kecamatan}" if place else facts.desa),
    ]
    return [(label, text) for label, text in rows if text]


def tell(answer: Answer, clock: Clock) -> dict[str, Any]:
    """Write an answer for a command: one JSON object in plain words."""
    told: dict[str, Any] = {
        "hasil": answer.finding.value, "kalimat": answer.kalimat, "menurut_data_pada": format_time(clock.now_s()),
    }
    if answer.batal:
        told["tanggal_batal"] = _date(answer.batal)
    if answer.facts is not None:
        told["surat"] = {label.lower(): text for label, text in describe_facts(answer.facts)}
        told["cocokkan"] = COMPARE
    return told


def write_cancelled(answer: Answer) -> str:
    """Write the day on which a letter was cancelled; "" when nobody has noted it."""
    return _date(answer.batal)


def _date(text: str) -> str:
    found = read_date(text)
    return write_date(found) if found else ""
