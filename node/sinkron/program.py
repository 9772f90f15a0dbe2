"""What this node knows of the program at the kecamatan, and what its people read about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from node.services import NodeServices
from shared.store.migrations import read_setting, write_setting
from shared.sync.versions import Age, Other, Program
from shared.web.forms import write_number

_SETTING = "program_kecamatan"


def note_hub_program(services: NodeServices, answer: Mapping[str, Any]) -> None:
    """Remember what an answer of the hub says of its program; writes only what is news."""
    other = Other(answer["program"], answer["kinds"] in ("", services.kinds), answer["held"])
    with services.database.read() as conn:
        known = read_hub_program(conn)
    if known != other:
        with services.database.write() as conn:
            write_setting(conn, _SETTING, json.dumps(other.__dict__))


def read_hub_program(conn: sqlite3.Connection) -> Other:
    """Read what is known of the hub's program; as long as nothing is, it counts as the same."""
    text = read_setting(conn, _SETTING)
    return Other() if text is None else Other(**json.loads(text))


def describe_hub_program(own: Program, hub: Other, held_here: int) -> str:
    """Say how old the kecamatan's program is beside this one, and what waits until an upgrade; empty when alike.

    ``held_here`` counts the changes that this node keeps and cannot show yet.
    """
    age = hub.age(own)
    there = f" {write_number(hub.held)} perubahan desa ini menunggu di sana." if hub.held else ""
    here = f" {write_number(held_here)} perubahan menunggu di sini." if held_here else ""
    if age is Age.LEBIH_LAMA:
        return (
            f"Program kecamatan (versi {hub.name}) lebih lama daripada program di komputer ini (versi {own.name})."
            " Data tetap terkirim utuh; yang belum dikenal di sana tampil setelah program kecamatan diperbarui."
            f"{there}{here}"
        )
    if age is Age.LEBIH_BARU:
        return (
            f"Program di komputer ini (versi {own.name}) lebih lama daripada program kecamatan (versi {hub.name})."
            " Data tetap aman dan terkirim; yang belum dikenal di sini tampil setelah program ini diperbarui."
            f"{here}{there}"
        )
    if age is Age.BERBEDA:
        return (
            "Program di komputer ini dan di kecamatan berbeda versi. Data tetap aman dan terkirim; yang belum dikenal"
            f" tampil setelah keduanya diperbarui.{here}{there}"
        )
    if held_here:
        return (
            f"{write_number(held_here)} perubahan ditulis program yang lebih baru daripada program di komputer ini."
            " Semuanya tersimpan utuh, dan tampil setelah program ini diperbarui."
        )
    return ""
