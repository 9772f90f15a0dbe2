"""Programs of several ages: today's kinds, what the next release might declare beside them, and in world 4 a ladder."""

from __future__ import annotations

from typing import NamedTuple

from shared.records.catalogue import CATALOGUE, Catalogue
from shared.records.fields import Bilangan, Daftar, Rujukan, Teks, Writer
from shared.records.kind import Kind, RecordSchema, make_kind
from shared.records.penduduk import PendudukSchema
from shared.sync.versions import THIS_PROGRAM
from tests.support.editions import KELAK, LAMA, NANTI, Edition

NEW_KIND, NEW_FIELD = "sumur", "catatan"


class SumurSchema(RecordSchema):
    """A kind that today's program does not know; villages write it already (actions.write_unknown_kind)."""

    kind = NEW_KIND
    label = "Sumur"
    title = "alamat"

    alamat = Teks("Alamat")
    warna = Bilangan("Warna")


class PendudukBaruSchema(PendudukSchema):
    """A resident with one field more."""

    version = PendudukSchema.version + 1

    catatan = Teks("Catatan")


class PendudukAwal(RecordSchema):
    """A resident as it first was; but for the column of which today's rules ask the tables of every catalogue."""

    kind, version, label = "penduduk", 1, PendudukSchema.label
    protected, indexes = PendudukSchema.protected, PendudukSchema.indexes

    peristiwa = Rujukan("Peristiwa", "peristiwa", group="status")


for _name, _field in PendudukSchema().fields.items():
    if _field.info.since == 1:  # type: ignore[attr-defined]
        PendudukAwal._declared_fields[_name] = PendudukSchema._declared_fields[_name]


def _change(edition: Edition, *others: Kind, without: str = "") -> Edition:
    """Put kinds in the place of those of an edition, or behind them."""
    kinds = {**edition.catalogue.kinds, **{kind.name: kind for kind in others}}
    return Edition(edition.program, Catalogue(kind for name, kind in kinds.items() if name != without))


OLD = Edition(THIS_PROGRAM, CATALOGUE)
NEW = Edition(THIS_PROGRAM, Catalogue([
    *(make_kind(PendudukBaruSchema) if kind.name == "penduduk" else kind for kind in CATALOGUE),
    make_kind(SumurSchema),
]))
"""The next release as worlds 2 and 3 know it."""
# It is today's code that runs under every catalogue: its export and its desk for cases name these.
_DUSUN, _KASUS = CATALOGUE["dusun"], CATALOGUE["kasus"]
FIRST = _change(LAMA, make_kind(PendudukAwal), _DUSUN, _KASUS, without="surat_masuk")
LADDER = (FIRST, OLD, NANTI, _change(KELAK, _DUSUN))
"""The ages of world 4: kinds and versions fewer than today; fields, a kind, a split group more. None goes back."""


class Own(NamedTuple):
    """What a program can write and some of another age cannot read: a kind, or one of its fields (empty: none)."""

    kind: str
    field: str


def list_own(edition: Edition, writer: Writer = Writer.DESA) -> list[Own]:
    """List what a village, or the hub, can write under a program that others of the ladder do not know."""
    found = []
    for kind in edition.catalogue:
        if kind.writer not in (writer, Writer.KEDUANYA):
            continue
        if any(kind.name not in other.catalogue.kinds for other in LADDER):
            found.append(Own(kind.name, ""))
        found += [
            Own(kind.name, name) for name, field in kind.fields.items()
            if field.info.since > 1 and type(field) in (Teks, Daftar, Rujukan) and kind.name == "penduduk"
        ]
    return found
