"""The months that a desa has closed, and what the kecamatan has said of each: which are in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.lampid.month import move_month
from shared.lampid.report import Laporan


class Taraf(StrEnum):
    """How far a month has got."""

    BELUM = "belum"
    SENGKETA = "sengketa"
    DIKIRIM = "dikirim"
    DIVERVAL = "diverval"
    DIKEMBALIKAN = "dikembalikan"
    TERKUNCI = "terkunci"


TARAF = {
    Taraf.BELUM: "Belum ditutup", Taraf.SENGKETA: "Ditutup di dua komputer", Taraf.DIKIRIM: "Sudah ditutup",
    Taraf.DIVERVAL: "Sudah diperiksa kecamatan", Taraf.DIKEMBALIKAN: "Dikembalikan kecamatan",
    Taraf.TERKUNCI: "Terkunci",
}
"""What the village calls each."""


@dataclass(frozen=True)
class Tutup:
    """One recorded month. ``laporan`` is None where its content is in dispute, or cannot be read.

    ``is_overtaken`` when a locked month was closed once more, by a computer that had not heard of the lock.
    """

    id: str
    bulan: str
    laporan: Laporan | None
    ukuran: tuple[str, ...]
    digest: str
    nihil: bool
    tanggal: str
    oleh: str
    status: str
    digest_diperiksa: str
    catatan: str
    pemeriksa: str
    is_disputed: bool
    is_overtaken: bool = False

    @property
    def taraf(self) -> Taraf:
        """Tell how far it has got; what was said of another content of it does not count."""
        if self.is_disputed or self.laporan is None:
            return Taraf.SENGKETA
        if self.status not in (Taraf.DIVERVAL, Taraf.DIKEMBALIKAN, Taraf.TERKUNCI):
            return Taraf.DIKIRIM
        if self.digest_diperiksa != self.digest:
            return Taraf.DIKIRIM
        return Taraf(self.status)

    @property
    def sizes(self) -> dict[str, int]:
        """Give the size of every log that was counted."""
        found = {}
        for item in self.ukuran:
            log, _, size = item.rpartition(":")
            if log and size.isdecimal():
                found[log] = int(size)
        return found


def list_in_force(months: Sequence[Tutup]) -> list[Tutup]:
    """List the months that hold: from the first on without a gap, up to one that was returned or is in dispute.

    What was closed behind such a one is open again, until it begins with what the one before it ends with. A locked
    month holds whatever comes before it: an earlier one that another computer closed later does not open it.
    """
    ordered = sorted(months, key=lambda one: one.bulan)
    whole = _chain(ordered)
    locked = next((at for at, month in enumerate(ordered) if month.taraf is Taraf.TERKUNCI), None)
    return whole if locked is None or locked < len(whole) else _chain(ordered[locked:])


def _chain(months: Sequence[Tutup]) -> list[Tutup]:
    found: list[Tutup] = []
    for month in months:
        if month.laporan is None or month.taraf in (Taraf.SENGKETA, Taraf.DIKEMBALIKAN):
            break
        if found and not _follows(month.laporan, found[-1].laporan):
            break
        found.append(month)
    return found


def _follows(laporan: Laporan, before: Laporan | None) -> bool:
    return before is not None and laporan.bulan == move_month(before.bulan) and laporan.awal == before.akhir


def is_open_again(month: Tutup, months: Sequence[Tutup]) -> bool:
    """Tell whether a month that was closed must be closed again because of one before it."""
    return month.taraf not in (Taraf.SENGKETA, Taraf.DIKEMBALIKAN) and month not in list_in_force(months)
