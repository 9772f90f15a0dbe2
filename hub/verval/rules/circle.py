"""Finds all recipients of aid who may be one person or family with some others: same record, number or link.

A circle is closed: whatever is reached from something in it is in it. Asked with the values of touched
records before and after, it therefore also holds every recipient who was one person with them before, which
is what makes the incremental findings equal to those from scratch.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.verval.rule import Ref, TouchedBatch
from hub.verval.identity import Partition, is_identifying_nik, is_identifying_no_kk
from hub.verval.rules import queries
from hub.verval.rules.queries import FamilyRow, ProgramRow, RecipientRow, ResidentRow

KELUARGA = 2
"""The code of families in the list sasaran_bantuan."""


class Reached:
    """Values that were reached; each is handed out once, to be followed."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self._fresh: set[str] = set()

    def add(self, values: Iterable[str | None]) -> None:
        """Note values; None is nothing."""
        self._fresh.update(value for value in values if value is not None and value not in self.known)

    def take(self) -> set[str]:
        """Hand out what was added since the last time."""
        fresh, self._fresh = self._fresh, set()
        self.known |= fresh
        return fresh

    def __bool__(self) -> bool:
        return bool(self._fresh)


@dataclass
class Circle:
    """The rows reached. ``households`` are penduduk whose family counts as well as they."""

    conn: sqlite3.Connection
    recipients: Reached = field(default_factory=Reached)
    residents: Reached = field(default_factory=Reached)
    niks: Reached = field(default_factory=Reached)
    links: Reached = field(default_factory=Reached)
    families: Reached = field(default_factory=Reached)
    numbers: Reached = field(default_factory=Reached)
    households: set[str] = field(default_factory=set)
    recipient_rows: list[RecipientRow] = field(default_factory=list)
    resident_rows: dict[Ref, ResidentRow] = field(default_factory=dict)
    family_rows: dict[Ref, FamilyRow] = field(default_factory=dict)
    programs: dict[str, ProgramRow] = field(default_factory=dict)

    def close(self) -> Circle:
        """Follow everything that was added until nothing new is reached."""
        while any((self.recipients, self.residents, self.niks, self.links, self.families, self.numbers)):
            self._follow_recipients(self.recipients.take())
            self._follow_residents(self.residents.take())
            self._follow_households()
            self.residents.add(queries.find_residents_by_nik(self.conn, self.niks.take()))
            self.residents.add(queries.read_link_ends(self.conn, self.links.take()))
            self._follow_families(self.families.take())
            self.families.add(queries.find_families_by_no_kk(self.conn, self.numbers.take()))
        return self

    def _follow_recipients(self, records: set[str]) -> None:
        rows = queries.read_recipients(self.conn, records)
        self.recipient_rows += rows
        unknown = {row.program for row in rows if row.program} - self.programs.keys()
        self.programs.update(queries.read_programs(self.conn, unknown))
        for row in rows:
            self.residents.add((row.penduduk,))
            self.families.add((row.keluarga,))
            if row.penduduk and self.counts_by_family(row):
                self.households.add(row.penduduk)

    def _follow_residents(self, records: set[str]) -> None:
        rows = queries.read_residents(self.conn, records)
        self.resident_rows.update(((row.desa, row.record), row) for row in rows)
        self.niks.add(row.nik for row in rows if row.nik and is_identifying_nik(row.nik))
        self.recipients.add(queries.find_recipients_by_penduduk(self.conn, records))
        for links in queries.find_links_of(self.conn, records).values():
            self.links.add(links)

    def _follow_households(self) -> None:
        rows = self.resident_rows.values()
        self.families.add(row.keluarga for row in rows if row.record in self.households)

    def _follow_families(self, records: set[str]) -> None:
        rows = queries.read_families(self.conn, records)
        self.family_rows.update(((row.desa, row.record), row) for row in rows)
        self.numbers.add(row.no_kk for row in rows if row.no_kk and is_identifying_no_kk(row.no_kk))
        self.recipients.add(queries.find_recipients_by_keluarga(self.conn, records))
        self.recipients.add(queries.find_recipients_among_members(self.conn, records))

    def counts_by_family(self, row: RecipientRow) -> bool:
        """Tell whether a recipient stands for a family: the programme says so, or names nobody in it."""
        program = self.programs.get(row.program or "")
        return row.penduduk is None or (program is not None and program.sasaran == KELUARGA)

    def family_of(self, row: RecipientRow) -> str | None:
        """Give the family that a recipient stands for, in its own desa; None when only a person receives."""
        if not self.counts_by_family(row):
            return None
        if row.keluarga is not None or row.penduduk is None:
            return row.keluarga
        resident = self.resident_rows.get((row.desa, row.penduduk))
        return None if resident is None else resident.keluarga

    def persons(self) -> Partition[Hashable]:
        """Join penduduk that are one person by number or link, whether their rows exist or not."""
        persons: Partition[Hashable] = Partition()
        for ref, resident in self.resident_rows.items():
            if resident.nik and is_identifying_nik(resident.nik):
                persons.join((ref, resident.nik))
        for ends in queries.read_links(self.conn, self.residents.known):
            persons.join(ends)
        return persons

    def tokens(self, row: RecipientRow, persons: Partition[Hashable]) -> Iterator[Hashable]:
        """Say as whom a recipient receives; two recipients with a common token are one."""
        if row.penduduk is not None:
            yield "penduduk", persons.find((row.desa, row.penduduk))
        keluarga = self.family_of(row)
        if keluarga is not None:
            family = self.family_rows.get((row.desa, keluarga))
            number = None if family is None else family.no_kk
            yield "keluarga", number if number and is_identifying_no_kk(number) else (row.desa, keluarga)


def reach_from_batch(batch: TouchedBatch) -> Circle:
    """Close the circle around what a batch has touched, by the values before and after it.

    When neither recipients nor links are among it, penduduk and keluarga without any aid or link are left
    out: what they touch is no recipient, before and after.
    """
    circle = Circle(batch.conn)
    circle.recipients.add(batch.ids("penerima_bantuan"))
    circle.recipients.add(queries.find_recipients_by_program(batch.conn, _find_changed_programs(batch)))
    named = batch.values("penerima_bantuan", "penduduk")
    circle.residents.add(named)
    circle.households |= named
    circle.families.add(batch.values("penerima_bantuan", "keluarga"))
    circle.links.add(batch.ids("tautan"))
    circle.residents.add(batch.values("tautan", "penduduk"))
    _add_residents(circle, batch)
    _add_families(circle, batch)
    return circle.close()


def _add_residents(circle: Circle, batch: TouchedBatch) -> None:
    records = batch.ids("penduduk")
    with_aid = queries.find_penduduk_with_aid(batch.conn, records)
    relevant = with_aid | queries.find_links_of(batch.conn, records).keys()
    if batch.of("penerima_bantuan") or batch.of("tautan"):
        with_aid = relevant = records
    circle.residents.add(relevant)
    circle.households |= with_aid
    for touched in batch.of("penduduk"):
        for values in (touched.old, touched.new):
            if values is None or touched.record not in relevant:
                continue
            nik = values.get("nik")
            if nik is not None and is_identifying_nik(nik):
                circle.niks.add((nik,))
            if touched.record in with_aid:
                circle.families.add((values.get("keluarga"),))


def _add_families(circle: Circle, batch: TouchedBatch) -> None:
    records = batch.ids("keluarga")
    relevant = queries.find_keluarga_with_aid(batch.conn, records)
    if batch.of("penerima_bantuan") or batch.of("penduduk"):
        relevant = records
    circle.families.add(relevant)
    for touched in batch.of("keluarga"):
        for values in (touched.old, touched.new):
            number = None if values is None else values.get("no_kk")
            if number is not None and touched.record in relevant and is_identifying_no_kk(number):
                circle.numbers.add((number,))


def _find_changed_programs(batch: TouchedBatch) -> set[str]:
    """Find the programmes whose target or exclusions are not what they were."""
    programs = batch.of("program_bantuan")
    return {touched.record for touched in programs if _read(touched.old) != _read(touched.new)}


def _read(values: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    """Read what doubles depend on from a row or a body, where a list is text or a list."""
    if values is None:
        return None
    listed = values.get("meniadakan") or []
    return values.get("sasaran"), json.loads(listed) if isinstance(listed, str) else listed
