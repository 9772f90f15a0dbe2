"""All record kinds in dependency order; nothing else lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from shared.records.akses import AksesSchema
from shared.records.bantuan import PenerimaBantuanSchema, ProgramBantuanSchema
from shared.records.kantor import DesaSchema, DusunSchema, PetugasSchema
from shared.records.keluarga import KeluargaSchema
from shared.records.kind import Kind, RecordSchema, make_kind
from shared.records.lampid import LaporanLampidSchema, PeristiwaSchema
from shared.records.penduduk import PendudukSchema
from shared.records.perangkat import PerangkatSchema
from shared.records.simpul import KunciHubSchema, SimpulSchema
from shared.records.surat import (
    BlokNomorSchema,
    KonsepSuratSchema,
    SuratMasukSchema,
    SuratSchema,
    TemplatSuratSchema,
)
from shared.records.verval import AdopsiSchema, CabangSchema, KasusSchema, PenghapusanSchema, TautanSchema

SCHEMAS: tuple[type[RecordSchema], ...] = (
    SimpulSchema,
    KunciHubSchema,
    PetugasSchema,
    DesaSchema,
    DusunSchema,
    KeluargaSchema,
    PendudukSchema,
    PeristiwaSchema,
    LaporanLampidSchema,
    PerangkatSchema,
    TemplatSuratSchema,
    BlokNomorSchema,
    KonsepSuratSchema,
    SuratSchema,
    SuratMasukSchema,
    ProgramBantuanSchema,
    PenerimaBantuanSchema,
    KasusSchema,
    TautanSchema,
    CabangSchema,
    AdopsiSchema,
    PenghapusanSchema,
    AksesSchema,
)


class Catalogue:
    """The kinds that this program knows, by name; older versions stay readable for ever."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}

    def get(self, name: str, version: int) -> Kind | None:
        """Find a kind in a version that this program can project; None when it must wait for an upgrade."""
        kind = self.kinds.get(name)
        return kind if kind is not None and version <= kind.version else None

    def __getitem__(self, name: str) -> Kind:
        return self.kinds[name]

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds.values())


CATALOGUE = Catalogue(make_kind(schema) for schema in SCHEMAS)
