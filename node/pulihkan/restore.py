"""Puts a backup in the place of a node, and says in plain sentences what that means for sending to the kecamatan."""

from __future__ import annotations

from pathlib import Path

from node.change import reissue_branch
from node.impor.places import move_places
from node.migrations import node_migrations
from node.services import NodeServices, open_node
from shared.changelog.change import Sealed
from shared.clock import Clock, Randomness
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE
from shared.store.backup.archive import Contents
from shared.store.backup.restore import Kind, Restored, restore
from shared.store.branch import withdraw
from shared.store.changes import list_logs
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.side import open_database


def node_kind(clock: Clock, random: Randomness) -> Kind:
    """Tell the shared core how a node is opened and what it does with new keys."""

    def open(folder: DataFolder) -> Database:
        return open_database(folder, CATALOGUE, (node_migrations,), sisi="simpul")

    def renew(draft: DataFolder, contents: Contents) -> None:
        services = open_node(draft.path, clock=clock, random=random)
        try:
            _take_over_unknown(services, contents)
        finally:
            services.close()

    return Kind("desa", open, renew)


def restore_node(folder: DataFolder, source: Path, typed: str, clock: Clock, random: Randomness) -> Restored:
    """Restore a node; raises what shared.store.backup.restore raises."""
    return restore(folder, source, typed, node_kind(clock, random), clock, random)


def _take_over_unknown(services: NodeServices, contents: Contents) -> None:
    """Issue anew under the new key what was written under a key that the kecamatan has never admitted.

    Of an admitted key the kecamatan takes the logs as they are. One that it does not know it would refuse, and the
    work of a village that had not enrolled yet would never arrive.
    """
    with services.database.write() as conn:
        admitted = {row[0] for row in conn.execute("SELECT kunci FROM simpul")}
        unknown = [
            log for log in list_logs(conn, services.wilayah)
            if log.peran is Role.DESA and log.kunci.hex() in contents.kunci and log.kunci.hex() not in admitted
        ]
        moved = [(log, removed) for log in unknown if (removed := withdraw(conn, log)) is not None]
        if not moved:
            return
        changes: list[Sealed] = [change for _, removed in moved for change in removed.changes]
        # Together: a change of a later log may have one of an earlier one as its parent.
        _, first = reissue_branch(services, conn, moved[0][1].ref, changes)
        for log, removed in moved:
            move_places(conn, log.base + 1, len(removed.changes), first)
            first += len(removed.changes)
        services.rebuild()


def explain(restored: Restored) -> list[str]:
    """Say what was done and what the operator does now."""
    if restored.keeps_keys and restored.was_enrolled:
        then = (
            "Kunci komputer ini masih ada, jadi kecamatan tetap mengenalinya. Yang ditulis sesudah cadangan itu dan"
            " sudah terkirim diambil kembali sendiri pada sinkronisasi berikutnya."
        )
    elif restored.keeps_keys:
        then = "Kunci komputer ini masih ada; pekerjaan dapat langsung dilanjutkan."
    elif restored.was_enrolled:
        then = (
            "Komputer ini memakai kunci baru, karena kunci lama tidak pernah ikut dicadangkan. Minta kode pendaftaran"
            " baru dari kecamatan, lalu daftarkan di halaman Sinkronisasi; isi cadangan yang belum terkirim ikut"
            " terkirim. Sesudah itu mintalah kecamatan mencabut kunci komputer yang lama, dan jangan nyalakan lagi"
            " komputer itu."
        )
    else:
        then = "Komputer ini memakai kunci baru. Bekerjalah seperti biasa, dan daftarkan bila ada kode dari kecamatan."
    return [*restored.sentences(), then]
