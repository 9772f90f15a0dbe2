"""Pure rules of perangkat: whether a term runs, who may sign on a day, what somebody should look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Any, NamedTuple

from shared.records.catalogue import CATALOGUE
from shared.records.perangkat import JABATAN
from shared.web.forms import write_date

PERANGKAT = CATALOGUE["perangkat"]
KADES = "kades"
HIDUP = 1

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Orangnya", ("nama", "jenis_kelamin", "tempat_lahir", "tanggal_lahir", "agama", "pendidikan")),
    ("Jabatan", ("jabatan", "sebutan", "dusun", "niap", "nip", "pangkat")),
    ("Pengangkatan", ("sk_angkat", "tanggal_angkat", "mulai", "sampai")),
    ("Tanda tangan dan akun", ("boleh_tanda_tangan", "petugas", "keterangan")),
)
"""The form; the person behind it is chosen before, the end of a term has a form of its own, the photo too."""
FORM_FIELDS: tuple[str, ...] = ("penduduk", *(name for _, names in SECTIONS for name in names))
END_FIELDS = ("sampai", "sk_henti", "tanggal_henti")
COPIED = ("nama", "jenis_kelamin", "tempat_lahir", "tanggal_lahir", "agama", "pendidikan")
"""What is taken over from a resident, once; both have these fields under one name."""
COPIED_AGAIN = ("penduduk", *COPIED, "niap", "nip", "pangkat", "petugas")
"""What a further term takes over from the one before."""

Row = Mapping[str, Any]


class Masa(Enum):
    """Where a day lies in a term."""

    BELUM = "belum mulai"
    MENJABAT = "menjabat"
    LEWAT = "masa jabatan habis"
    BERHENTI = "sudah berhenti"


def find_last_day(row: Row) -> str:
    """Find the last day in office (``YYYY-MM-DD``); "" when none is known.

    The day that was written down counts; where only the decree of dismissal is known, the day before its date.
    """
    if row.get("sampai"):
        return str(row["sampai"])
    if row.get("tanggal_henti"):
        return (date.fromisoformat(str(row["tanggal_henti"])) - timedelta(days=1)).isoformat()
    return ""


def read_masa(row: Row, on_date: date) -> Masa:
    """Tell where a day lies in a term. A term without a first day has begun."""
    day, last = on_date.isoformat(), find_last_day(row)
    if last and last < day:
        return Masa.BERHENTI if row.get("sk_henti") or row.get("tanggal_henti") else Masa.LEWAT
    return Masa.BELUM if (row.get("mulai") or row.get("tanggal_angkat") or "") > day else Masa.MENJABAT


def may_sign(row: Row, on_date: date) -> bool:
    """Tell whether somebody may sign letters on a day: the right was given, and the term runs on that day."""
    return bool(row.get("boleh_tanda_tangan")) and read_masa(row, on_date) is Masa.MENJABAT


def list_signers(rows: Iterable[Row], on_date: date) -> list[Row]:
    """List who may sign on a day: the kepala desa first, then by office and name."""
    return order_rows(row for row in rows if may_sign(row, on_date))


def order_rows(rows: Iterable[Row]) -> list[Row]:
    """Put officials in the order of their offices, then of names; of one name and of heads the later term first."""
    places = {jabatan: at for at, jabatan in enumerate(JABATAN)}

    def place(row: Row) -> tuple[int, str]:
        jabatan = str(row.get("jabatan") or "")
        return places.get(jabatan, len(places)), "" if jabatan == KADES else str(row.get("nama") or "")

    later = sorted(rows, key=lambda row: (str(row.get("mulai") or ""), str(row.get("id") or "")), reverse=True)
    return sorted(later, key=place)


def name_jabatan(row: Row) -> str:
    """Write the office as it stands on paper."""
    return str(row.get("sebutan") or JABATAN.get(str(row.get("jabatan") or ""), ""))


class Peringatan(NamedTuple):
    """Something to look at: a sentence, and the record it is about or ""."""

    teks: str
    id: str = ""


def list_warnings(rows: Sequence[Row], statuses: Mapping[str, int], on_date: date) -> list[Peringatan]:
    """Say what does not fit on a day; ``statuses``: the live ``status_dasar`` of residents by id, 0 for gone ones."""
    serving = [row for row in rows if read_masa(row, on_date) is Masa.MENJABAT]
    found = _warn_of_heads(rows, serving, on_date)
    for row in order_rows(serving):
        status = statuses.get(str(row.get("penduduk") or ""), HIDUP)
        if status != HIDUP:
            found.append(Peringatan(
                f"{row.get('nama')} masih tercatat menjabat, padahal menurut data penduduk sudah tidak tinggal di sini"
                " (meninggal, pindah, atau dihapus). Catat akhir jabatannya bila memang sudah berhenti.",
                str(row["id"]),
            ))
    for row in order_rows(row for row in rows if read_masa(row, on_date) is Masa.LEWAT):
        if not _has_later_term(row, rows):
            found.append(Peringatan(
                f"Masa jabatan {row.get('nama')} sudah habis pada {write_date(find_last_day(row))}. Catat akhir"
                " jabatannya, atau masa jabatan yang baru bila diangkat lagi.",
                str(row["id"]),
            ))
    return found


def _warn_of_heads(rows: Sequence[Row], serving: Sequence[Row], on_date: date) -> list[Peringatan]:
    heads = [row for row in serving if row.get("jabatan") == KADES]
    signers = list_signers(rows, on_date)
    found = []
    if len(heads) > 1:
        names = " dan ".join(str(row.get("nama")) for row in heads)
        found.append(Peringatan(
            f"Ada {len(heads)} kepala desa yang menjabat bersamaan: {names}. Catat akhir jabatan yang sudah berhenti.",
            str(heads[0]["id"]),
        ))
    if rows and not heads:
        others = any(row.get("jabatan") != KADES for row in signers)
        found.append(Peringatan(
            "Tidak ada kepala desa yang sedang menjabat. "
            + ("Surat ditandatangani Plt. atau Plh.: pilih cara itu pada suratnya." if others else
               "Surat harus ditandatangani Plt.: beri hak tanda tangan kepada perangkat yang ditunjuk, lalu pilih cara"
               " Plt. pada suratnya."),
        ))
    elif heads and not signers:
        found.append(Peringatan(
            "Belum ada yang berhak menandatangani surat. Buka kepala desa, lalu pilih Boleh menandatangani surat: Ya.",
            str(heads[0]["id"]),
        ))
    return found


def _has_later_term(row: Row, rows: Iterable[Row]) -> bool:
    """Tell whether the same person has a term behind this one."""
    person, last = row.get("penduduk"), find_last_day(row)
    return bool(person) and any(
        other.get("penduduk") == person and other.get("id") != row.get("id") and str(other.get("mulai") or "") > last
        for other in rows
    )


def find_end_problem(row: Row, last: str) -> str:
    """Say why a term cannot end on a day; empty when it can."""
    start = str(row.get("mulai") or row.get("tanggal_angkat") or "")
    if start and last and last < start:
        return f"Hari terakhir menjabat lebih awal daripada mulai menjabat ({write_date(start)})."
    return ""
