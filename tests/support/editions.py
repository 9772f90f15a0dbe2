"""Programs of other years: the same code with other catalogues, two versions older and two versions newer.

``LAMA`` lacks kinds and knows old versions; ``NANTI`` brings fields into old groups, groups of their own and a kind;
``KELAK`` beside that splits a group, and has given one kind up.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.records.catalogue import CATALOGUE, SCHEMAS, Catalogue
from shared.records.fields import Daftar, Teks, Writer, Ya
from shared.records.kantor import PetugasSchema
from shared.records.kind import RecordSchema, make_kind
from shared.records.penduduk import PendudukSchema
from shared.records.verval import KasusSchema
from shared.sync.versions import Program


@dataclass(frozen=True)
class Edition:
    """A program: what it knows and how it is called."""

    program: Program
    catalogue: Catalogue


class KasusAwal(RecordSchema):
    """The case as it first was."""

    kind, version, label, title, writer = "kasus", 1, KasusSchema.label, "kode", Writer.HUB
    indexes = KasusSchema.indexes


for _name, _field in KasusSchema().fields.items():
    if _field.info.since == 1:  # type: ignore[attr-defined]
        KasusAwal._declared_fields[_name] = KasusSchema._declared_fields[_name]


class PendudukNanti(PendudukSchema):
    kind, version = "penduduk", 3
    kode_pos = Teks("Kode pos", group="alamat", since=3)
    hobi = Daftar("Hobi", since=3)


class PendudukKelak(PendudukNanti):
    version = 4
    rw = Teks("RW", group="lingkungan", groups_before={3: "alamat"}, maks=3)
    rt = Teks("RT", group="lingkungan", groups_before={3: "alamat"}, maks=3)
    zodiak = Teks("Zodiak", since=4)


class KasusKelak(KasusSchema):
    version = 3
    mendesak = Ya("Mendesak", since=3)


class PetugasKelak(PetugasSchema):
    version = 2
    nip = Teks("NIP", since=2)


class Sumur(RecordSchema):
    """A kind of years to come, of the desa."""

    kind, label, title = "sumur", "Sumur", "nama"
    nama = Teks("Nama", required=True)
    dalam = Teks("Dalam")


class Lumbung(RecordSchema):
    """A kind of years to come, that both sides write."""

    kind, label, title, writer = "lumbung", "Lumbung", "nama", Writer.KEDUANYA
    nama = Teks("Nama", required=True)


def _catalogue(*others: type[RecordSchema], without: tuple[str, ...] = ()) -> Catalogue:
    """Put kinds in the place of today's, or behind them."""
    by_name = {schema.kind: schema for schema in others}
    kept = [by_name.pop(schema.kind, schema) for schema in SCHEMAS if schema.kind not in without]
    return Catalogue(make_kind(schema) for schema in (*kept, *by_name.values()))


NOW = Edition(Program("5.0.0"), CATALOGUE)
LAMA = Edition(Program("3.0.0"), _catalogue(KasusAwal, without=("dusun",)))
NANTI = Edition(Program("6.0.0"), _catalogue(PendudukNanti, Sumur))
KELAK = Edition(
    Program("7.0.0"), _catalogue(PendudukKelak, KasusKelak, PetugasKelak, Sumur, Lumbung, without=("dusun",))
)
EDITIONS = {"lama": LAMA, "now": NOW, "nanti": NANTI, "kelak": KELAK}
