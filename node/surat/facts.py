"""Gathers what a letter prints: the resident or somebody else, the office, the signer."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from node.beranda.kantor import read_office
from node.beranda.kop import name_desa
from node.penduduk.index import PeopleIndex
from node.penduduk.queries import list_dusun, read_row
from node.penduduk.rules import KEPALA
from node.services import NodeServices
from node.surat.forms import is_nik, load_json
from node.surat.queries import is_headless, list_signers
from node.surat.rules import PENDUDUK, Signer, find_signing_problem, write_jabatan
from shared.codes import wilayah as codes
from shared.errors import UserError
from shared.records.identifiers import mask_nik
from shared.surat.cetakan import FORMAT, Cetakan
from shared.surat.fakta import isian_facts, letter_facts, office_facts, person_facts, valid_until
from shared.surat.isi import Filled, fill, mask_parts
from shared.surat.jenis import JenisSurat, find_jenis

MASKED = ("nik", "no_kk")


@dataclass(frozen=True)
class Gathered:
    """Everything a letter will print, before it has a number."""

    jenis: JenisSurat
    facts: Mapping[str, str]
    nama: str
    signer: Signer | None
    lines: Sequence[str]
    office: Mapping[str, Any]
    day: date
    desa: str
    cara: str
    between: Signer | None = None
    is_headless: bool = False

    def find_signing_problem(self) -> str:
        """Say why the letter cannot be signed like this; empty when it can."""
        return find_signing_problem(self.cara, self.signer, self.between, is_headless=self.is_headless)

    def fill(self, nomor: str = "", *, is_masked: bool = False) -> Filled:
        """Put the facts into the text; ``is_masked`` for a screen, where nobody has asked for the numbers."""
        facts = {**self.facts, "nomor": nomor}
        if is_masked:
            facts |= {name: mask_nik(text) for name, text in facts.items() if text and is_number(name)}
        filled = fill(self.jenis, facts)
        return replace(filled, bagian=tuple(mask_parts(filled.bagian))) if is_masked else filled

    def snapshot(self, nomor: str = "") -> Cetakan:
        """Make what the letter keeps of itself; without a number it is that of a concept."""
        until = valid_until(self.jenis, self.day)
        kecamatan, kabupaten = (codes.nama(self.desa[:length]) or "" for length in (8, 5))
        return Cetakan(
            format=FORMAT, jenis=self.jenis.slug, judul=self.jenis.judul, nomor=nomor, kertas=self.jenis.kertas,
            kop={
                "kode": self.desa, "kabupaten": kabupaten, "kecamatan": f"Kecamatan {kecamatan}",
                "desa": name_desa(self.desa), "alamat": str(self.office.get("alamat") or ""),
                "telepon": str(self.office.get("telepon") or ""), "email": str(self.office.get("email") or ""),
            },
            bagian=[dict(part) for part in self.fill(nomor).bagian], mengetahui_camat=self.jenis.mengetahui_camat,
            nama=self.nama, tempat=codes.nama(self.desa) or self.desa, tanggal=self.day.isoformat(),
            berlaku_sampai=until.isoformat() if until else "",
            tanda_tangan={
                "cara": self.cara, "jabatan": list(self.lines), "nama": self.signer.nama if self.signer else "",
                "nip": self.signer.nip if self.signer else "",
            },
        )


def is_number(name: str) -> bool:
    """Tell whether a fact is a NIK or the number of a family, which a screen masks."""
    last = name.rpartition(".")[2]
    return last in MASKED or is_nik(last)


def find_kind(conn: sqlite3.Connection, desa: str, values: Mapping[str, Any]) -> JenisSurat:
    """Find the kind of letter of a draft. Raises UserError when this computer does not know it."""
    jenis = find_jenis(conn, desa, str(values.get("jenis") or ""))
    if jenis is None:
        raise UserError(
            "Jenis surat ini tidak ada di komputer ini. Sinkronkan dulu, atau buat konsep dengan jenis lain.",
            "jenis_hilang",
        )
    return jenis


def gather(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, jenis: JenisSurat, values: Mapping[str, Any],
    day: date,
) -> Gathered:
    """Gather what a draft would print on a day."""
    office = read_office(conn, node.wilayah)
    signers = list_signers(conn, node.wilayah, day.isoformat())
    signer, between = find_signer(signers, values)
    cara = str(values.get("cara") or "langsung")
    lines = write_jabatan(cara, signer, name_desa(node.wilayah), between) if signer else []
    if values.get("pemohon"):
        person = _resident_facts(node, conn, people, str(values["pemohon"]), day)
    else:
        other = {**load_json(values.get("data")), "nama": values.get("nama"), "nik": values.get("nik")}
        person = person_facts(other, today=day, desa="")
    extra = load_json(values.get("isian"))
    others = {
        one.nama: _resident_facts(node, conn, people, str(extra[one.nama]), day)
        for one in jenis.isian if one.tipe == "penduduk" and extra.get(one.nama)
    }
    facts = {
        **office_facts(node.wilayah, str(office.get("alamat") or "")), **person, **isian_facts(jenis, extra, others),
        **letter_facts(
            jenis, day, keperluan=str(values.get("keperluan") or ""), tujuan=str(values.get("tujuan") or ""),
            penandatangan=signer.nama if signer else "", jabatan=" ".join(lines),
        ),
    }
    return Gathered(
        jenis, facts, person.get("nama", ""), signer, lines, office, day, node.wilayah, cara, between,
        is_headless(conn, node.wilayah, signers),
    )


def find_signer(signers: Sequence[Signer], values: Mapping[str, Any]) -> tuple[Signer | None, Signer | None]:
    """Find who signs a draft, and in whose name, among those who may; without a choice it is the kepala desa."""
    by_id = {signer.id: signer for signer in signers}
    chosen = by_id.get(str(values.get("penandatangan") or ""))
    if chosen is None and not values.get("penandatangan"):
        chosen = next((signer for signer in signers if signer.jabatan == "kades"), None)
    return chosen, by_id.get(str(values.get("atas_nama") or "-"))


def _resident_facts(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, id: str, day: date
) -> dict[str, str]:
    row = read_row(conn, PENDUDUK, node.wilayah, id)
    if row is None:
        return {}
    family = read_row(conn, node.catalogue["keluarga"], node.wilayah, str(row.get("keluarga") or "")) or {}
    place = {name: row.get(name) or family.get(name) for name in ("alamat", "rw", "rt", "dusun")}
    members = people.members().get(str(row.get("keluarga") or ""), [])
    head = next((person.nama for person in members if person.hubungan == KEPALA), "")
    return person_facts(
        {**row, **place}, today=day, desa=node.wilayah, kepala=head, no_kk=str(family.get("no_kk") or ""),
        dusun=list_dusun(conn, node.wilayah).get(str(place["dusun"] or ""), ""),
    )
