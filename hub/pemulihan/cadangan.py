"""Puts a backup in the place of a hub. Without its key folder it takes the recovery key from the sealed envelope."""

from __future__ import annotations

from pathlib import Path

from hub.migrations import hub_migrations
from hub.pemulihan.keys import RecoverySheet, read_sheet, take_the_place
from hub.services import open_hub, rebuild_hub
from shared.clock import Clock, Randomness
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.store.backup.archive import Contents
from shared.store.backup.restore import Kind, Restored, restore
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.side import open_database


def hub_kind(clock: Clock, random: Randomness, recovery: str = "") -> Kind:
    """Tell the shared core how a hub is opened and what new keys ask for; ``recovery`` is the line on the sheet."""

    def open(folder: DataFolder) -> Database:
        return open_database(folder, CATALOGUE, (hub_migrations,), sisi="hub", fold_again=rebuild_hub)

    def renew(draft: DataFolder, contents: Contents) -> None:
        sheet = read_recovery_for(recovery, contents)
        services = open_hub(draft.path, clock=clock, random=random)
        try:
            if sheet.recovery.public.hex() != services.pemulihan:
                raise UserError(
                    "Kunci pemulihan itu bukan milik hub ini. Periksa lembar di amplopnya.", "kunci_pemulihan_lain"
                )
            take_the_place(services, sheet)
        finally:
            services.close()

    return Kind("hub", open, renew)


def read_recovery_for(recovery: str, contents: Contents) -> RecoverySheet:
    """Read the recovery key as typed, for a backup whose keys are not here; UserError where none or a wrong one was."""
    if not recovery.strip():
        raise UserError(
            "Kunci hub yang membuat cadangan ini tidak ada di komputer ini, jadi hub harus memakai kunci baru. Ambil"
            " lembar kunci pemulihan dari amplop tersegel, lalu ulangi dengan kunci pemulihannya (pada perintah:"
            " --kunci-pemulihan).",
            "perlu_kunci_pemulihan",
        )
    return read_sheet(recovery, contents.kunci[0])


def restore_hub(
    folder: DataFolder, source: Path, typed: str, clock: Clock, random: Randomness, recovery: str = ""
) -> Restored:
    """Restore a hub; raises what shared.store.backup.restore raises."""
    return restore(folder, source, typed, hub_kind(clock, random, recovery), clock, random)


def explain(restored: Restored) -> list[str]:
    """Say what was done and what the operator does now."""
    if restored.keeps_keys:
        then = (
            "Kunci hub masih ada. Yang hilang sejak cadangan itu dikembalikan komputer desa saat menyambung; sampai"
            " semuanya menyambung, hub dalam pemulihan."
        )
    else:
        then = (
            "Hub memakai kunci baru yang disahkan kunci pemulihan. Komputer desa mengikuti sendiri saat menyambung dan"
            " mengembalikan yang hilang sejak cadangan itu. Jangan nyalakan lagi komputer hub yang lama."
        )
    return [*restored.sentences(), then]
