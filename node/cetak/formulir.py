"""Reads the form of a template into a kind of letter, and says what is wrong in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from werkzeug.datastructures import MultiDict

from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.records.fields import Daftar, Teks
from shared.records.surat import KERTAS, SATUAN_BERLAKU, TENTANG
from shared.surat.isi import check_template
from shared.surat.jenis import BERLAKU_MAX, TIPE_ISIAN, Isian, JenisSurat, check_isian, dump_isian, make_slug
from shared.web.forms import write_number

TEMPLAT = CATALOGUE["templat_surat"]
ROWS_SPARE = 3
ROWS_MAX = 40
SYARAT_MAX = 30
ISI_MAX = TEMPLAT.fields["isi"].length_max
LABEL_MAX = 120
_ROW = re.compile(r"isian-([0-9]{1,4})-(?:nama|label)")
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
        base, nama=_line(form, "nama"), judul=_line(form, "judul") or _line(form, "nama"),
        kode_arsip=_line(form, "kode_arsip"), satuan=form.get("satuan", "bulan"), kertas=form.get("kertas", "F4"),
        berlaku=int(berlaku) if berlaku.isascii() and berlaku.isdecimal() and len(berlaku) < 6 else None,
        isi=form.get("isi", "").replace("\r\n", "\n").rstrip(), isian=tuple(_read_isian(form)),
        syarat=tuple(line.strip() for line in form.get("syarat", "").splitlines() if line.strip()),
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
    yield from _find_sizes(jenis)


def _find_sizes(jenis: JenisSurat) -> Iterator[tuple[str, str]]:
    """Say what is longer than its record takes: written all the same, the whole letter would be refused unseen."""
    for name in ("nama", "judul", "isi"):
        own = TEMPLAT.fields[name]
        yield from _check_length(name, own.info.label, str(getattr(jenis, name)), own.length_max)
    if len(jenis.syarat) > SYARAT_MAX:
        yield "syarat", f"Syarat paling banyak {SYARAT_MAX} baris; yang ditulis {len(jenis.syarat)} baris."
    for number, text in enumerate(jenis.syarat, 1):
        yield from _check_length("syarat", f"Syarat baris {number}", text, Daftar.item_length_max)
    if len(jenis.isian) > ROWS_MAX:
        yield "isian", f"Isian tambahan paling banyak {ROWS_MAX} baris; yang ditulis {len(jenis.isian)} baris."
    for number, one in enumerate(jenis.isian, 1):
        yield from _check_length("isian", f"Isian baris {number}: label", one.label, LABEL_MAX)
        for choice in one.pilihan:
            # What is chosen is written into a line of the draft.
            yield from _check_length("isian", f"Isian baris {number}: satu pilihan", choice, Teks.length_max)
    if len(dump_isian(jenis.isian)) > TEMPLAT.fields["isian"].length_max:
        yield "isian", "Isian tambahan terlalu panjang untuk disimpan. Singkatkan label dan pilihannya."


def _check_length(name: str, label: str, text: str, length_max: int) -> Iterator[tuple[str, str]]:
    if len(text) > length_max:
        said = f"paling banyak {write_number(length_max)} huruf; yang diketik {write_number(len(text))} huruf."
        yield name, f"{label} {said}"


def _read_isian(form: MultiDict[str, str]) -> Iterator[Isian]:
    for number in sorted({int(found[1]) for name in form if (found := _ROW.fullmatch(name))}):
        nama, label = _line(form, f"isian-{number}-nama"), _line(form, f"isian-{number}-label")
        if not nama and not label:
            continue  # an emptied row is a field taken away
        pilihan = _line(form, f"isian-{number}-pilihan")
        yield Isian(
            nama or make_slug(label).replace("-", "_")[:40], label or nama, form.get(f"isian-{number}-tipe", "teks"),
            form.get(f"isian-{number}-wajib") == "1",
            tuple(part.strip() for part in pilihan.split(";") if part.strip()),
        )


def _line(form: MultiDict[str, str], name: str) -> str:
    return " ".join(form.get(name, "").split())
