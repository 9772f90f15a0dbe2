"""Writes spans of time, counts and states as people say them; pure."""

from __future__ import annotations

from shared.clock import describe_span

_MINUTE_S = 60


def describe_age(now_s: int, then_s: int | None) -> str:
    """Say how long ago something was; a time after now is a matter of clocks and counts as now."""
    if then_s is None:
        return "belum pernah"
    age_s = now_s - then_s
    if age_s < 2 * _MINUTE_S:
        return "baru saja"
    return f"{describe_span(age_s)} yang lalu"


def count_silent(now_s: int, last: list[int | None], quiet_s: int) -> int:
    """Count the nodes that were not heard for some seconds, those never heard among them."""
    return sum(1 for then_s in last if then_s is None or now_s - then_s > quiet_s)


def describe_contacts(now_s: int, last: list[int | None], quiet_s: int) -> str:
    """Say in one sentence when the nodes were heard; ``last`` holds one time for each."""
    if not last:
        return "Belum ada komputer desa yang terdaftar."
    silent = count_silent(now_s, last, quiet_s)
    heard = [then_s for then_s in last if then_s is not None]
    newest = f" Kabar terbaru {describe_age(now_s, max(heard))}." if heard else ""
    span = describe_span(quiet_s)
    if silent == 0:
        who = f"Semua {len(last)} komputer desa" if len(last) > 1 else "Satu-satunya komputer desa yang terdaftar"
        return f"{who} menghubungi kecamatan dalam {span} terakhir.{newest}"
    return f"{silent} dari {len(last)} komputer desa tidak menghubungi kecamatan lebih dari {span}.{newest}"
