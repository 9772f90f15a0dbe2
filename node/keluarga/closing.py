"""Closes a dusun: whoever is there moves to another dusun first; all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from node.change import write_drafts
from node.keluarga.queries import list_pointing
from node.services import NodeServices
from shared.errors import UserError
from shared.store.drafts import draft_delete, draft_update
from shared.store.records import load_state, load_states
from shared.web.forms import write_number

Progress = Callable[[int, int], None]
Pointing = Mapping[str, Sequence[tuple[str, str, str]]]

DRAFTS_MAX = 1000
"""How many records move between two signs of progress."""


def close_dusun(
    node: NodeServices, id: str, target: str, alasan: str, author: str, progress: Progress | None = None
) -> int:
    """Move what points to a dusun to ``target``, then delete the dusun; return how many records moved.

    An empty dusun needs no target. Raises UserError that says what to do first.
    """
    kind = node.catalogue["dusun"]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        if not state.exists:
            raise UserError("Dusun ini sudah ditutup.", "dusun_ditutup")
        pointing = list_pointing(conn, node.catalogue, node.wilayah, kind, id)
        total = sum(map(len, pointing.values()))
        if total:
            _check_move(node, conn, pointing, id, target)
        done = 0
        for name, rows in pointing.items():
            for start in range(0, len(rows), DRAFTS_MAX):
                chunk = rows[start : start + DRAFTS_MAX]
                _move(node, conn, name, chunk, target, author)
                done += len(chunk)
                if progress:
                    progress(done, total)
        write_drafts(node, [draft_delete(kind, state, id, alasan)], author=author)
    return total


def _check_move(
    node: NodeServices, conn: sqlite3.Connection, pointing: Pointing, id: str, target: str
) -> None:
    known = target and load_state(conn, node.catalogue, node.catalogue["dusun"], node.wilayah, target).exists
    if not known or target == id:
        raise UserError(
            "Dusun ini belum kosong. Pilih dulu dusun tujuan penduduk dan kartu keluarganya.", "tujuan_kosong"
        )
    disputed = sum(
        node.catalogue[name].group_of[field] in conflicts.split(",")
        for name, rows in pointing.items() for _, field, conflicts in rows
    )
    if disputed:
        # Moving would settle the address without anybody having looked.
        raise UserError(
            f"Alamat {write_number(disputed)} data di dusun ini masih menunggu verval. Selesaikan dulu di daftar"
            " penduduk dan keluarga yang menunggu verval, lalu tutup dusunnya.",
            "alamat_konflik",
        )


def _move(
    node: NodeServices, conn: sqlite3.Connection, name: str, rows: Sequence[tuple[str, str, str]], target: str,
    author: str,
) -> None:
    kind = node.catalogue[name]
    states = load_states(conn, node.catalogue, kind, node.wilayah, [id for id, _, _ in rows])
    drafts = [
        draft for id, field, _ in rows if (draft := draft_update(kind, states[id], id, {field: target}))
    ]
    write_drafts(node, drafts, author=author)
