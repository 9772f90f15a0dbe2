"""One pull from one hub: ask with our cursor, believe nothing that is not signed, store all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from hub.kabupaten.check import (
    Known,
    check_content,
    check_manifest,
    open_manifest,
    read_first_line,
    read_line,
)
from hub.kabupaten.lake import HubEntry, Lake
from hub.kabupaten.manifest import Manifest
from hub.kabupaten.transport import CONTENT_TYPE, LIMITS, Answer, LineReader, PullLimits, Transport
from shared.clock import Clock
from shared.errors import TransportError, UserError

PATH = "/ekspor/v1/perubahan"


@dataclass(frozen=True)
class PullReport:
    """What one pull brought; ``wire_bytes`` as they came, packed."""

    hub: str
    count: int
    cursor: str
    wire_bytes: int
    is_full: bool
    time_s: int

    def message(self) -> dict[str, Any]:
        """Give the line that the command prints."""
        return {
            "hub": self.hub, "baris": self.count, "cursor": self.cursor, "terverifikasi": True,
            "byte": self.wire_bytes, "lengkap": self.is_full, "waktu_hub": self.time_s,
        }


def pull_hub(
    lake: Lake, hub: HubEntry, transport: Transport, clock: Clock, *, alasan: str = "",
    limits: PullLimits = LIMITS,
) -> PullReport:
    """Take what changed at one hub since the last time; with a reason (``alasan``) data that are not masked.

    Raises TransportError when nothing readable came, UserError when the hub refuses, PullRefused (LogAlarm
    among them) when what came is not believed, EnvironmentProblem when it cannot be stored; then nothing was.
    """
    state = lake.read_state(hub.code)
    with transport.open(_write_url(hub, state.cursor, alasan), _write_headers(lake, hub, alasan)) as answer:
        _check_status(answer, bool(alasan))
        reader = LineReader(answer, limits, clock)
        lines = iter(reader)
        note, manifest = _read_manifest(lines, hub, state.known, bool(alasan))
        with lake.stage(hub.code) as delivery:
            for line in lines:
                read_line(line, hub.code)
                delivery.write(line)
            check_content(manifest, delivery.count, delivery.digest)
            if manifest.cursor_to != state.cursor or delivery.count:
                delivery.store(note, state.advance(manifest))
            else:
                lake.write_state(hub.code, replace(state, time_s=manifest.time_s))
                # Again, for a power cut may have come before it: erased data must not stay in an old file.
                lake.drop_superseded(hub.code, state)
    return PullReport(
        hub.code, manifest.count, manifest.cursor_to, reader.wire_bytes, manifest.is_full, manifest.time_s
    )


def _write_url(hub: HubEntry, cursor: str, alasan: str) -> str:
    parts = [f"sejak={cursor}"] if cursor else []
    if alasan:
        parts.append("identitas=1")
    return hub.address + PATH + ("?" + "&".join(parts) if parts else "")


def _write_headers(lake: Lake, hub: HubEntry, alasan: str) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {lake.read_token(hub.code)}", "Accept": CONTENT_TYPE,
        "Accept-Encoding": "gzip",
    }
    if alasan:
        headers["Sipande-Alasan"] = quote(alasan)
    return headers


def _check_status(answer: Answer, identified: bool) -> None:
    """Turn a refusal into what the operator can do; anything that is not the hub speaking is no answer."""
    if answer.status == 200 and answer.content_type.partition(";")[0].strip() == CONTENT_TYPE:
        return
    if answer.status == 401:
        raise UserError(
            "Kecamatan menolak token ini. Minta token baru, lalu simpan dengan perintah ganti-token.",
            "token_salah",
        )
    if answer.status == 403 and identified:
        raise UserError(
            "Token ini hanya untuk data tersamar. Tarik tanpa --alasan, atau mintalah izin kepada kecamatan.",
            "tanpa_izin_identitas",
        )
    if answer.status == 400:
        raise UserError(
            "Kecamatan tidak menerima permintaan ini. Periksa alasannya (5 sampai 200 huruf, tanpa nomor"
            " orang); bila sudah benar, perbarui program di kedua sisi.",
            "permintaan_ditolak",
        )
    raise TransportError(f"status {answer.status}")


def _read_manifest(
    lines: Iterator[bytes], hub: HubEntry, known: Known, identified: bool
) -> tuple[bytes, Manifest]:
    """Read and check the first line before any other is looked at."""
    first = next(lines, None)
    if first is None:
        raise TransportError("empty answer")
    note, proofs = read_first_line(first)
    manifest = open_manifest(note, hub.verifier)
    check_manifest(manifest, proofs, known, hub=hub.code, identified=identified)
    return note, manifest
