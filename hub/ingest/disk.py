"""What the operator must know of this hub's disk: that it refuses what desa send, or soon will.

Kept in memory: on a full disk nothing can be written down.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.clock import format_time

LOW_BYTES = 500_000_000
_MB = 1_000_000


class Refused(NamedTuple):
    """Since when and until when (seconds) deliveries were refused; ``is_full``: for want of room."""

    since_s: int
    last_s: int
    is_full: bool


@dataclass
class DiskWatch:
    """What this process has seen of its disk."""

    refused: Refused | None = None

    def note_refused(self, now_s: int, kode: str) -> None:
        """Remember that a delivery could not be stored; ``kode`` is that of the EnvironmentProblem."""
        since_s = now_s if self.refused is None else self.refused.since_s
        self.refused = Refused(since_s, now_s, kode == "disk_penuh")

    def note_stored(self) -> None:
        """Remember that a delivery was stored."""
        self.refused = None

    def describe(self, folder: Path) -> str:
        """Say in words what is wrong and what to do, empty where all is well; ``folder`` is that of the data."""
        if self.refused is not None:
            return _tell_refused(self.refused)
        free = measure_free(folder)
        if free is None or free >= LOW_BYTES:
            return ""
        return (
            f"Disk komputer hub ini hampir penuh: sisanya {free // _MB} MB. Hapus berkas yang tidak perlu atau tambah"
            " disknya; bila penuh, kiriman desa ditolak."
        )


def _tell_refused(refused: Refused) -> str:
    what, do = (
        ("Disk komputer hub ini penuh", "Hapus berkas yang tidak perlu atau tambah disknya.") if refused.is_full
        else ("Berkas data hub ini tidak dapat ditulis", "Periksa hak akses folder data dan kesehatan disknya.")
    )
    return (
        f"{what}, jadi kiriman desa ditolak sejak {format_time(refused.since_s)}, terakhir"
        f" {format_time(refused.last_s)}. {do} Tidak ada yang hilang: desa mengirim lagi sendiri."
    )


def measure_free(folder: Path) -> int | None:
    """Measure the room that is left where a folder lies, in bytes; None where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
