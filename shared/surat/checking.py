"""Checks a letter against what this machine holds: reads the record and the keys, lets ``periksa`` judge."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.clock import Clock, format_time, today
from shared.codes import wilayah as codes
from shared.store.side import Side
from shared.surat.fakta import name_kind, read_date, write_date
from shared.surat.periksa import Answer, Finding, Key, judge
from shared.surat.queries import is_key, read_by_kode, read_keys
from shared.surat.tanda import Facts, Signed, name_key, read_tanda

COMPARE = (
    "Cocokkan nomor, tanggal, jenis, dan huruf awal nama dengan yang tercetak. Bila berbeda, QR itu milik surat lain"
    " yang ditempel atau disalin ke kertas ini: jangan terima suratnya."
)
NOW_S = 60
"""What is younger than this is called present."""
PROVEN = frozenset({Finding.ASLI, Finding.BELUM_SAMPAI, Finding.KEDALUWARSA, Finding.DIBATALKAN})


def check_letter(conn: sqlite3.Connection, typed: str, side: Side) -> Answer:
    """Say what a scanned text or typed code is worth here and as of when; TandaError when it is neither."""
    proof = read_tanda(typed)
    record = read_by_kode(conn, proof.facts.kode if isinstance(proof, Signed) else proof)
    if record is not None and not is_key(record.values.get("kunci")):
        record = None  # written by hand or by another program: nothing that could be proven
    keys = []
    if isinstance(proof, Signed):
        keys = [key for key in read_keys(conn) if name_key(key.public) == proof.facts.kunci]
    answer = judge(proof, record, keys, today(side.clock).isoformat())
    if answer.facts is None:
        return answer
    kunci = str(record.values["kunci"]) if record is not None else _find_signer(proof, keys)
    return replace(answer, known_s=side.find_known_s(conn, answer.facts.desa, kunci))


def _find_signer(proof: Signed | str, keys: Sequence[Key]) -> str:
    """Give the key that has signed a proof; it is among them where its facts are proven."""
    return next(key.public.hex() for key in keys if isinstance(proof, Signed) and proof.is_signed_by(key.public))


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
        "hasil": answer.finding.value, "kalimat": answer.kalimat, "diperiksa_pada": format_time(clock.now_s()),
    }
    if text := write_known(answer, clock):
        told |= {"menurut_data_pada": format_time(answer.known_s), "kalimat": f"{answer.kalimat} {text}"}
    if answer.batal:
        told["tanggal_batal"] = _date(answer.batal)
    if answer.facts is not None:
        told["surat"] = {label.lower(): text for label, text in describe_facts(answer.facts)}
        told["cocokkan"] = COMPARE
    return told


def write_known(answer: Answer, clock: Clock) -> str:
    """Write as of when an answer holds, and what would not be known here; "" where it speaks of no letter.

    What the desa has done since its last session is known to nobody but its own computer.
    """
    is_genuine = answer.finding is Finding.ASLI
    if answer.facts is None or answer.known_s is None and not is_genuine:
        return ""
    said = "Masih berlaku menurut" if is_genuine else "Menurut"
    if answer.known_s is None:
        return f"{said} catatan yang ada di sini. Kapan desa itu terakhir terhubung, tidak diketahui."
    is_old = is_genuine and clock.now_s() - answer.known_s >= NOW_S
    later = " Bila desa membatalkannya sesudah itu, di sini belum ketahuan." if is_old else ""
    return f"{said} catatan desa itu per {format_time(answer.known_s)}.{later}"


def write_cancelled(answer: Answer) -> str:
    """Write the day on which a letter was cancelled; "" when nobody has noted it."""
    return _date(answer.batal)


def _date(text: str) -> str:
    found = read_date(text)
    return write_date(found) if found else ""
