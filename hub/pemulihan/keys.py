"""The hub's own keys: the successor in office, and the one that the recovery key names after a disaster."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hub.change import append_successor, current_log, write_common
from hub.pemulihan.state import add_former_key, begin_recovery, check_restored
from hub.services import HubServices
from shared.changelog.keychain import Successor, read_successor, sign_successor
from shared.changelog.keys import KEY_BYTES, SigningKey, load_keys, six_words
from shared.errors import DamageError, UserError
from shared.merge.scope import Role
from shared.store.connection import read_small, write_durably
from shared.store.drafts import draft_create
from shared.store.migrations import write_setting
from shared.store.side import KEY_FILE
from shared.sync.limits import limit

_CHECK_WORDS = 2


def take_new_keys(services: HubServices) -> None:
    """Change the hub's keys; nodes follow along the note that the old key signs into its last change."""
    kept_s = limit("seal_key_kept_days") * 24 * 3600
    before = services.keys
    try:
        with services.database.write() as conn:
            # What stands on disk may be ahead of us: a change that failed half-way is finished, not begun anew.
            stored = load_keys(services.folder.keys / KEY_FILE)
            fresh = stored if stored.previous is not None else before.rotate(
                services.random, services.clock.now_s(), kept_s
            )
            services.replace_keys(fresh)
            finish_new_keys(conn, services)
    except BaseException:
        # No node could follow to a key that no channel names.
        services.keys = before
        raise
    services.replace_keys(replace(services.keys, is_told=True))


def finish_new_keys(conn: sqlite3.Connection, services: HubServices) -> None:
    """Write down what follows from new keys; repeated when a hub is opened, since a crash may come between."""
    previous = services.keys.previous
    if previous is None:
        return
    new, segel = services.keys.signing.public.hex(), services.seal_key.public.hex()
    if conn.execute("SELECT 1 FROM kunci_hub WHERE kunci = ?", (new,)).fetchone() is None:
        note = sign_successor(Successor(services.wilayah, previous.public.hex(), new, segel), previous)
        keep_note(services, note)
        draft = draft_create(
            services.catalogue["kunci_hub"], services.new_id(), {"kunci": new, "segel": segel, "surat": note}
        )
        append_successor(services, conn, draft, previous)
        # Said again under the new key: a hub that takes the place of this one knows only the last key from its
        # sheet, and must hear from it that the one before is to be believed.
        write_common(services, [replace(draft, record=services.new_id())], author="")
    add_former_key(conn, previous.public.hex())
    # Every key has a common channel, in which the next one can be named.
    current_log(services, conn, services.wilayah, Role.UMUM)


class RecoverySheet(NamedTuple):
    """What the sheet in the sealed envelope says: the recovery key, and the public key of the hub that was."""

    recovery: SigningKey
    former: str


def read_recovery_key(typed: str) -> SigningKey:
    """Read the recovery key as typed; UserError when it is mistyped."""
    return read_sheet(typed, "00" * KEY_BYTES).recovery


def name_check_words(recovery: bytes, hub: bytes) -> str:
    """Give the two words that stand under the lines of a sheet, from both public keys: a slip of the hand changes them.

    They guard against slips and nothing else: no length or digit of the lines themselves tells one.
    """
    return " ".join(six_words(recovery, hub)[:_CHECK_WORDS])


def read_sheet(recovery_seed: str, former_key: str, words: str = "") -> RecoverySheet:
    """Read the lines of the sheet as typed; UserError when one is mistyped.

    ``words`` are the check words, empty where the sheet is from a time without them.
    """
    try:
        seed, former = bytes.fromhex("".join(recovery_seed.split())), bytes.fromhex("".join(former_key.split()))
    except ValueError:
        seed = former = b""
    if len(seed) != KEY_BYTES or len(former) != KEY_BYTES:
        raise UserError(
            "Kunci pemulihan atau kunci hub lama salah ketik: masing-masing 64 huruf dan angka dari lembar yang"
            " dicetak dulu. Salin lagi.",
            "kunci_pemulihan_salah",
        )
    sheet = RecoverySheet(SigningKey(seed), former.hex())
    typed = words.lower().split()
    if typed and typed != name_check_words(sheet.recovery.public, former).split():
        raise UserError(
            "Kata periksa tidak cocok: kunci pemulihan, kunci hub lama, atau kata periksanya salah ketik. Cocokkan lagi"
            " ketiganya dengan lembar itu; semuanya dari satu lembar.",
            "kata_periksa_beda",
        )
    return sheet


def take_the_place(services: HubServices, sheet: RecoverySheet) -> None:
    """Let a new hub take the place of one that was destroyed: the recovery key names its key, nodes bring the rest."""
    new, segel = services.keys.signing.public.hex(), services.seal_key.public.hex()
    note = sign_successor(Successor(services.wilayah, sheet.former, new, segel), sheet.recovery, by_recovery=True)
    values = {"kunci": new, "segel": segel, "surat": note}
    keep_note(services, note)
    with services.database.write() as conn:
        services.pemulihan = sheet.recovery.public.hex()
        write_setting(conn, "pemulihan", services.pemulihan)
        add_former_key(conn, sheet.former)
        begin_recovery(conn, services.clock.now_s())
        write_common(
            services, [draft_create(services.catalogue["kunci_hub"], services.new_id(), values)], author=""
        )


def settle_after_open(services: HubServices) -> None:
    """Do what a change of keys or a restored database asks for, each time a hub is opened."""
    if services.keys.previous is not None:
        with services.database.write() as conn:
            finish_new_keys(conn, services)
        services.replace_keys(replace(services.keys, is_told=True))
    _tell_again(services)
    check_restored(services)


def _chain_file(services: HubServices) -> Path:
    return services.folder.keys / "rantai.json"


def read_notes(services: HubServices) -> list[str]:
    """Read the successors that are kept beside the keys, outside every backup."""
    content = read_small(_chain_file(services))
    try:
        notes: list[str] = json.loads(b"[]" if content is None else content)
    except ValueError:
        raise DamageError("chain of keys cannot be read") from None
    return notes


def keep_note(services: HubServices, note: str) -> None:
    """Keep a successor beside the keys: a database that is put back may be older than the key of today."""
    notes = read_notes(services)
    if note not in notes:
        write_durably(_chain_file(services), json.dumps([*notes, note], ensure_ascii=False).encode())


def _tell_again(services: HubServices) -> None:
    """Write the successors down again that the database has forgotten."""
    with services.database.write() as conn:
        write_notes(conn, services)


def write_notes(conn: sqlite3.Connection, services: HubServices) -> None:
    """Write down what the notes beside the keys say and the database does not: successors, and keys that were."""
    notes = {note: step for note in read_notes(services) if (step := read_successor(note)) is not None}
    known = {row[0] for row in conn.execute("SELECT surat FROM kunci_hub")}
    drafts = [
        draft_create(
            services.catalogue["kunci_hub"], services.new_id(),
            {"kunci": step.kunci, "segel": step.segel, "surat": note},
        )
        for note, step in notes.items() if note not in known
    ]
    before = {step.lama for step in notes.values()} | {key.public.hex() for key in services.keys.former}
    for key in sorted(before - {services.keys.signing.public.hex()}):
        add_former_key(conn, key)
    write_common(services, drafts, author="")
