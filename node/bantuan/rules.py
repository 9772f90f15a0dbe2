"""Pure rules of programmes and recipients: when a programme runs, how its state and a recipient's are worded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

STATUSES: Mapping[str, str] = {"aktif": "Menerima", "usulan": "Diusulkan", "berhenti": "Berhenti"}
KELUARGA_SASARAN = 2
"""Code of a programme whose recipients are families."""

REASONS: Mapping[str, str] = {
    "salah_orang": "Salah orang atau salah keluarga",
    "ganda": "Tercatat dua kali",
    "salah_program": "Salah program atau salah periode",
    "uji": "Data percobaan",
}
"""Why a recipient is taken off the list; who received and does so no longer is stopped instead."""


def find_period_problem(values: Mapping[str, Any]) -> str:
    """Say what is wrong with the first and last day of a programme, or ""."""
    first, last = values.get("mulai"), values.get("selesai")
    return "Tanggal selesai lebih awal daripada tanggal mulai." if first and last and last < first else ""


def has_ended(selesai: str, today: date) -> bool:
    """Tell whether the last day of a programme is over; ``selesai`` is a date or ""."""
    return bool(selesai) and selesai < today.isoformat()


def describe_period(mulai: str, selesai: str, today: date) -> str:
    """Say in a word whether a programme runs."""
    if has_ended(selesai, today):
        return "Berakhir"
    return "Belum mulai" if mulai and mulai > today.isoformat() else "Berjalan"


def describe_status(status: str, selesai: str, today: date) -> str:
    """Word what a person or family has of a programme, for a list of aid."""
    if status == "aktif" and has_ended(selesai, today):
        return "programnya sudah berakhir"
    return {"aktif": "menerima", "usulan": "diusulkan", "berhenti": "sudah berhenti"}.get(status, "belum diisi")


def find_status_problem(values: Mapping[str, Any]) -> str:
    """Say what a status lacks, or ""."""
    if values.get("status") == "berhenti" and not values.get("alasan_status"):
        return "Tulis dulu alasan penerima ini dihentikan."
    return ""
