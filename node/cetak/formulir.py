"""Reads the form of a template into a kind of letter, and says what is wrong in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from werkzeug.datastructures import MultiDict

from shared.errors import UserError
from shared.records.surat import KERTAS, SATUAN_BERLAKU, TENTANG
from shared.surat.isi import check_template
from shared.surat.jenis import BERLAKU_MAX, TIPE_ISIAN, Isian, JenisSurat, check_isian, dump_isian, make_slug

ROWS_SPARE = 3
ROWS_MAX = 40
ISI_MAX = 20_000
_KODE = re.compile(r"\d{3}(\.\d{1,3}){0,6}")


@dataclass(frozen=True)
class Typed:
    """What stands in the form: the letter as typed, and its problems (field → sentence; "" for the whole)."""

    jenis: JenisSurat
    berlaku: str
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> list[Isian]:
        """The rows of the table of extra fields, with empty ones to write into."""
        return [*self.jenis.isian, *[Isian("", "")] * ROWS_SPARE]

    @property
    def asal(self) -> str:
        """Name what was read, so that a save notices that somebody else was faster."""
        return take_digest(self.jenis)


def show(jenis: JenisSurat) -> Typed:
    """Fill the form from a letter."""
    return Typed(jenis, str(jenis.berlaku or ""))


def read(form: MultiDict[str, str], base: JenisSurat) -> Typed:
    """Read the form; whatever was typed stays in it, right or wrong."""
    berlaku = form.get("berlaku", "").strip()
    jenis = replace(
        base, nama=_line(form, "nama", 120), judul=_line(form, "judul", 200) or _line(form, "nama", 120),
        kode_arsip=_line(form, "kode_arsip", 30), satuan=form.get("satuan", "bulan"), kertas=form.get("kertas", "F4"),
        berlaku=int(berlaku) if berlaku.isascii() and berlaku.isdecimal() and len(berlaku) < 6 else None,
        isi=form.get("isi", "").replace("\r\n", "\n").rstrip()[:ISI_MAX], isian=tuple(_read_isian(form)),
        syarat=tuple(line.strip() for line in form.get("syarat", "").splitlines() if line.strip())[:30],
        aktif=form.get("aktif", "ya") == "ya", tentang=form.get("tentang", base.tentang),
    )
    typed = Typed(jenis, berlaku)
    return replace(typed, problems=tuple(_find_problems(typed)))


def values_of(jenis: JenisSurat) -> dict[str, object]:
    """Write a letter as the fields of its ``templat_surat`` record."""
    return {
        "slug": jenis.slug, "nama": jenis.nama, "judul": jenis.judul, "isi": jenis.isi,
        "isian": dump_isian(jenis.isian), "syarat": list(jenis.syarat), "kode_arsip": jenis.kode_arsip or None,
        "berlaku": jenis.berlaku, "satuan": jenis.satuan, "kertas": jenis.kertas, "aktif": jenis.aktif,
        "tentang": jenis.tentang,
    }


def tell_isian(rows: Iterable[Isian]) -> str:
    """Write the extra fields of a letter for people, a line each."""
    return "\n".join(
        f"{one.label} [{one.nama}], {TIPE_ISIAN[one.tipe].lower()}"
        f"{', wajib' if one.wajib else ''}{': ' + '; '.join(one.pilihan) if one.pilihan else ''}"
        for one in rows
    )


def take_digest(jenis: JenisSurat) -> str:
    """Digest what a form shows of a letter."""
    return sha256(repr(sorted(values_of(jenis).items())).encode()).hexdigest()[:16]


def _find_problems(typed: Typed) -> Iterator[tuple[str, str]]:
    jenis = typed.jenis
    if not jenis.nama or not make_slug(jenis.nama):
        yield "nama", "Tulis nama suratnya, misalnya Surat Keterangan Ternak."
    if jenis.kode_arsip and not _KODE.fullmatch(jenis.kode_arsip):
        yield "kode_arsip", "Kode arsip ditulis dengan angka dan titik, misalnya 400.12.2.1."
    if typed.berlaku and not (jenis.berlaku and jenis.berlaku <= BERLAKU_MAX):
        yield "berlaku", f"Masa berlaku diisi angka 1 sampai {BERLAKU_MAX}, atau dikosongkan bila tanpa batas."
    if jenis.satuan not in SATUAN_BERLAKU:
        yield "satuan", "Pilih satuan masa berlaku."
    if jenis.kertas not in KERTAS:
        yield "kertas", "Pilih kertasnya."
    if jenis.tentang not in TENTANG:
        yield "tentang", "Pilih suratnya tentang apa."
    if not jenis.isi.strip():
        yield "isi", "Tulis isi suratnya."
    try:
        check_isian(jenis.isian)
    except UserError as error:
        yield "isian", error.pesan
    for problem in check_template(jenis):
        yield "isi", problem.pesan


def _read_isian(form: MultiDict[str, str]) -> Iterator[Isian]:
    for number in range(ROWS_MAX):
        nama, label = _line(form, f"isian-{number}-nama", 40), _line(form, f"isian-{number}-label", 120)
        if not nama and not label:
            continue  # an emptied row is a field taken away
        pilihan = _line(form, f"isian-{number}-pilihan", 600)
        yield Isian(
            nama or make_slug(label).replace("-", "_")[:40], label or nama, form.get(f"isian-{number}-tipe", "teks"),
            form.get(f"isian-{number}-wajib") == "1",
            tuple(part.strip() for part in pilihan.split(";") if part.strip()),
        )


def _line(form: MultiDict[str, str], name: str, length: int) -> str:
    return " ".join(form.get(name, "").split())[:length]
