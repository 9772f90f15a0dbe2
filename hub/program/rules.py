"""What may not be said of a programme: a period that ends before it begins; and its state on a day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.web.forms import write_number


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
