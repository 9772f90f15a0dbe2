"""What an officer may do with a reported month, and what a month is called here. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from shared.lampid.book import write_bulan
from shared.lampid.state import Taraf, Tutup

LABELS: Mapping[Taraf, str] = {
    Taraf.BELUM: "Belum lapor", Taraf.SENGKETA: "Ditutup di dua komputer", Taraf.DIKIRIM: "Dikirim",
    Taraf.DIVERVAL: "Diverval", Taraf.DIKEMBALIKAN: "Dikembalikan", Taraf.TERKUNCI: "Terkunci",
}
NIHIL = "Nihil"
ACTS: Mapping[Taraf, tuple[Taraf, ...]] = {
    Taraf.DIKIRIM: (Taraf.DIVERVAL, Taraf.DIKEMBALIKAN),
    Taraf.DIVERVAL: (Taraf.TERKUNCI, Taraf.DIKEMBALIKAN),
}
ACT_LABELS = {
    Taraf.DIVERVAL: "Sudah diperiksa, benar", Taraf.TERKUNCI: "Kunci", Taraf.DIKEMBALIKAN: "Kembalikan ke desa",
}
NOTE_MAX = 1000


def name_state(month: Tutup | None, is_reopened: bool) -> str:
    """Say how far the month of a desa has got; a report of nothing is told from silence."""
    if month is None:
        return LABELS[Taraf.BELUM]
    if is_reopened and month.taraf is not Taraf.DIKEMBALIKAN:
        return "Terbuka lagi"
    if month.taraf is Taraf.DIKIRIM and month.nihil:
        return NIHIL
    return LABELS[month.taraf] + (" (nihil)" if month.nihil else "")


def list_unlocked(months: Iterable[Tutup], bulan: str) -> list[str]:
    """List the months of a desa before one that are not locked, the earliest first."""
    return sorted(month.bulan for month in months if month.bulan < bulan and month.taraf is not Taraf.TERKUNCI)


def tell_lock_first(bulan: Sequence[str]) -> str:
    """Say which month is to be locked first; the end of each is the start of the next."""
    return f"Bulan dikunci berurutan. Kunci dulu {write_bulan(bulan[0])}."


def find_bar(
    month: Tutup | None, act: str, note: str, seen: str, *, is_reopened: bool, unlocked_before: Sequence[str] = (),
    locked_after: Collection[str] = (),
) -> str | None:
    """Say in Indonesian why an officer may not do this now, or None.

    A decision is about the content that was ``seen`` (its digest). Months are locked in order, and none is returned
    below a locked one: its end is the start of the next.
    """
    if month is None or act not in ACTS.get(month.taraf, ()):
        return "Laporan ini sudah berubah keadaannya. Periksa lagi, lalu putuskan."
    if seen != month.digest:
        return "Desa sudah menutup ulang bulan ini sejak halaman ini dibuka. Periksa isi yang baru."
    if is_reopened:
        return "Bulan sebelumnya dikembalikan ke desa atau ditutup ulang, jadi bulan ini juga akan ditutup ulang."
    if act == Taraf.TERKUNCI and unlocked_before:
        return tell_lock_first(unlocked_before)
    if act == Taraf.DIKEMBALIKAN and not note:
        return "Tulis dulu apa yang harus diperbaiki desa."
    if act == Taraf.DIKEMBALIKAN and locked_after:
        return "Bulan sesudahnya sudah terkunci, jadi bulan ini tidak dapat dikembalikan lagi."
    return None
