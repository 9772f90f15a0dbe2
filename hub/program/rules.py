"""What may not be said of a programme; its state on a day, and how much of its quota is used. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.web.forms import write_number


SUBJECTS = (1, 2)
"""Whom a programme of the kecamatan may be for: a recipient is a penduduk or a keluarga, nothing else."""


def find_subject_problem(chosen: int | None, before: int | None, has_recipients: bool) -> str | None:
    """Say in Indonesian why a programme cannot be for the chosen subject, or None."""
    if chosen is not None and chosen == before:
        return None
    if chosen not in SUBJECTS:
        return "Sasaran: pilih penduduk atau keluarga."
    if before is not None and has_recipients:
        return "Sasaran tidak dapat diganti lagi, karena program ini sudah ada penerimanya."
    return None


def find_period_problem(values: Mapping[str, Any]) -> str | None:
    """Say in Indonesian what is wrong with the period, or None."""
    begins, ends = values.get("mulai"), values.get("selesai")
    if begins and ends and ends < begins:
        return "Tanggal selesai tidak boleh sebelum tanggal mulai."
    return None


def describe_period(begins: str | None, ends: str | None, day: date) -> str:
    """Say whether a programme runs on a day."""
    today = day.isoformat()
    if begins and begins > today:
        return "Belum mulai"
    if ends and ends < today:
        return "Sudah selesai"
    return "Berjalan"


def describe_quota(recipients: int, quota: int | None) -> str:
    """Say how much of a quota is used."""
    if quota is None:
        return "tanpa kuota"
    if recipients > quota:
        return f"lebih {write_number(recipients - quota)} dari kuota"
    return f"sisa {write_number(quota - recipients)}"


@dataclass(frozen=True)
class Use:
    """How much of its quota a programme uses in one period; a proposal takes a place as well."""

    periode: str
    aktif: int
    usulan: int
    kuota: int | None

    @property
    def used(self) -> int:
        return self.aktif + self.usulan

    @property
    def percent(self) -> int:
        """Per cent of the quota, above 100 where it is exceeded; 0 without a quota."""
        if self.kuota is None:
            return 0
        return 100 * self.used // self.kuota if self.kuota else 100 * bool(self.used) + bool(self.used)

    @property
    def is_over(self) -> bool:
        return self.kuota is not None and self.used > self.kuota

    @property
    def sentence(self) -> str:
        """Say it in words."""
        proposed = f", {write_number(self.usulan)} diusulkan" if self.usulan else ""
        return f"{write_number(self.aktif)} menerima{proposed}; {describe_quota(self.used, self.kuota)}"


def find_fullest(uses: Sequence[Use], kuota: int | None) -> Use:
    """Find the period that uses most; the quota holds for each period alone."""
    return max(uses, key=lambda use: use.used, default=Use("", 0, 0, kuota))
