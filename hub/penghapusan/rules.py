"""What may be asked to be erased, why, and in which words; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.changelog.change import Header, Op
from shared.errors import UserError
from shared.records.fields import Rujukan
from shared.records.kind import Kind

REASONS = {
    "permintaan": "Permintaan warga yang bersangkutan (UU 27/2022)",
    "salah_catat": "Data orang yang tidak seharusnya dicatat di sini",
    "tidak_perlu": "Data tidak diperlukan lagi untuk tujuan pencatatannya",
    "perintah": "Putusan pengadilan atau perintah pejabat berwenang",
}
NOTE_LENGTH_MAX = 200
KEPT_GROUPS = {"surat": frozenset(("surat", "batal"))}
"""Kinds that name a resident and stay: a letter that was issued is an archive, and its number is never given again."""
CASE_GROUPS = frozenset(("jawaban", "lampiran", "usulan", "camat"))
"""Groups of a case that hold words of people; its status stays, or nobody would know where it stands."""
_LONG_NUMBER = re.compile(r"(?:[0-9][ .\-]?){10,}", re.ASCII)


@dataclass(frozen=True)
class Target:
    """One record of which something is to be erased: the changes named by ``refs``, or all of it where empty."""

    desa: str
    kind: str
    record: str
    refs: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.refs

    def dump(self) -> list[Any]:
        return [self.desa, self.kind, self.record, list(self.refs)]


def dump_targets(targets: Iterable[Target]) -> str:
    """Write targets as text for the table of proposals."""
    return json.dumps([target.dump() for target in targets], separators=(",", ":"))


def load_targets(text: str) -> tuple[Target, ...]:
    """Read what :func:`dump_targets` wrote."""
    return tuple(Target(desa, kind, record, tuple(refs)) for desa, kind, record, refs in json.loads(text))


def check_reason(code: str, note: str) -> str:
    """Give the words of a reason as the verdict will carry them; UserError when it is none or names a number."""
    if code not in REASONS:
        raise UserError("Pilih alasannya dari daftar.", "alasan_kosong")
    note = " ".join(note.split())
    note = note[:1].upper() + note[1:]
    if len(note) > NOTE_LENGTH_MAX:
        raise UserError(f"Keterangan paling banyak {NOTE_LENGTH_MAX} huruf.", "alasan_panjang")
    if _LONG_NUMBER.search(note):
        raise UserError(
            "Keterangan tidak boleh memuat NIK, nomor KK, atau nomor orang: alasan ini tetap tersimpan.",
            "alasan_bernomor",
        )
    return f"{REASONS[code]}. {note}" if note else REASONS[code]


def names_person(kind: Kind) -> bool:
    """Tell whether the records of a kind point to a resident; the catalogue says so, of a new kind as well."""
    return any(isinstance(field, Rujukan) and field.kind == "penduduk" for field in kind.fields.values())


def may_go_whole(kind: Kind | None) -> bool:
    """Tell whether a record of a kind may go as a whole; of a case only what people typed in it goes."""
    if kind is None or kind.name in KEPT_GROUPS:
        return False
    return kind.name in ("penduduk", "keluarga") or names_person(kind)


def may_be_chosen(kind: Kind, header: Header) -> bool:
    """Tell whether one change of a record may be erased alone."""
    kept = KEPT_GROUPS.get(kind.name)
    if kept is not None:
        return header.op == Op.UPDATE and bool(header.groups) and kept.isdisjoint(header.groups)
    if kind.name != "kasus":
        return True
    return header.op == Op.UPDATE and bool(header.groups) and CASE_GROUPS.issuperset(header.groups)


def describe_op(op: str, groups: Iterable[str]) -> str:
    """Say in a word what a change did."""
    words: Mapping[str, str] = {Op.CREATE: "Dibuat", Op.DELETE: "Dihapus", Op.DECIDE: "Diputus kecamatan"}
    return words.get(op, "Diubah" if list(groups) else "Dikembalikan")
