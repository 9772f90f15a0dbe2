"""The operations whose disk fails: each is prepared, done, and measured to be there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hub.pemulihan.keys import take_new_keys as take_hub_keys
from hub.services import HubServices
from hub.usb.folder import take_path
from hub.verval import decide
from hub.verval.cases import list_findings
from node.impor.service import import_file
from node.impor.undo import undo_batch
from node.services import NodeServices
from node.sinkron.rotate import take_new_keys
from node.usb.ledger import SETTING
from node.usb.send import write_bundle
from shared.commands import run_cadangan
from shared.errors import EnvironmentProblem
from shared.store.blobs import store_of
from shared.store.outbox import Outbox
from simulation.disk.desk import Clerk, Desk, PageRefused
from simulation.disk.older import make_older
from simulation.disk.stage import AUTHOR, write_sheet

NAMES = ("SUPARTI PERCOBAAN", "WAGIMIN CONTOH", "TUKIJO UMPAMA", "SRIATUN MISAL")
"""Who is typed into the form, one after the other."""
PICTURE = sha256(b"picture").digest() * 4000


@dataclass(frozen=True)
class Operation:
    """``prepare`` runs on a whole disk, ``act`` on the failing one; ``measure`` says what is there.

    ``is_atomic``: when it says that it failed, nothing is there of it. ``leaves_file``: but for a file on another disk.
    """

    name: str
    act: Callable[[Desk], None]
    measure: Callable[[Desk], Any]
    prepare: Callable[[Desk], None] = lambda desk: None
    is_atomic: bool = True
    leaves_file: bool = False


def _value(side: NodeServices | HubServices, sql: str, *values: Any) -> Any:
    with side.database.read() as conn:
        return conn.execute(sql, values).fetchone()[0]


def _changes(side: NodeServices | HubServices) -> int:
    return int(_value(side, "SELECT count(*) FROM change"))


def _newest_refs(side: NodeServices | HubServices, start: int) -> list[str]:
    """Name the changes behind the first ``start``, as a person would be told that they are saved."""
    with side.database.read() as conn:
        rows = conn.execute(
            "SELECT l.id, c.pos & 1099511627775, c.leaf FROM change c JOIN log l ON l.no = c.pos >> 40 WHERE l.own = 1"
            " ORDER BY c.pos DESC LIMIT max(0, (SELECT count(*) FROM change) - ?)", (start,)
        ).fetchall()
    return [f"{id}:{seq}:{leaf[:8].hex()}" for id, seq, leaf in rows]


def _count_before(desk: Desk, side: NodeServices | HubServices) -> int:
    with desk.aside():
        return _changes(side)


def _tell_new(desk: Desk, side: NodeServices | HubServices, before: int) -> None:
    with desk.aside():
        desk.tell(saved=_newest_refs(side, before), at=side.folder.path.name)


def _open_form(desk: Desk) -> None:
    desk.kept["clerk"] = Clerk(desk.node)
    desk.kept["clerk"].get("/penduduk/tambah")


def _save_form(desk: Desk) -> None:
    before = _count_before(desk, desk.node)
    at = desk.kept.get("saved", 0)
    answer = desk.kept["clerk"].post(
        "/penduduk/tambah", nama=NAMES[at], jenis_kelamin="2", tanggal_lahir="04-04-1988", status_dasar="1",
    )
    if answer.status_code != 303:
        raise PageRefused(answer.status_code, answer.text)
    _tell_new(desk, desk.node, before)
    desk.kept["saved"] = at + 1


def _import(desk: Desk) -> None:
    before = _count_before(desk, desk.node)
    import_file(desk.node, write_sheet(0, 40), "warga.csv", AUTHOR)
    _tell_new(desk, desk.node, before)


def _undo(desk: Desk) -> None:
    before = _count_before(desk, desk.node)
    undo_batch(desk.node, 2, "salah berkas", AUTHOR)
    _tell_new(desk, desk.node, before)


def _open_both(desk: Desk) -> None:
    assert desk.sync_app and desk.node


def _push(desk: Desk) -> None:
    desk.sync(desk.node)


def _open_second(desk: Desk) -> None:
    assert desk.sync_app and desk.second


def _pull(desk: Desk) -> None:
    desk.sync(desk.second)


def _find_case(desk: Desk) -> None:
    with desk.hub.database.read() as conn:
        finding = list_findings(conn, kode="V1")[0]
        desk.kept.update(
            finding=finding.id, seen=decide.list_heads(conn, desk.hub, finding),
            chosen=dict(decide.list_versions(conn, desk.hub, finding)[0].refs),
            officer=conn.execute("SELECT id FROM petugas WHERE nama = 'SRI'").fetchone()[0],
        )


def _decide(desk: Desk) -> None:
    before, kept = _count_before(desk, desk.hub), desk.kept
    officer = decide.Officer(kept["officer"], "wali_data")
    decide.hold_versions(desk.hub, kept["finding"], kept["chosen"], kept["seen"], officer, "")
    _tell_new(desk, desk.hub, before)


def _make_older(desk: Desk) -> None:
    folder = desk.place.hub if desk.kept.get("is_hub") else desk.place.node
    make_older(folder / "data.sqlite", int(desk.kept.get("undone", 1)))


def _migrate(desk: Desk) -> None:
    assert desk.hub if desk.kept.get("is_hub") else desk.node


def _is_open(desk: Desk) -> Any:
    return desk.is_open


def _open_node(desk: Desk) -> None:
    assert desk.node


def _back_up(desk: Desk) -> None:
    # By the command, as the timer calls it: what a backup is made of is none of our business.
    run_cadangan(desk.node, {"tujuan": str(desk.place.backups), "simpan": 3}, lambda report: None)


def _list_backups(desk: Desk) -> Any:
    return sorted(path.name for path in desk.place.backups.iterdir() if not path.name.endswith(".baru"))


def _send(desk: Desk) -> None:
    sent = write_bundle(desk.node, desk.place.stick)
    desk.tell(file=sent.path.name, bytes=sent.path.stat().st_size)


def _list_sent(desk: Desk) -> Any:
    names = sorted(path.name for path in desk.place.stick.iterdir() if not path.name.startswith("."))
    return [names, _value(desk.node, "SELECT max(value) FROM setting WHERE name = ?", SETTING)]


def _open_hub(desk: Desk) -> None:
    assert desk.hub


def _take(desk: Desk) -> None:
    (outcome,) = take_path(desk.hub, desk.place.stick, Outbox(desk.hub.folder))
    if outcome.taken is None:
        raise EnvironmentProblem(" ".join(outcome.sentences), "usb")


def _attach(desk: Desk) -> None:
    desk.tell(attachment=store_of(desk.node).add(desk.node.wilayah, PICTURE))


def _find_picture(desk: Desk) -> Any:
    return _value(desk.node, "SELECT count(*) FROM attachment")


def _rotate(desk: Desk) -> None:
    take_new_keys(desk.node)
    desk.tell(key=desk.node.keys.signing.public.hex())


def _key(desk: Desk) -> Any:
    return desk.node.keys.signing.public.hex() == desk.kept.setdefault("key", desk.node.keys.signing.public.hex())


def _rotate_hub(desk: Desk) -> None:
    take_hub_keys(desk.hub)
    desk.tell(hub_key=desk.hub.keys.signing.public.hex())


def _hub_key(desk: Desk) -> Any:
    return desk.hub.keys.signing.public.hex() == desk.kept.setdefault("key", desk.hub.keys.signing.public.hex())


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("simpan", _save_form, lambda desk: _value(
            desk.node, "SELECT count(*) FROM penduduk WHERE nama = ?", NAMES[0]), _open_form),
        Operation("impor", _import, lambda desk: [
            _changes(desk.node), _value(desk.node, "SELECT count(*) FROM import_batch")], _open_node),
        Operation("batal-impor", _undo, lambda desk: [
            _changes(desk.node), _value(desk.node, "SELECT count(*) FROM import_undo")], _open_node),
        Operation("kirim", _push, lambda desk: _changes(desk.hub), _open_both, is_atomic=False),
        Operation("ambil", _pull, lambda desk: _changes(desk.second), _open_second, is_atomic=False),
        Operation("putus", _decide, lambda desk: _changes(desk.hub), _find_case),
        Operation("migrasi", _migrate, _is_open, _make_older),
        # A whole copy that could not be noted is a copy more, and no harm.
        Operation("cadangan", _back_up, _list_backups, _open_node, is_atomic=False),
        Operation("usb-kirim", _send, _list_sent, _open_node, leaves_file=True),
        Operation("usb-terima", _take, lambda desk: _changes(desk.hub), _open_hub, is_atomic=False),
        Operation("lampiran", _attach, _find_picture, _open_node),
        Operation("ganti-kunci", _rotate, _key, _open_node),
        Operation("ganti-kunci-hub", _rotate_hub, _hub_key, _open_hub, is_atomic=False),
    )
}
"""Twelve, and the hub's change of keys beside the node's."""
