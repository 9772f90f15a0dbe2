"""Decides what a file would change: three-way between the file, what it said last time, and what stands here.

Pure: rows and a snapshot in, a :class:`Plan` out; carrying it out is the business of ``apply``. What a clerk
has corrected by hand stays, an empty cell erases nothing, and who is missing from the file is only listed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from node.impor.check import CleanRow, Place
from node.impor.clean import Value
from node.impor.columns import BY_FIELD, COLUMNS
from node.impor.match import (
    Standing, Target, dusun_key, list_seen, match_dusun, match_families, match_persons,
)
from node.impor.merge import Conflict, merge_fields
from node.impor.penduduk import Bacaan
from node.impor.problems import CellProblem, Problem, blank, place_problem, reject, remind
from node.impor.queries import KINDS, BaseRow, BaseWrite, Snapshot
from shared.clock import IdMaker
from shared.codes import code_list
from shared.records.catalogue import Catalogue
from shared.records.fields import Kode
from shared.records.names import is_probable_misspelling

KEPALA_KELUARGA = 1
HIDUP = 1
TIDAK_VALID = 9
REQUIRED = ("nama", "jenis_kelamin", "tanggal_lahir")
"""What a new person needs at least."""

_COLUMN_ORDER = {column.name: at for at, column in enumerate(COLUMNS)}
_FAMILY_ADDRESS = ("alamat", "dusun", "rw", "rt")
# A column of addresses gives thousands of names; the reader has said so, and pairs would explode.
_NEW_DUSUN_MAX = 80

_KEPT = " Nilai di komputer ini dipertahankan."
SENTENCES: Mapping[str, str] = {
    "data_kurang": "{label} belum diisi, padahal wajib untuk orang baru. Isi, lalu impor lagi.",
    "kk_ganda_di_data": (
        "Nomor KK ini dipakai lebih dari satu keluarga di komputer ini. Perbaiki dahulu nomor yang salah, "
        "lalu impor lagi."
    ),
    "kk_dihapus": (
        "Keluarga dengan nomor KK ini sudah dihapus di komputer ini. Pulihkan keluarganya, lalu impor lagi."
    ),
    "dusun_dihapus": "Dusun ini sudah dihapus di komputer ini. Pilih dusun yang benar, lalu impor lagi.",
    "dusun_mirip": (
        "Dusun '{dusun}' belum ada di komputer ini dan mirip dengan '{lain}'; mungkin salah ketik. Dicatat "
        "sebagai dusun baru; samakan tulisannya bila dusunnya sama."
    ),
    "bentrok": "{label} di komputer ini: {sini}." + _KEPT,
    "bentrok_kosong": "{label} di komputer ini sudah dikosongkan." + _KEPT,
    "bentrok_verval": "{label} di komputer ini sedang menunggu verval." + _KEPT,
}
"""What the planner says of a cell, by code; see ``messages`` and ``match`` for the rest."""


class Write(NamedTuple):
    """One record to create, or the fields of one to change."""

    kind: str
    record: str
    values: dict[str, Any]
    is_new: bool


@dataclass(frozen=True)
class Plan:
    """What an import will do. ``writes`` stand in dependency order, ``problems`` in the order of the file.

    ``is_partial``: who is not in the file is not missed. ``absent`` are living people whom the source named
    before and not now; ``refused`` the rows that the planner keeps out, beside those that the reader has.
    ``uneventful`` are people who die, leave or return by this file alone, without an event.
    ``counts``: rows read, new, changed, unchanged and refused, rows that lost a cell, conflicting cells, absent
    people, families and dusun.
    """

    source: str
    is_partial: bool
    bacaan: Bacaan
    stamp: str
    writes: list[Write]
    base: list[BaseWrite]
    stale: list[tuple[str, str]]
    problems: list[Problem]
    counts: dict[str, int]
    absent: list[str]
    refused: frozenset[Place]
    uneventful: list[str] = field(default_factory=list)


def make_plan(
    bacaan: Bacaan, rejected: Sequence[CleanRow], snapshot: Snapshot, *,
    catalogue: Catalogue, new_id: IdMaker, source: str, is_partial: bool = False,
) -> Plan:
    """Compare a file that was read with what stands here and with what the same source said last time.

    ``rejected`` are the rows that the reader keeps out, as far as they say who is meant. A part of the people
    (``is_partial``) is the word of the source on those in it and leaves its word on all others as it was.
    """
    return _Planner(bacaan, rejected, snapshot, catalogue, new_id, is_partial).plan(source)


class _Planner:
    def __init__(
        self, bacaan: Bacaan, rejected: Sequence[CleanRow], snapshot: Snapshot, catalogue: Catalogue,
        new_id: IdMaker, is_partial: bool,
    ) -> None:
        self.bacaan, self.snapshot, self.new_id, self.is_partial = bacaan, snapshot, new_id, is_partial
        self.kinds = {name: catalogue[name] for name in KINDS}
        self.letters = {raw.sheet: raw.column_letters for raw in bacaan.to_correct}
        self.known: dict[str, dict[str, tuple[str, BaseRow]]] = {
            name: {row.record: (key, row) for key, row in snapshot.base[name].items()} for name in KINDS
        }
        self.rejected = rejected
        self.values: dict[Place, dict[str, Any]] = {}
        self.dusun: dict[str, Target] = {}
        self.families: dict[str, Target] = {}
        self.keys: set[str] = set()
        self.gone: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.writes: list[Write] = []
        self.base: list[BaseWrite] = []
        self.stale: list[tuple[str, str]] = []
        self.problems: list[Problem] = []
        self.refused: dict[Place, CleanRow] = {}
        self.uneventful: list[str] = []

    def plan(self, source: str) -> Plan:
        matched = match_persons(self.bacaan.rows, self.snapshot, self.is_partial)
        self.keys.update(matched.keys.values())
        for row, name, kode, pesan in matched.refused:
            self._refuse(row, name, kode, pesan)
        for row, name, kode, pesan in matched.reminders:
            self._say(row, name, remind(kode, pesan))
        rows = [
            row for row in self.bacaan.rows
            if row.place in matched.found and self._is_sound(row, matched.found[row.place] is None)
        ]
        self._plan_dusun(rows)
        self._plan_families(rows)
        for row in rows:
            self._plan_person(row, matched.found[row.place], matched.keys[row.place])
        absent = self._list_absent({record for record in matched.found.values() if record is not None})
        return Plan(
            source, self.is_partial, self.bacaan, self.snapshot.stamp, self.writes, self.base, self.stale,
            self._sort_problems(), self._count(absent), absent, frozenset(self.refused),
            self.uneventful,
        )

    def _is_sound(self, row: CleanRow, is_new: bool) -> bool:
        """Tell whether a row may be written; keep its values but for what must first become a record id."""
        missing = [name for name in REQUIRED if name not in row.values] if is_new else []
        for name in missing:
            pesan = SENTENCES["data_kurang"].format(label=BY_FIELD[name].label)
            self._refuse(row, name, "data_kurang", pesan)
        values: dict[str, Any] = dict(row.values)
        values.pop("no_kk", None)
        values.pop("dusun", None)
        problems = self.kinds["penduduk"].find_problems(values)
        for name, pesan in problems.items():
            self._refuse(row, name, "tidak_sah", pesan)
        self.values[row.place] = values
        return not missing and not problems

    def _plan_dusun(self, rows: Iterable[CleanRow]) -> None:
        first: dict[str, CleanRow] = {}
        for row in rows:
            if "dusun" in row.values:
                first.setdefault(str(row.values["dusun"]), row)
        self.dusun = match_dusun(first, self.snapshot, self.new_id)
        written: set[str] = set()
        for name, target in self.dusun.items():
            assert target.record is not None
            if target.standing is Standing.DIHAPUS:
                self.gone.add(target.record)
            elif target.record not in written:
                written.add(target.record)
                if target.standing is Standing.BARU:
                    self._create("dusun", target.record, {"nama": name})
                key = f"dusun:{dusun_key(name)}"
                before = self.snapshot.base["dusun"].get(key)
                self._keep_base("dusun", key, target.record, {"nama": name}, before)
        new = [name for name, target in self.dusun.items() if target.standing is Standing.BARU]
        if len(new) <= _NEW_DUSUN_MAX:
            for name in new:
                self._compare_dusun(name, first[name])

    def _compare_dusun(self, name: str, row: CleanRow) -> None:
        """Remind of a dusun here that a new name resembles, unless the reader has already said so."""
        if any(p.kode == "dusun_mirip" and p.value == name for p in self.bacaan.problems):
            return
        live = self.snapshot.live["dusun"]
        names = (live.get(record, "nama") or "" for record in live.rows)
        if (other := next((n for n in names if is_probable_misspelling(name, n)), None)) is not None:
            pesan = SENTENCES["dusun_mirip"].format(dusun=name, lain=other)
            self._say(row, "dusun", remind("dusun_mirip", pesan))

    def _plan_families(self, rows: Iterable[CleanRow]) -> None:
        members: dict[str, list[CleanRow]] = {}
        for row in rows:
            if "no_kk" in row.values:
                members.setdefault(str(row.values["no_kk"]), []).append(row)
        self.families = match_families(members, self.snapshot, self.new_id)
        self.keys.update(f"kk:{number}" for number in members)
        incomplete = {row.values.get("no_kk") for row in (*self.rejected, *self.refused.values())}
        for number, own in members.items():
            standing, record, _ = self.families[number]
            if record is None:
                continue
            if standing is Standing.DIHAPUS:
                self.gone.add(record)
                continue
            head = next((row for row in own if row.values.get("hubungan") == KEPALA_KELUARGA), None)
            theirs: dict[str, Any] = {"no_kk": number}
            # Where the head may stand in a rejected row or in no row of a part, a member's address must not
            # replace the head's.
            is_whole = not self.is_partial and number not in incomplete
            if head or standing is Standing.BARU or is_whole:
                source = (head or own[0]).values
                theirs |= {name: source[name] for name in _FAMILY_ADDRESS if name in source}
            self._plan_family(head or own[0], number, record, theirs, standing is Standing.BARU)

    def _plan_family(
        self, row: CleanRow, number: str, record: str, theirs: dict[str, Any], is_new: bool
    ) -> None:
        known = self.known["keluarga"].get(record)
        base = {} if known is None else known[1].values()
        if "dusun" in theirs:
            dusun = self.dusun[theirs.pop("dusun")].record
            if dusun not in self.gone or base.get("dusun") == dusun:
                theirs["dusun"] = dusun
        if is_new:
            self._create("keluarga", record, theirs)
        elif self._update("keluarga", record, theirs, base, row):
            self.counts["keluarga_berubah"] += 1
        self._keep_record("keluarga", f"kk:{number}", record, base, theirs, row.corrected)

    def _plan_person(self, row: CleanRow, record: str | None, key: str) -> None:
        known = None if record is None else self.known["penduduk"].get(record)
        base = {} if known is None else known[1].values()
        theirs = self.values[row.place]
        self._point_to_family(row, record, theirs, base)
        if "dusun" in row.values:
            dusun = self.dusun[str(row.values["dusun"])].record
            if dusun not in self.gone or base.get("dusun") == dusun:
                theirs["dusun"] = dusun
            else:
                self._say(row, "dusun", blank("dusun_dihapus", SENTENCES["dusun_dihapus"]))
        if record is None:
            record = self.new_id()
            theirs.setdefault("status_dasar", HIDUP)
            self._create("penduduk", record, theirs)
            self.counts["baru"] += 1
        else:
            is_changed = self._update("penduduk", record, theirs, base, row)
            self.counts["berubah" if is_changed else "tetap"] += 1
            if is_changed and self.writes[-1].values.get("status_dasar", TIDAK_VALID) != TIDAK_VALID:
                self.uneventful.append(record)
        corrected = row.corrected | ({"keluarga"} if "no_kk" in row.corrected else set())
        self._keep_record("penduduk", key, record, base, theirs, corrected)

    def _point_to_family(
        self, row: CleanRow, record: str | None, theirs: dict[str, Any], base: Mapping[str, Any]
    ) -> None:
        if "no_kk" not in row.values:
            return
        _, family, candidates = self.families[str(row.values["no_kk"])]
        if family is None:
            if record is None or self.snapshot.live["penduduk"].get(record, "keluarga") not in candidates:
                self._say(row, "no_kk", blank("kk_ganda_di_data", SENTENCES["kk_ganda_di_data"]))
        elif family in self.gone and base.get("keluarga") != family:
            self._say(row, "no_kk", blank("kk_dihapus", SENTENCES["kk_dihapus"]))
        else:
            theirs["keluarga"] = family

    def _create(self, kind: str, record: str, values: dict[str, Any]) -> None:
        self.writes.append(Write(kind, record, values, True))
        if kind != "penduduk":
            self.counts[f"{kind}_baru"] += 1

    def _update(
        self, kind: str, record: str, theirs: Mapping[str, Any], base: Mapping[str, Any], row: CleanRow
    ) -> bool:
        """Plan the change of one record and report its conflicts; tell whether anything changes."""
        if theirs.items() <= base.items():
            return False
        live = self.snapshot.live[kind]
        changed, conflicts = merge_fields(theirs, base, live, record, self.kinds[kind])
        for conflict in conflicts:
            self._report_conflict(kind, row, conflict)
        if changed:
            self.writes.append(Write(kind, record, changed, False))
        return bool(changed)

    def _report_conflict(self, kind: str, row: CleanRow, conflict: Conflict) -> None:
        name = "no_kk" if conflict.name == "keluarga" else conflict.name
        label = BY_FIELD[name].label + (" keluarga" if kind == "keluarga" and name != "no_kk" else "")
        sentence = "bentrok" if conflict.mine is not None else "bentrok_kosong"
        if conflict.is_disputed:
            sentence = "bentrok_verval"
        pesan = SENTENCES[sentence].format(label=label, sini=self._show(kind, conflict.name, conflict.mine))
        self._say(row, name, remind("bentrok", pesan))
        self.counts["bentrok"] += 1

    def _show(self, kind: str, name: str, value: Any) -> str:
        """Write a live value for a person: the label of a code, a dusun's name, a family's number."""
        spec = self.kinds[kind].fields[name]
        if isinstance(spec, Kode):
            return code_list(spec.daftar).label(value) or str(value)
        for pointed, title in (("dusun", "nama"), ("keluarga", "no_kk")):
            if name == pointed and value in self.snapshot.live[pointed].rows:
                return str(self.snapshot.live[pointed].get(value, title))
        return str(value)

    def _keep_record(
        self, kind: str, key: str, record: str, base: Mapping[str, Any], theirs: Mapping[str, Any],
        corrected: Set[str],
    ) -> None:
        """Remember what the source says of a record; where it is silent, what it said before.

        What a hand has corrected in the workbook of rejects is not the word of the source: the next whole
        file meets it as it meets a correction made on this computer.
        """
        key_before, before = self.known[kind].get(record, ("", None))
        if self.is_partial and key_before and key_before not in self.keys:
            # The rest of the source may go on calling the record as before: a family by its old number.
            key, corrected = key_before, {*corrected, "nik", "no_kk"}
        theirs = {name: value for name, value in theirs.items() if name not in corrected}
        if before is not None and key_before != key:
            self.stale.append((kind, key_before))
        if key_before == key and theirs.items() <= base.items():
            return
        self._keep_base(kind, key, record, {**base, **theirs}, before if key_before == key else None)

    def _keep_base(
        self, kind: str, key: str, record: str, values: Mapping[str, Any], before: BaseRow | None
    ) -> None:
        row = BaseRow(record, _encode(values))
        if row != before:
            self.base.append(BaseWrite(kind, key, *row))

    def _list_absent(self, found: set[str]) -> list[str]:
        if self.is_partial:
            return []
        live = self.snapshot.live["penduduk"]
        missing = [
            record for record in self.known["penduduk"]
            if record not in found and record in live.rows
            and live.get(record, "status_dasar") in (None, HIDUP)
        ]
        out_of_sight = (*self.rejected, *self.refused.values())
        seen = set(list_seen(out_of_sight, self.snapshot)) if missing and out_of_sight else set()
        return sorted(record for record in missing if record not in seen)

    def _count(self, absent: list[str]) -> dict[str, int]:
        read = self.bacaan.counts
        names = ("baru", "berubah", "tetap", "bentrok", "keluarga_baru", "keluarga_berubah", "dusun_baru")
        return {
            "dibaca": read["dibaca"], **{name: self.counts[name] for name in names},
            "ditolak": read["ditolak"] + len(self.refused), "dikosongkan": read["dikosongkan"],
            "tidak_ada_lagi": len(absent),
        }

    def _sort_problems(self) -> list[Problem]:
        rows = [row.place for row in self.bacaan.rows]
        # The head of a family need not be in a part of the people.
        read = [p for p in self.bacaan.problems if not (self.is_partial and p.kode == "tanpa_kepala")]
        names = dict.fromkeys(sheet for sheet, _ in (*((p.sheet, p.row) for p in read), *rows))
        sheets = {sheet: at for at, sheet in enumerate(names)}
        found = sorted(self.problems, key=lambda p: _COLUMN_ORDER[p.column])
        return sorted((*read, *found), key=lambda p: (sheets[p.sheet], p.row))

    def _refuse(self, row: CleanRow, name: str, kode: str, pesan: str) -> None:
        self._say(row, name if name in BY_FIELD else "nama", reject(kode, pesan))
        self.refused[row.place] = row

    def _say(self, row: CleanRow, name: str, problem: CellProblem) -> None:
        column = BY_FIELD[name].name
        letter = self.letters.get(row.sheet, {}).get(column, "")
        value: Value = row.values.get(name, "")
        self.problems.append(place_problem(problem, row.place, column, letter, str(value)))


def _encode(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
