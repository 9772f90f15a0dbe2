"""What an approval binds: all that a letter prints but its number and dates, and what was warned of beside it.

The typed draft alone does not say what is printed: the resident's data, the office, the signer and the template are
put in when the letter is issued. So an approval keeps what it has seen, and issuing compares. The day is no part of it
(an age counts as the date of birth), so the same data give the same digest on every computer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from node.penduduk.index import PeopleIndex
from node.services import NodeServices
from node.surat.facts import Gathered, is_number
from node.surat.peringatan import Peringatan, list_draft_warnings
from node.surat.rules import DISETUJUI, KONSEP, ISI_DISETUJUI, read_status, take_sidik
from shared.records.identifiers import mask_nik, mask_numbers
from shared.surat.isi import list_used

DATED = frozenset({"nomor", "hari", "tanggal_surat", "tahun", "berlaku_sampai"})
TEXT_MAX = 160
MARK_LETTERS = 16
_TEMPLATE, _WARNING = "templat", "peringatan"
_AGE, _BORN = "umur", "tanggal_lahir"
_EMPTY = "(kosong)"
_UNKNOWN = (
    "Persetujuan ini dibuat program yang lebih lama, yang belum mencatat isi yang disetujui. Periksa suratnya, lalu"
    " setujui lagi."
)


@dataclass(frozen=True)
class Baris:
    """One thing that is printed or warned of; ``teks`` as a screen may show it, ``tanda`` a digest of it whole."""

    nama: str
    label: str
    teks: str
    tanda: str


@dataclass(frozen=True)
class Lembar:
    """A letter as it stands before it is signed; ``sidik`` is the digest (64 hex) that an approval is for."""

    sidik: str
    baris: tuple[Baris, ...]

    def write(self) -> str:
        """Write what an approval keeps, as JSON; without the rows where they do not fit."""
        rows = [[one.nama, one.label, one.teks, one.tanda] for one in self.baris]
        for kept in (rows, []):
            text = json.dumps({"sidik": self.sidik, "baris": kept}, ensure_ascii=False, separators=(",", ":"))
            if len(text) <= KONSEP.fields[ISI_DISETUJUI].length_max:
                break
        return text


def read_lembar(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, gathered: Gathered, values: Mapping[str, Any]
) -> Lembar:
    """Make the sheet of a draft with what is to be warned of now."""
    return make_lembar(gathered, values, list_draft_warnings(node, conn, people, gathered.jenis, values))


def make_lembar(gathered: Gathered, values: Mapping[str, Any], warnings: Iterable[Peringatan]) -> Lembar:
    """Make the sheet of a draft; ``values`` are those of a ``konsep_surat``."""
    rows = {name: (label, text) for name, label, text in _list_printed(gathered)}
    for item in warnings:
        rows[f"{_WARNING} {item.teks}"] = ("Peringatan", item.teks)
    content = [take_sidik(values), *([name, text] for name, (_, text) in sorted(rows.items()))]
    sidik = sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
    return Lembar(sidik, tuple(
        Baris(name, label, _show(name, text), sha256(text.encode()).hexdigest()[:MARK_LETTERS])
        for name, (label, text) in rows.items()
    ))


def find_change(values: Mapping[str, Any], now: Lembar) -> str:
    """Say what of an approved draft is not as it was when it was approved; "" when all is, or it is not approved."""
    if read_status(values) != DISETUJUI:
        return ""
    sidik, before = _read(values.get(ISI_DISETUJUI))
    if not sidik:
        return _UNKNOWN
    if sidik == now.sidik:
        return ""
    told = list(_tell(before, {one.nama: one for one in now.baris})) if before else []
    return f"Sejak disetujui ada yang berubah: {'; '.join(told) or 'isi suratnya'}. Periksa lagi, lalu setujui lagi."


def tell_approved(text: str) -> str:
    """Write what an approval keeps for people, a line each."""
    return "\n".join(f"{one.label}: {one.teks or _EMPTY}" for one in _read(text)[1].values() if one.nama != _TEMPLATE)


def _tell(before: Mapping[str, Baris], now: Mapping[str, Baris]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if name.startswith(_WARNING):
            if old is None and new is not None:
                yield f"peringatan baru: {new.teks.rstrip('.')}"
            elif new is None and old is not None:
                yield f"peringatan ini sudah tidak ada: {old.teks.rstrip('.')}"
            continue
        # What another text of the template prints or leaves out is told by the template.
        if old is None or new is None or old.tanda == new.tanda:
            continue
        # The masked or shortened texts of two different ones may be the same.
        is_seen = old.teks != new.teks
        yield f"{new.label}: {old.teks or _EMPTY} → {new.teks or _EMPTY}" if is_seen else new.label


def _read(text: Any) -> tuple[str, dict[str, Baris]]:
    """Read what an approval keeps; what another program wrote and is none counts as nothing."""
    try:
        found = json.loads(text) if text else {}
        rows = [Baris(*map(str, row)) for row in found["baris"]]
        return str(found["sidik"]), {one.nama: one for one in rows}
    except (ValueError, TypeError, KeyError):
        return "", {}


def _list_printed(gathered: Gathered) -> Iterator[tuple[str, str, str]]:
    """List what is printed: name, label, text. The facts that the template uses, and what stands around its text."""
    facts, jenis = gathered.facts, gathered.jenis
    yield "nama", "Nama", gathered.nama
    for name, label in list_used(jenis):
        prefix, dot, last = name.rpartition(".")
        if last == _AGE and (prefix + dot + _BORN) in facts:
            name, label = prefix + dot + _BORN, label.replace("Umur", "Tanggal lahir")
        if name not in DATED:
            yield name, label, facts.get(name, "")
    signer = gathered.signer
    yield "penandatangan", "Penanda tangan", signer.nama if signer else ""
    yield "jabatan", "Jabatan penanda tangan", " ".join(gathered.lines)
    yield "nip_penandatangan", "NIP penanda tangan", signer.nip if signer else ""
    for name, label in (("alamat", "Alamat kantor"), ("telepon", "Telepon kantor"), ("email", "Surel kantor")):
        yield f"kop.{name}", label, str(gathered.office.get(name) or "")
    yield "judul", "Judul surat", jenis.judul
    yield "kertas", "Kertas", jenis.kertas
    yield "berlaku", "Masa berlaku", f"{jenis.berlaku} {jenis.satuan}" if jenis.berlaku else "tanpa batas"
    yield "camat", "Mengetahui camat", "ya" if jenis.mengetahui_camat else "tidak"
    yield _TEMPLATE, "Naskah templat surat", jenis.isi


def _show(name: str, text: str) -> str:
    if name == _TEMPLATE:
        return ""
    shown = mask_nik(text) if text and is_number(name) else mask_numbers(text)
    return shown if len(shown) <= TEXT_MAX else f"{shown[:TEXT_MAX]}…"
