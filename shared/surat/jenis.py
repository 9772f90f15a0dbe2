"""Kinds of letters: those shipped in ``bawaan/`` and what a desa has written in their place (``templat_surat``).

A shipped letter is one text file: lines ``name: value``, the extra fields one a line under ``isian:``, and below a
line of three dashes the text with its placeholders (shared/surat/isi.py says how that reads).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from shared.clock import hashed_uuid
from shared.errors import UserError
from shared.records.surat import BIASA, KERTAS, SATUAN_BERLAKU, TENTANG
from shared.surat.queries import read_paper, read_templates

TIPE_ISIAN = {
    "teks": "Teks satu baris", "panjang": "Teks beberapa baris", "tanggal": "Tanggal", "bilangan": "Bilangan",
    "pilihan": "Pilihan", "penduduk": "Penduduk lain",
}
BERLAKU_MAX = 120
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIVIDER = "\n---\n"
_TOLD = (
    "nama", "judul", "isi", "isian", "syarat", "kode_arsip", "berlaku", "satuan", "kertas", "aktif", "tentang",
)


@dataclass(frozen=True)
class Isian:
    """One extra field of a letter's form. ``pilihan`` are the values of a choice."""

    nama: str
    label: str
    tipe: str = "teks"
    wajib: bool = False
    pilihan: tuple[str, ...] = ()


@dataclass(frozen=True)
class JenisSurat:
    """A kind of letter. ``berlaku`` counts in ``satuan`` (hari, minggu, bulan, tahun); None: without end.

    ``tentang``: the event that the letter speaks of (shared/records/surat.py), or BIASA. ``is_bawaan``: as shipped;
    ``record`` is that of the desa's own text in its place, "" when there is none. ``kembar`` are further records of
    the same letter that say something else. ``is_unsettled``: two computers wrote the first text of their own, so the
    shipped one holds until one is chosen.
    """

    slug: str
    nama: str
    judul: str
    kode_arsip: str
    berlaku: int | None
    satuan: str
    kertas: str
    isi: str
    isian: tuple[Isian, ...] = ()
    syarat: tuple[str, ...] = ()
    untuk_bukan_penduduk: bool = True
    mengetahui_camat: bool = False
    tentang: str = BIASA
    aktif: bool = True
    is_bawaan: bool = True
    record: str = ""
    kembar: tuple[str, ...] = ()
    is_unsettled: bool = False


@cache
def shipped() -> Mapping[str, JenisSurat]:
    """Read the shipped letters, by slug, in the order of their names."""
    folder = files("shared.surat") / "bawaan"
    found = [
        _parse(item.name.removesuffix(".txt"), item.read_text(encoding="utf-8"))
        for item in folder.iterdir() if item.name.endswith(".txt")
    ]
    return {jenis.slug: jenis for jenis in sorted(found, key=lambda jenis: jenis.nama)}


def list_jenis(conn: sqlite3.Connection, desa: str, *, is_every: bool = False) -> list[JenisSurat]:
    """List the letters that a desa uses, by name; ``is_every`` also those it has put aside."""
    paper = read_paper(conn, desa)
    found = {slug: _lay_on(jenis, paper) for slug, jenis in shipped().items()}
    for slug, rows in _by_slug(read_templates(conn, desa), desa).items():
        found[slug] = _lay_on(_from_records(rows), None if rows[-1]["kertas"] else paper)
    return sorted((jenis for jenis in found.values() if is_every or jenis.aktif), key=lambda jenis: jenis.nama)


def find_jenis(conn: sqlite3.Connection, desa: str, slug: str) -> JenisSurat | None:
    """Find one kind of letter as this desa writes it, also one that is put aside; None when there is none."""
    id = name_template(desa, slug) if slug in shipped() else None
    rows = _by_slug(read_templates(conn, desa, slug, id), desa).get(slug)
    paper = read_paper(conn, desa)
    if rows:
        return _lay_on(_from_records(rows), None if rows[-1]["kertas"] else paper)
    found = shipped().get(slug)
    return _lay_on(found, paper) if found is not None else None


def name_template(desa: str, slug: str) -> str:
    """Give the record id of a shipped letter that a desa rewrites: a hash of desa and slug (UUIDv8).

    So two computers that rewrite one letter write one record, and their texts are a dispute that people see.
    sync_protocol.md 9.14.
    """
    return hashed_uuid(sha256(f"sipande templat surat v1\n{desa}\n{slug}".encode()).digest())


@cache
def _named(desa: str) -> Mapping[str, str]:
    return {name_template(desa, slug): slug for slug in shipped()}


def _by_slug(rows: Iterable[dict[str, Any]], desa: str) -> dict[str, list[dict[str, Any]]]:
    """Gather rows by the letter that they are about, the one that holds last.

    A record of a random id was there before there were names, or is the office's own invention: it goes on holding,
    and of several the newest.
    """
    named, found = _named(desa), dict[str, list[dict[str, Any]]]()
    for row in sorted(rows, key=lambda row: (row["id"] not in named, row["id"])):
        if slug := row["slug"] or named.get(row["id"]):
            found.setdefault(slug, []).append({**row, "slug": slug, "is_unsettled": not row["slug"]})
    return found


def _lay_on(jenis: JenisSurat, paper: str | None) -> JenisSurat:
    """Give a letter the paper of the office, where it has none of its own."""
    return replace(jenis, kertas=paper) if paper is not None and paper in KERTAS else jenis


def _from_records(rows: Sequence[Mapping[str, Any]]) -> JenisSurat:
    *others, last = rows
    told = [{name: row[name] for name in _TOLD} for row in rows]
    twins = tuple(row["id"] for row, one in zip(others, told, strict=False) if one != told[-1])
    return replace(from_record(last), kembar=twins)


def from_record(row: Mapping[str, Any]) -> JenisSurat:
    """Make a kind of letter of a ``templat_surat`` row; what it leaves empty comes from the shipped one.

    Of what two computers wrote differently from the beginning nothing was ever agreed, so it counts as empty too.
    """
    slug, is_unsettled = row["slug"], bool(row.get("is_unsettled"))
    base = shipped().get(slug)
    if is_unsettled and base is not None:
        row = {**row, "nama": base.nama, "judul": base.judul, "isi": base.isi, "isian": dump_isian(base.isian),
               "syarat": list(base.syarat)}
    if base is not None and row["berlaku"] is None and "berlaku" in (row.get("konflik") or "").split(","):
        row = {**row, "berlaku": base.berlaku, "satuan": base.satuan}
    return JenisSurat(
        slug=slug, nama=row["nama"], judul=row["judul"] or row["nama"],
        kode_arsip=row["kode_arsip"] or (base.kode_arsip if base else ""),
        berlaku=row["berlaku"], satuan=row["satuan"] or "bulan",
        kertas=row["kertas"] or (base.kertas if base else "F4"), isi=row["isi"] or "",
        isian=load_isian(row["isian"] or "[]"), syarat=tuple(_load_list(row["syarat"])),
        untuk_bukan_penduduk=base.untuk_bukan_penduduk if base else True,
        mengetahui_camat=base.mengetahui_camat if base else False,
        tentang=row["tentang"] or (base.tentang if base else BIASA),
        aktif=row["aktif"] is None or bool(row["aktif"]), is_bawaan=False, record=row["id"],
        is_unsettled=is_unsettled,
    )


def load_isian(text: str) -> tuple[Isian, ...]:
    """Read the extra fields of a template from their JSON; what is not readable there is left out.

    A template may come from another computer of the desa with a newer program; the letter is written all the same.
    """
    try:
        members = json.loads(text)
    except ValueError:
        return ()
    found = []
    for item in members if isinstance(members, list) else ():
        if isinstance(item, dict) and _NAME.fullmatch(str(item.get("nama", ""))):
            tipe = str(item.get("tipe", "teks"))
            found.append(Isian(
                str(item["nama"]), str(item.get("label") or item["nama"]), tipe if tipe in TIPE_ISIAN else "teks",
                bool(item.get("wajib")), tuple(map(str, item.get("pilihan") or ())),
            ))
    return tuple(found)


def dump_isian(isian: Iterable[Isian]) -> str:
    """Write extra fields as the JSON that a template keeps."""
    return json.dumps([
        {"nama": one.nama, "label": one.label, "tipe": one.tipe, "wajib": one.wajib, "pilihan": list(one.pilihan)}
        for one in isian
    ], ensure_ascii=False)


def check_isian(isian: Iterable[Isian]) -> None:
    """Refuse extra fields that no form could show; UserError says which line and what to do."""
    seen: set[str] = set()
    for number, one in enumerate(isian, 1):
        if not _NAME.fullmatch(one.nama):
            raise UserError(
                f"Isian baris {number}: nama isian hanya huruf kecil, angka, dan garis bawah, paling banyak 40 huruf,"
                " misalnya nama_usaha.",
                "nama_isian",
            )
        if one.nama in seen:
            raise UserError(f"Isian baris {number}: nama {one.nama} sudah dipakai. Beri nama lain.", "nama_isian")
        if not one.label.strip():
            raise UserError(f"Isian baris {number}: tulis label yang dibaca petugas pada formulir.", "label_isian")
        if one.tipe not in TIPE_ISIAN:
            raise UserError(f"Isian baris {number}: pilih jenis isiannya.", "tipe_isian")
        if one.tipe == "pilihan" and len(one.pilihan) < 2:
            raise UserError(
                f"Isian baris {number}: tulis paling sedikit dua pilihan, dipisah titik koma.", "pilihan_isian"
            )
        seen.add(one.nama)


def make_slug(nama: str) -> str:
    """Make the short name of a new letter from its name."""
    return re.sub(r"[^a-z0-9]+", "-", nama.lower().removeprefix("surat ")).strip("-")[:60].strip("-")


def _parse(slug: str, text: str) -> JenisSurat:
    head, divider, isi = text.partition(_DIVIDER)
    if not divider or not _SLUG.fullmatch(slug):
        raise ValueError(f"shipped letter {slug} has no text")
    values: dict[str, str] = {}
    isian: list[Isian] = []
    for line in head.splitlines():
        if line.startswith("  "):
            isian.append(_parse_isian([part.strip() for part in line.split("|")]))
        else:
            name, _, value = line.partition(":")
            values[name.strip()] = value.strip()
    berlaku, _, satuan = values.get("berlaku", "").partition(" ")
    jenis = JenisSurat(
        slug=slug, nama=values["nama"], judul=values.get("judul") or values["nama"], kode_arsip=values["kode_arsip"],
        berlaku=int(berlaku) if berlaku else None, satuan=satuan or "bulan", kertas=values.get("kertas", "F4"),
        isi=isi.strip("\n"), isian=tuple(isian),
        syarat=tuple(part.strip() for part in values.get("syarat", "").split(";") if part.strip()),
        untuk_bukan_penduduk=values.get("bukan_penduduk", "ya") == "ya",
        mengetahui_camat=values.get("mengetahui_camat") == "ya", tentang=values.get("tentang", BIASA),
    )
    if jenis.satuan not in SATUAN_BERLAKU or jenis.kertas not in KERTAS or jenis.tentang not in TENTANG:
        raise ValueError(f"shipped letter {slug}: validity, paper or event")
    return jenis


def _parse_isian(parts: list[str]) -> Isian:
    nama, label, tipe, wajib, pilihan = (*parts, "", "", "")[:5]
    return Isian(nama, label, tipe or "teks", wajib == "wajib",
                 tuple(part.strip() for part in pilihan.split(";") if part.strip()))


def _load_list(value: Any) -> list[str]:
    members = json.loads(value) if isinstance(value, str) else value
    return [str(item) for item in members or ()]
