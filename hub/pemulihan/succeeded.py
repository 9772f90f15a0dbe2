"""A hub whose whole disk was put back to a day before its last change of keys: it is no longer whom nodes know.

It cannot find that out alone. A node that knows the later key hands over the successors, which prove themselves
(sync_protocol.md section 4.4). From then on the hub refuses to speak under the old key, until the later key
folder is put back, or the recovery key names one more key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from hub.pemulihan.keys import keep_note, read_recovery_key, write_notes
from hub.pemulihan.state import begin_recovery, list_former_keys, list_hub_keys
from hub.services import HubServices
from shared.changelog.keychain import Successor, find_later, sign_successor
from shared.errors import ProtocolError, UserError
from shared.store.evidence import note_event
from shared.store.migrations import read_setting, write_setting
from shared.sync.limits import limit

_SETTING = "diganti"
SENTENCE = (
    "Hub ini dipulihkan dari salinan yang lebih lama daripada pergantian kuncinya, jadi komputer desa menunggu. Taruh"
    " kembali folder kunci yang lebih baru, atau masukkan kunci pemulihan dari amplop tersegel."
)


def note_successors(services: HubServices, notes: Sequence[str]) -> None:
    """Learn from a node that this hub's key was followed by another.

    Raises ProtocolError bad_note when the notes do not prove it; then nothing is kept.
    """
    with services.database.write() as conn:
        own = services.keys.signing.public.hex()
        former = [key.hex() for key in list_hub_keys(conn, services)]
        steps = find_later(notes, services.wilayah, own, services.pemulihan, former)
        if not steps:
            raise ProtocolError("bad_note", "no successor of this hub's key")
        content = {"kunci": [step.kunci for step in steps], "surat": list(notes)}
        write_setting(conn, _SETTING, json.dumps(content))
        note_event(conn, services.clock.now_s(), "diganti", "", f"kunci {steps[-1].kunci[:16]}")


def find_later_keys(conn: sqlite3.Connection, services: HubServices) -> list[str]:
    """List the keys (hex) that followed this hub's, where it speaks under an old one; none where it does not."""
    text = read_setting(conn, _SETTING)
    if text is None:
        return []
    later: list[str] = json.loads(text)["kunci"]
    held = {key.hex() for key in services.keys.publics()}
    return [] if later[-1] in held or later[-1] in list_former_keys(conn) else later


def refuse_to_speak(conn: sqlite3.Connection, services: HubServices) -> None:
    """Raise ProtocolError succeeded where this hub must not speak under its key."""
    if find_later_keys(conn, services):
        raise ProtocolError("succeeded")


def take_keys_by_recovery(services: HubServices, recovery_seed: str) -> None:
    """Take fresh keys that the recovery key names; nodes follow to them from whatever key they know.

    Raises UserError when the recovery key is mistyped or another hub's, or when nothing of this kind is asked for.
    """
    recovery = read_recovery_key(recovery_seed)
    if recovery.public.hex() != services.pemulihan:
        raise UserError("Kunci pemulihan ini bukan milik hub ini. Periksa amplopnya.", "kunci_pemulihan_lain")
    with services.database.read() as conn:
        later = find_later_keys(conn, services)
        surat = json.loads(read_setting(conn, _SETTING) or '{"surat": []}')["surat"]
    if not later:
        raise UserError("Hub ini memakai kuncinya yang terbaru; kunci pemulihan tidak diperlukan.", "kunci_terbaru")
    kept_s = limit("seal_key_kept_days") * 24 * 3600
    fresh = replace(services.keys.rotate(services.random, services.clock.now_s(), kept_s), is_told=True)
    assert fresh.seal is not None
    new, segel = fresh.signing.public.hex(), fresh.seal.public.hex()
    note = sign_successor(Successor(services.wilayah, later[-1], new, segel), recovery, by_recovery=True)
    # Beside the keys before the keys: what is missing in the database is written when the hub is opened again.
    for item in (*surat, note):
        keep_note(services, item)
    services.replace_keys(fresh)
    with services.database.write() as conn:
        write_notes(conn, services)
        begin_recovery(conn, services.clock.now_s())
