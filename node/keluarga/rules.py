"""Pure rules of the pages of keluarga: which families a list shows, and what a move has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from node.penduduk.index import Family, Person
from node.penduduk.rules import HIDUP, KEPALA, is_same_rt
from shared.records.identifiers import mask_nik

ONLY: Mapping[str, str] = {
    "": "Semua keluarga",
    "konflik": "Menunggu verval",
    "tanpa_kepala": "Tanpa kepala keluarga",
    "tanpa_nomor": "Belum bernomor KK",
    "kosong": "Tanpa anggota",
    "tutup": "Sudah tutup (tidak ada yang tinggal)",
}
COLUMNS: Mapping[str, str] = {
    "no_kk": "Nomor KK",
    "nik_kepala": "NIK kepala",
    "jiwa": "Jiwa",
    "laki": "Laki-laki",
    "perempuan": "Perempuan",
    "dusun": "Dusun",
    "rt_rw": "RT/RW",
    "alamat": "Alamat",
    "anggota": "Nama anggota",
}
"""What a list may show beside the head, in order."""

DEFAULT_COLUMNS = ("no_kk", "jiwa", "dusun", "rt_rw", "alamat")
SORTS: Mapping[str, str] = {
    "kepala": "Kepala keluarga",
    "no_kk": "Nomor KK",
    "jiwa": "Jiwa",
    "dusun": "Dusun",
    "rt_rw": "RT/RW",
    "alamat": "Alamat",
}
LAKI_LAKI, PEREMPUAN = 1, 2


@dataclass(frozen=True)
class Saringan:
    """What a list of families is narrowed down to; ``teks`` is what was typed into the search."""

    teks: str = ""
    dusun: str = ""
    rw: str = ""
    rt: str = ""
    hanya: str = ""

    @property
    def is_narrow(self) -> bool:
        """Tell whether anything but the search text narrows the list."""
        return self != Saringan(teks=self.teks)


def read_saringan(form: Mapping[str, str]) -> Saringan:
    """Read what was typed; anything that makes no sense is left out."""
    only = form.get("hanya", "")
    return Saringan(
        " ".join(form.get("teks", "").split())[:100], form.get("dusun", "")[:36], form.get("rw", "").strip()[:10],
        form.get("rt", "").strip()[:10], only if only in ONLY else "",
    )


class FamilyRow(NamedTuple):
    """One family in a list; ``kepala`` is empty when nobody heads it, ``living`` are its residents alive."""

    family: Family
    kepala: str
    nik: str
    members: Sequence[Person]
    living: Sequence[Person]


def find_head(members: Iterable[Person]) -> Person | None:
    """Find who heads a family now: alive, and first on the card."""
    return next((p for p in members if p.hubungan == KEPALA and p.status == HIDUP), None)


def make_rows(families: Mapping[str, Family], members: Mapping[str, list[Person]]) -> list[FamilyRow]:
    """Put families and their people together, by the names of their heads."""
    rows = []
    for id, family in families.items():
        group = members.get(id, [])
        head = find_head(group)
        rows.append(FamilyRow(
            family, head.nama if head else "", head.nik if head else "", group,
            [p for p in group if p.status == HIDUP],
        ))
    return sorted(rows, key=lambda row: (row.kepala or "~", row.family.no_kk, row.family.id))


def list_families(
    rows: Sequence[FamilyRow], found: Sequence[Person] | None, number: str, by: Saringan
) -> list[FamilyRow]:
    """Narrow families down; ``found`` are the residents that a search means, None without one."""
    kept = list(rows)
    if found is not None:
        wanted = {person.keluarga for person in found}
        kept = [row for row in kept if row.family.id in wanted or number and number in row.family.no_kk]
    if by.dusun or by.rw or by.rt:
        kept = [row for row in kept if _is_there(row.family, by)]
    return [row for row in kept if _is_shown(row, by.hanya)] if by.hanya else kept


def order_families(
    rows: list[FamilyRow], by: str, is_falling: bool, dusun: Mapping[str, str], is_open: bool
) -> list[FamilyRow]:
    """Put families in order; what has no value comes last either way, equal ones stay by their heads.

    Unless ``is_open`` the order tells no more of a nomor KK than its masked form does.
    """
    hidden = by == "no_kk" and not is_open
    keyed = [((_show_number(row.family.no_kk, False),) if hidden else _ORDERS[by](row, dusun), row) for row in rows]
    known = sorted((pair for pair in keyed if pair[0][0]), key=itemgetter(0), reverse=is_falling)
    return [row for _, row in known] + [row for found, row in keyed if not found[0]]


_ORDERS: Mapping[str, Callable[[FamilyRow, Mapping[str, str]], tuple[Any, ...]]] = {
    "kepala": lambda row, dusun: (row.kepala,),
    "no_kk": lambda row, dusun: (row.family.no_kk,),
    "jiwa": lambda row, dusun: (len(row.living),),
    "dusun": lambda row, dusun: (dusun.get(row.family.dusun, ""), row.family.rw, row.family.rt),
    "rt_rw": lambda row, dusun: (row.family.rw or row.family.rt, row.family.rw, row.family.rt),
    "alamat": lambda row, dusun: (row.family.alamat,),
}


def make_cells(
    row: FamilyRow, columns: Sequence[str], dusun: Mapping[str, str], reveal: bool = False
) -> list[str]:
    """Write the cells of a family; numbers are masked unless ``reveal``."""
    family = row.family
    made = {
        "no_kk": _show_number(family.no_kk, reveal),
        "nik_kepala": _show_number(row.nik, reveal),
        "jiwa": str(len(row.living)),
        "laki": str(sum(p.jenis_kelamin == LAKI_LAKI for p in row.living)),
        "perempuan": str(sum(p.jenis_kelamin == PEREMPUAN for p in row.living)),
        "dusun": dusun.get(family.dusun, ""),
        "rt_rw": f"{family.rt}/{family.rw}" if family.rt or family.rw else "",
        "alamat": family.alamat,
        "anggota": ", ".join(p.nama for p in row.living),
    }
    return [made[name] for name in columns]


def _show_number(number: str, reveal: bool) -> str:
    return number if reveal or not number else mask_nik(number)


def _is_there(family: Family, by: Saringan) -> bool:
    if by.dusun and family.dusun != by.dusun:
        return False
    return is_same_rt(by.rw, family.rw) and is_same_rt(by.rt, family.rt)


def _is_shown(row: FamilyRow, only: str) -> bool:
    if only == "konflik":
        return row.family.konflik
    if only == "tanpa_kepala":
        return bool(row.living) and not row.kepala
    if only == "tanpa_nomor":
        return not row.family.no_kk
    if only == "tutup":
        return bool(row.members) and not row.living
    return not row.members


def find_move_problem(moving: Mapping[str, int], joining: Sequence[Person]) -> str:
    """Say what a move would make wrong, or ""; ``moving`` maps residents to their place on the new card."""
    if not moving:
        return "Pilih dulu siapa yang pindah."
    heads = sum(place == KEPALA for place in moving.values()) + (find_head(joining) is not None)
    if heads > 1:
        return "Satu keluarga hanya punya satu kepala keluarga. Ubah hubungan salah satunya."
    if not joining and heads == 0:
        return "Keluarga ini belum punya kepala keluarga. Pilih satu orang sebagai kepala keluarga."
    return ""
