"""Many files as one ZIP that leaves while it is made: only one of them is in memory at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import NamedTuple


class Isian(NamedTuple):
    """One file of a ZIP."""

    nama: str
    isi: bytes


class _Outlet(io.RawIOBase):
    """Keeps what the archive writes until somebody takes it; it cannot be rewound, and ZIP need not."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._kept += part
        return len(part)

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._kept.clear()
        return taken


def stream_zip(files: Iterator[Isian]) -> Iterator[bytes]:
    """Give the bytes of an archive, those of each file as soon as it is made."""
    outlet = _Outlet()
    # A date of this computer in the archive would say no more than the sheets do.
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.nama), file.isi, zipfile.ZIP_DEFLATED)
            yield outlet.take()
    yield outlet.take()
