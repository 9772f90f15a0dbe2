"""Programs of two versions: what the next release might declare beside today's kinds, derived from them."""

from __future__ import annotations

from shared.records.catalogue import CATALOGUE, Catalogue
from shared.records.fields import Bilangan, Teks
from shared.records.kind import RecordSchema, make_kind
from shared.records.penduduk import PendudukSchema

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


OLD = CATALOGUE
NEW = Catalogue([
    *(make_kind(PendudukBaruSchema) if kind.name == "penduduk" else kind for kind in CATALOGUE),
    make_kind(SumurSchema),
])
