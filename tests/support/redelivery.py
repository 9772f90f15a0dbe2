"""All logs of one database handed to another, in another order and in other pieces, by the production path."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from hub.migrations import hub_migrations
from shared.changelog.change import decode_bodies, decode_headers
from shared.records.catalogue import Catalogue
from shared.store.changes import add_log, append, list_logs, read_changes, read_leaves
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.entries import Entry
from shared.store.records import Projector
from shared.store.side import open_database

PIECE_MAX = 12


def redeliver(
    conn: sqlite3.Connection, catalogue: Catalogue, path: Path, dice: random.Random, bodies: Mapping[bytes, bytes] = {}
) -> Database:
    """Hand every log of an open database to an empty one at ``path``, in small pieces and in a drawn order.

    ``bodies`` are some that were erased, by digest: they come as they once were.
    """
    folder = DataFolder(path)
    folder.make()
    fresh = open_database(folder, catalogue, (hub_migrations,))
    waiting = list_logs(conn)
    dice.shuffle(waiting)
    with fresh.write() as new:
        logs = {
            log.id: add_log(
                new, id=log.id, origin=log.origin, wilayah=log.wilayah, peran=log.peran, kunci=log.kunci, own=False
            )
            for log in waiting
        }
        while waiting:
            log = dice.choice(waiting)
            target = logs[log.id]
            end = min(log.size, target.size + dice.randrange(1, PIECE_MAX))
            changes = [
                change if change.body is not None else change._replace(body=bodies.get(change.body_digest))
                for change in read_changes(conn, log, target.size, end)
            ]
            headers = decode_headers([change.header for change in changes])
            values = decode_bodies([change.body for change in changes])
            leaves = read_leaves(conn, log, target.size, end)
            logs[log.id] = append(new, target, changes, headers, leaves)
            Projector(new, catalogue).project([
                Entry(target.base + header.seq, header, body, leaf)
                for header, body, leaf in zip(headers, values, leaves, strict=True)
            ])
            if end == log.size:
                waiting.remove(log)
    return fresh
