"""What a session has done and how it ended, for the status page and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.sync.codes import CODES


class Outcome(StrEnum):
    """How a session ended, for the status page; but for the last, the final states of shared/sync/states.py."""

    SELESAI = "selesai"
    TERPUTUS = "terputus"
    DITOLAK = "ditolak"
    BELUM_TERDAFTAR = "belum_terdaftar"


@dataclass
class Report:
    """What a session did. Bytes are HTTP bytes of both ways; ``code`` names a refusal that came last."""

    outcome: Outcome = Outcome.TERPUTUS
    sent: int = 0
    received: int = 0
    runs: int = 0
    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    run_bytes_resent: int = 0
    code: str = ""
    detail: str = ""
    retry_s: int = 0
    hub_time_s: int = 0
    parity: str = ""
    parity_differs: list[str] = field(default_factory=list)
    parity_versions: list[str] = field(default_factory=list)
    """Kinds that two programs of different age cannot compare."""

    def sentence(self) -> str:
        """Say in one Indonesian sentence how it went."""
        if self.outcome is Outcome.SELESAI:
            if not self.sent and not self.received:
                return "Sudah sama dengan kecamatan; tidak ada yang perlu dikirim atau diterima."
            return f"Sinkronisasi selesai: {self.sent} perubahan terkirim, {self.received} diterima."
        if self.outcome is Outcome.BELUM_TERDAFTAR:
            return "Komputer ini belum terdaftar di kecamatan."
        if self.outcome is Outcome.DITOLAK:
            return CODES[self.code].sentence if self.code in CODES else "Kecamatan menolak sambungan ini."
        if self.code == "bad_signature":
            # Somebody answers, so the person at the screen would look for the fault in the wrong place.
            return (
                "Kecamatan terjangkau, tetapi kiriman berulang kali rusak di jalan. Pekerjaan Anda aman dan dikirim"
                " lagi nanti; bila terus begini, coba sambungan internet lain, atau kirim lewat USB."
            )
        return "Kecamatan belum dapat dihubungi; pekerjaan Anda aman dan akan dikirim nanti."
