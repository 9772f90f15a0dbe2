"""What people read about the witness: one sentence, and the channels behind it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.beranda.shell import name_place
from hub.saksi import queries
from hub.saksi.exchange import CHANNELS
from hub.services import HubServices
from shared.changelog.checkpoint import parse_body, parse_vkey
from shared.changelog.keys import fingerprint
from shared.clock import format_time
from shared.store.changes import find_log, list_logs, root_at


@dataclass(frozen=True)
class ChannelView:
    """One channel: its size now, and up to where and since when it is witnessed."""

    origin: str
    size: int
    witnessed: int
    time_s: int | None


@dataclass(frozen=True)
class WitnessView:
    """One witness as its page shows it."""

    reader: str
    fingerprint: str
    pinned_s: int
    is_first_use: bool
    channels: tuple[ChannelView, ...]

    def sentence(self) -> str:
        """Say up to where the kabupaten has witnessed this hub."""
        times = [channel.time_s for channel in self.channels if channel.time_s is not None]
        if not times:
            return "Belum ada catatan yang disaksikan kabupaten."
        whole = sum(channel.witnessed == channel.size for channel in self.channels)
        return (
            f"Disaksikan kabupaten sampai {format_time(max(times))}:"
            f" {whole} dari {len(self.channels)} catatan sampai perubahan terakhir."
        )


def describe_witnesses(services: HubServices) -> list[WitnessView]:
    """List the witnesses with the channels of this hub."""
    with services.database.read() as conn:
        logs = [log for log in list_logs(conn) if log.peran in CHANNELS]
        found = []
        for pinned in queries.list_witnesses(conn):
            held = queries.list_cosignatures(conn, pinned.vkey)
            channels = [
                ChannelView(log.origin, log.size, held[log.no].size, held[log.no].time_s) if log.no in held
                else ChannelView(log.origin, log.size, 0, None)
                for log in logs
            ]
            found.append(WitnessView(
                pinned.reader, fingerprint(parse_vkey(pinned.vkey).public), pinned.pinned_s,
                bool(pinned.is_first_use), tuple(channels),
            ))
    return found


@dataclass(frozen=True)
class Contradiction:
    """A log of which a witness holds something else than this hub; ``is_shorter`` where it only holds more."""

    origin: str
    is_shorter: bool
    time_s: int

    def sentence(self) -> str:
        """Say what was proven, and what to do."""
        what = (
            "kabupaten pernah menyaksikan lebih banyak perubahan daripada yang ada di sini. Mungkin data dipulihkan"
            " dari salinan lama; sambungkan semua komputer desa agar catatan yang hilang kembali." if self.is_shorter
            else "kabupaten menyaksikan isi yang lain. Jangan hapus apa pun; hubungi kabupaten dan pengelola program."
        )
        return f"{name_origin(self.origin)}: {what}"


def name_origin(origin: str) -> str:
    """Name a channel as people do."""
    parts = origin.split("/")
    return "Saluran umum" if parts[2:3] == ["umum"] else f"Saluran {name_place(parts[1])}"


def list_contradictions(services: HubServices) -> list[Contradiction]:
    """List what a witness has proven against this hub and what no node has healed since."""
    found = {}
    with services.database.read() as conn:
        for time_s, code, note in queries.list_evidence(conn):
            point = parse_body(note.rpartition(b"\n\n")[0] + b"\n")
            log = find_log(conn, point.origin.rsplit("/", 1)[-1])
            has_it = log is not None and log.size >= point.size and root_at(conn, log, point.size) == point.root
            if not has_it:
                is_shorter = code == "saksi_mundur"
                found[point.origin, is_shorter] = Contradiction(point.origin, is_shorter, time_s)
    return list(found.values())
