"""What a node's last contact says to an operator: clock, queue and parity in words; pure."""

from __future__ import annotations

from shared.clock import describe_span
from shared.sync.limits import limit


def describe_clock(heard_s: int | None, device_time_s: int | None) -> str:
    """Say how wrong the clock of a node is; empty when it is right enough or was never heard."""
    if heard_s is None or device_time_s is None:
        return ""
    ahead_s = device_time_s - heard_s
    if abs(ahead_s) <= limit("clock_skew_s_shown"):
        return ""
    return f"Jam komputer {describe_span(abs(ahead_s))} terlalu {'cepat' if ahead_s > 0 else 'lambat'}"


def describe_queue(queue: int | None) -> str:
    """Say how much a node still had to hand over when it last called."""
    if queue is None:
        return ""
    return f"{queue} perubahan menunggu" if queue else "Tidak ada antrean"


def describe_parity(parity: str) -> str:
    """Say whether both sides showed the same rows."""
    return {"sama": "Isi sama", "beda": "Isi berbeda"}.get(parity, "Belum dibandingkan")
