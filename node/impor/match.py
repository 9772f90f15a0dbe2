"""Finds which record of this desa a row means: the person, the family, the dusun. Pure.

What a source said last time comes first, so that a NIK corrected by hand does not double the person; then
the NIK; then, for people without one or whose NIK has changed, name, birth and mother. What could mean two
records means none: the row is refused with the reason, because a person can decide and a program cannot.

A whole file shows by its other rows who a row is not; a part of one does not, so less is believed there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, NamedTuple

from node.impor.check import CleanRow, Place, name_rows
from node.impor.clean import Value, clean
from node.impor.columns import BY_FIELD
from node.impor.queries import BaseRow, LiveTable, Snapshot
from shared.clock import IdMaker
from shared.codes.spelling import plain
from shared.records.names import normalise_name


SENTENCES: Mapping[str, str] = {
    "nik_ganda_di_data": (
        "NIK ini dipakai lebih dari satu orang di komputer ini. Perbaiki dahulu NIK yang salah di data "
        "penduduk, lalu impor lagi."
    ),
    "orang_kembar": (
        "Baris ini tidak bisa dibedakan dari {baris}: nama dan tanggal lahir sama, tanpa NIK dan tanpa nama "
        "ibu. Isi NIK atau nama ibu, lalu impor lagi."
    ),
    "orang_dua_baris": (
        "Baris ini dan {baris} menunjuk orang yang sama di komputer ini. Sisakan satu baris, atau perbaiki "
        "NIK-nya."
    ),
    "orang_ambigu": (
        "Tidak jelas orang yang mana: ada lebih dari satu orang dengan nama dan tanggal lahir ini. Isi NIK "
        "di berkas dan di komputer ini, lalu impor lagi."
    ),
    "orang_mungkin_sama": (
        "Di komputer ini ada orang dengan nama dan tanggal lahir yang sama, tetapi nama ibu salah satunya "
        "kosong. Isi nama ibu di berkas dan di komputer ini, lalu impor lagi."
    ),
    "nik_orang_lain": (
        "NIK ini milik orang lain di komputer ini: nama dan tanggal lahirnya berbeda. Perbaiki NIK-nya, lalu "
        "impor lagi."
    ),
    "orang_disamakan": (
        "Nama ibu hanya diisi di berkas atau di komputer ini, tetapi nama dan tanggal lahirnya sama, jadi "
        "dianggap orang yang sama. Periksa bila ragu."
    ),
    "nik_berbeda": (
        "NIK ini berbeda dengan NIK di komputer ini, tetapi nama, tanggal lahir, dan nama ibunya sama, jadi "
        "dianggap orang yang sama. Bandingkan dengan KK."
    ),
    "pernah_dihapus": (
        "Orang ini sudah dihapus di komputer ini, jadi tidak dimasukkan lagi. Bila memang masih ada, "
        "pulihkan dahulu datanya, lalu impor lagi."
    ),
}
"""Why a row is refused or should be looked at, by code."""


class Remark(NamedTuple):
    """Something to say of a row, and the field it stands at."""

    row: CleanRow
    name: str
    kode: str
    pesan: str


@dataclass
class Matched:
    """``found``: place → record id, None for a new person; a refused row is not in it."""

    keys: dict[Place, str] = field(default_factory=dict)
    found: dict[Place, str | None] = field(default_factory=dict)
    refused: list[Remark] = field(default_factory=list)
    reminders: list[Remark] = field(default_factory=list)


class Standing(Enum):
    """What a family number or a dusun's name means here."""

    ADA = "ada"
    BARU = "baru"
    DIHAPUS = "dihapus"
    GANDA = "ganda"


class Target(NamedTuple):
    """A record that rows point to: its id (new or not), or None where two could be meant."""

    standing: Standing
    record: str | None
    candidates: tuple[str, ...] = ()


def person_key(values: Mapping[str, Value]) -> str:
    """Name a person as a source names them: by NIK, else by name, birth and mother."""
    if nik := values.get("nik"):
        return f"nik:{nik}"
    mother = normalise_name(str(values.get("ibu_nama", "")))
    return f"orang:{normalise_name(str(values.get('nama', '')))}|{values.get('tanggal_lahir', '')}|{mother}"


def _full_key(values: Mapping[str, Value]) -> str:
    """Name a person by name, birth and mother; empty where one of them is not known."""
    if not all(name in values for name in ("nama", "tanggal_lahir", "ibu_nama")):
        return ""
    return person_key({name: value for name, value in values.items() if name != "nik"})


def match_persons(rows: Sequence[CleanRow], snapshot: Snapshot, is_partial: bool = False) -> Matched:
    """Find the record of every row; no record is found by two rows."""
    return _PersonMatcher(snapshot, is_partial).match(rows)


class _Likeness(NamedTuple):
    """A live person as they may be found by name."""

    record: str
    nama: str
    ibu: str
    nik: str | None


class PersonIndex:
    """Finds live people by birth date and normalised name; only the dates that are asked for are indexed."""

    def __init__(self, live: LiveTable) -> None:
        self._live = live
        self._by_birth: dict[Any, list[str]] | None = None
        self._seen: dict[Value, list[_Likeness]] = {}

    def find(self, nama: str, birth: Value) -> list[_Likeness]:
        """Give the people of a name (as the file has it) and a birth date."""
        born = self._born(birth)
        wanted = normalise_name(nama) if born else ""
        return [like for like in born if like.nama == wanted]

    def _born(self, birth: Value) -> list[_Likeness]:
        if self._by_birth is None:
            self._by_birth = self._live.group_by("tanggal_lahir")
        if birth not in self._seen:
            self._seen[birth] = [self._describe(record) for record in self._by_birth.get(birth, ())]
        return self._seen[birth]

    def _describe(self, record: str) -> _Likeness:
        nama, ibu = (normalise_name(self._live.get(record, name) or "") for name in ("nama", "ibu_nama"))
        return _Likeness(record, nama, ibu, self._live.get(record, "nik"))


class _PersonMatcher:
    def __init__(self, snapshot: Snapshot, is_partial: bool) -> None:
        self.is_partial = is_partial
        self.live = snapshot.live["penduduk"]
        self.base = snapshot.base["penduduk"]
        self.by_nik = self.live.group_by("nik")
        self.known = {base.record: base for base in self.base.values()}
        self.claimed: dict[str, CleanRow] = {}
        self.result = Matched()

    def match(self, rows: Sequence[CleanRow]) -> Matched:
        rows = self._key_rows(rows)
        weak, rest = self._match_base(rows)
        rest = self._match_nik(rest)
        self._match_weak(weak)
        self._match_names(rest)
        return self.result

    def _key_rows(self, rows: Sequence[CleanRow]) -> list[CleanRow]:
        """Give rows their keys; those that the next import could not tell apart are refused now."""
        keys = {row.place: person_key(row.values) for row in rows}
        counts = Counter(keys.values())
        if len(counts) < len(keys):
            twins: dict[str, list[CleanRow]] = defaultdict(list)
            for row in rows:
                if counts[keys[row.place]] > 1:
                    twins[keys[row.place]].append(row)
            for group in twins.values():
                for row in group:
                    self._refuse(row, "nama", "orang_kembar", *(o for o in group if o is not row))
            rows = [row for row in rows if counts[keys[row.place]] == 1]
        self.result.keys = keys
        return list(rows)

    def _match_base(self, rows: Iterable[CleanRow]) -> tuple[list[CleanRow], list[CleanRow]]:
        """Claim what the source called by the same key last time; give the doubtful rows and the others.

        Doubtful is a record that has another NIK by now: a row with that very NIK has the better claim.
        """
        weak: list[CleanRow] = []
        rest: list[CleanRow] = []
        for row in rows:
            base = self.base.get(self.result.keys[row.place])
            if base is None or base.record not in self.live.rows:
                rest.append(row)
            elif self.live.get(base.record, "nik") in (None, row.values.get("nik")):
                self._claim_or_refuse(row, base.record)
            else:
                weak.append(row)
        return weak, rest

    def _match_nik(self, rows: Iterable[CleanRow]) -> list[CleanRow]:
        rest: list[CleanRow] = []
        for row in rows:
            records = self.by_nik.get(row.values.get("nik"), ())
            if len(records) == 1:
                self._claim_or_refuse(row, records[0])
            elif records:
                self._refuse(row, "nik", "nik_ganda_di_data")
            elif self.result.keys[row.place] in self.base:
                self._refuse(row, "nama", "pernah_dihapus")
            else:
                rest.append(row)
        return rest

    def _match_weak(self, rows: Iterable[CleanRow]) -> None:
        for row in rows:
            record = self.base[self.result.keys[row.place]].record
            others = self.by_nik.get(row.values.get("nik"), ())
            if record in self.claimed and len(others) == 1:
                record = others[0]
            self._claim_or_refuse(row, record)

    def _match_names(self, rows: Sequence[CleanRow]) -> None:
        index = PersonIndex(self.live)
        choices = {row.place: self._list_alike(row, index) for row in rows}
        wanted = Counter(like.record for alike in choices.values() for like in alike)
        gone = self._list_gone()
        for row in rows:
            alike = choices[row.place]
            if gone and not alike and _full_key(row.values) in gone:
                self._refuse(row, "nama", "pernah_dihapus")
            elif not alike:
                self.result.found[row.place] = None
            elif len(alike) > 1 or wanted[alike[0].record] > 1:
                self._refuse(row, "nama", "orang_ambigu")
            else:
                self._match_alike(row, alike[0])

    def _list_gone(self) -> set[str]:
        """Name the people of the last import who were deleted here; their NIK may be another in this file."""
        return {
            _full_key(base.values()) for base in self.base.values() if base.record not in self.live.rows
        } - {""}

    def _list_alike(self, row: CleanRow, index: PersonIndex) -> list[_Likeness]:
        """List people nobody claimed who may be this one: same name and birth, nothing speaks against it.

        Two different NIK speak against it, but for a mother of the same name: then a NIK was corrected. Full
        agreement outweighs people whose mother is not known.
        """
        birth, nik = row.values.get("tanggal_lahir"), row.values.get("nik")
        found = [] if birth is None else index.find(str(row.values.get("nama", "")), birth)
        if not found:
            return []
        mother = normalise_name(str(row.values.get("ibu_nama", "")))
        full: list[_Likeness] = []
        maybe: list[_Likeness] = []
        for like in found:
            if like.record in self.claimed:
                continue
            is_other = nik is not None and like.nik is not None
            if like.ibu == mother and (mother or not is_other):
                full.append(like)
            elif not is_other and not (like.ibu and mother):
                maybe.append(like)
        return full or maybe

    def _match_alike(self, row: CleanRow, like: _Likeness) -> None:
        mother = normalise_name(str(row.values.get("ibu_nama", "")))
        is_sure = like.ibu == mother
        if self.is_partial:
            is_sure = is_sure and bool(mother)
        elif like.record in self.known:
            # The source named this person before, and no other row of the whole file is theirs.
            is_sure = True
        if not is_sure:
            self._refuse(row, "ibu_nama", "orang_mungkin_sama")
            return
        nik = row.values.get("nik")
        if nik is not None and like.nik is not None and nik != like.nik:
            self._remind(row, "nik", "nik_berbeda")
        elif like.ibu != mother:
            self._remind(row, "ibu_nama", "orang_disamakan")
        self._claim(row, like.record)

    def _claim(self, row: CleanRow, record: str) -> None:
        self.claimed[record] = row
        self.result.found[row.place] = record

    def _claim_or_refuse(self, row: CleanRow, record: str) -> None:
        if self.is_partial and self._is_somebody_else(row, record):
            self._refuse(row, "nik", "nik_orang_lain")
        elif record in self.claimed:
            name = "nik" if "nik" in row.values else "nama"
            self._refuse(row, name, "orang_dua_baris", self.claimed[record])
        else:
            self._claim(row, record)

    def _is_somebody_else(self, row: CleanRow, record: str) -> bool:
        """Tell whether neither name nor birth is what stands here or what the source has said before."""
        base = self.known[record].values() if record in self.known else {}
        births = {base.get("tanggal_lahir"), self.live.get(record, "tanggal_lahir"), None}
        if row.values.get("tanggal_lahir") in births:
            return False
        names = (base.get("nama"), self.live.get(record, "nama"))
        return normalise_name(str(row.values.get("nama", ""))) not in [normalise_name(name or "") for name in names]

    def _refuse(self, row: CleanRow, name: str, kode: str, *others: CleanRow) -> None:
        pesan = SENTENCES[kode].format(baris=name_rows(row, others))
        self.result.refused.append(Remark(row, name, kode, pesan))

    def _remind(self, row: CleanRow, name: str, kode: str) -> None:
        self.result.reminders.append(Remark(row, name, kode, SENTENCES[kode]))


def list_seen(rows: Iterable[CleanRow], snapshot: Snapshot) -> Iterator[str]:
    """Give the records that refused rows may mean; those people are in the file and are not missing."""
    live, base = snapshot.live["penduduk"], snapshot.base["penduduk"]
    by_nik = live.group_by("nik")
    index = PersonIndex(live)
    for row in rows:
        known = base.get(person_key(row.values))
        if known is not None:
            yield known.record
        yield from by_nik.get(row.values.get("nik"), ())
        nama, birth = row.values.get("nama"), row.values.get("tanggal_lahir")
        if nama is not None and birth is not None:
            yield from (like.record for like in index.find(str(nama), birth))


def match_families(numbers: Iterable[str], snapshot: Snapshot, new_id: IdMaker) -> dict[str, Target]:
    """Find the family of every number, one record each; new ones get an id."""
    live, base = snapshot.live["keluarga"], snapshot.base["keluarga"]
    by_number = live.group_by("no_kk")
    wanted = sorted(set(numbers))
    # Numbers that stand here as they are written go first; see _match_base for the doubtful ones.
    wanted.sort(key=lambda number: len(by_number.get(number, ())) != 1)
    taken: set[str] = set()
    targets: dict[str, Target] = {}
    for number in wanted:
        known = base.get(f"kk:{number}")
        target = _match_one(known, live, by_number.get(number, ()), taken)
        if target.standing is Standing.BARU:
            target = Target(Standing.BARU, new_id())
        if target.record is not None:
            taken.add(target.record)
        targets[number] = target
    return targets


def match_dusun(names: Iterable[str], snapshot: Snapshot, new_id: IdMaker) -> dict[str, Target]:
    """Find the dusun of every name, whatever its case, marks and the word DUSUN before it."""
    live, base = snapshot.live["dusun"], snapshot.base["dusun"]
    by_key: dict[str, list[str]] = defaultdict(list)
    for record in live.rows:
        by_key[dusun_key(live.get(record, "nama") or "")].append(record)
    targets: dict[str, Target] = {}
    by_written: dict[str, Target] = {}
    for name in names:
        key = dusun_key(name)
        if key not in by_written:
            # Of two dusun with one name the elder holds; ids rise with time.
            target = _match_one(base.get(f"dusun:{key}"), live, by_key.get(key, ())[:1], set())
            if target.standing is Standing.BARU:
                target = Target(Standing.BARU, new_id())
            by_written[key] = target
        targets[name] = by_written[key]
    return targets


def _match_one(known: BaseRow | None, live: LiveTable, same: Sequence[str], taken: set[str]) -> Target:
    if known is not None and known.record in live.rows and known.record not in taken:
        return Target(Standing.ADA, known.record)
    if len(same) == 1 and same[0] not in taken:
        return Target(Standing.ADA, same[0])
    if len(same) > 1:
        return Target(Standing.GANDA, None, tuple(same))
    if known is not None and known.record not in live.rows:
        return Target(Standing.DIHAPUS, known.record)
    return Target(Standing.BARU, None)


def dusun_key(name: str) -> str:
    """Reduce a dusun's name to what is compared."""
    cleaned = clean(name, BY_FIELD["dusun"], date.min).value
    return plain(str(cleaned or name)) or name
