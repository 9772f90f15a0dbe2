"""What victims do: one operation on a disk that fails, dies or is written down; or one side of a conversation."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from node.change import write_drafts
from node.sinkron.rotate import take_new_keys
from node.sinkron.transport import Answer, Traffic
from shared.errors import SipandeError, TransportError
from shared.explain import explain_error
from shared.store.blobs import store_of
from shared.store.drafts import draft_create
from shared.sync import signature
from simulation.disk.desk import Desk, PageRefused, SessionEnded, Telling
from simulation.disk.operations import OPERATIONS, PICTURE, Operation
from simulation.disk.shim import Mode, Shim
from simulation.disk.stage import AUTHOR, Place
from tests.support.federation import ADDRESS, TestClock

Job = dict[str, Any]


def fail(shim: Shim, folder: Path, job: Job, link: Connection) -> None:
    """Do an operation whose ``at``-th step fails; then do it again on a whole disk. Says how both went."""
    operation, desk = OPERATIONS[job["operation"]], _open(shim, folder, job)
    operation.prepare(desk)
    before = operation.measure(desk)
    mode = Mode.READ if job["reads"] else Mode.FAIL
    shim.arm(mode, job["at"], job["error"], is_lasting=job["lasting"], is_torn=job["torn"])
    first = _try(operation, desk)
    steps = shim.disarm()
    result: Job = {"first": first, "steps": steps, "before": before, "between": operation.measure(desk)}
    if first is not None:
        result["second"] = _try(operation, desk)
    result["after"] = operation.measure(desk)
    desk.close()
    desk.tell(result=result)


def die(shim: Shim, folder: Path, job: Job, link: Connection) -> None:
    """Do an operation, so many ``times``, and be killed at its ``at``-th step, or from outside."""
    operation, desk = OPERATIONS[job["operation"]], _open(shim, folder, job)
    desk.kept.update(job["kept"])
    operation.prepare(desk)
    desk.tell(begun=True)
    shim.arm(Mode.KILL if job["at"] >= 0 else Mode.COUNT, job["at"], is_torn=job["torn"])
    for _ in range(job["times"]):
        operation.act(desk)
    desk.tell(steps=shim.disarm())


def speak(shim: Shim, folder: Path, job: Job, link: Connection) -> None:
    """Be the node of a conversation whose hub is another process; either may be killed."""
    desk = _open(shim, folder, job)
    side = desk.second if job["operation"] == "ambil" else desk.node
    shim.watch(side.folder.path)
    desk.tell(begun=True)
    shim.arm(Mode.KILL if job["at"] >= 0 else Mode.COUNT, job["at"], is_torn=job["torn"])
    key = side.keys.signing
    try:
        desk.sync(side, Telling(_Link(link, desk.clock, key.seed(), key.public.hex()), desk.tell))
    except SessionEnded as ended:
        desk.tell(ended=ended.report.outcome.value)
    desk.tell(steps=shim.disarm())


def answer(shim: Shim, folder: Path, job: Job, link: Connection) -> None:
    """Be the hub of a conversation until the other side is gone."""
    desk = _open(shim, folder, job)
    app = desk.sync_app
    shim.watch(desk.place.hub)
    shim.arm(Mode.KILL if job["at"] >= 0 else Mode.COUNT, job["at"], is_torn=job["torn"])
    while True:
        try:
            path, body, headers = link.recv()
        except (EOFError, ConnectionError):
            break
        response = app.test_client().post(path, data=body, headers=headers, base_url=ADDRESS)
        try:
            link.send((response.status_code, dict(response.headers), response.data))
        except OSError:
            break
    desk.tell(hub_steps=shim.disarm())


def live(shim: Shim, folder: Path, job: Job, link: Connection) -> None:
    """Live through a drawn working day of which every step on the disk is written down."""
    handle = os.open(Place(folder).record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    shim.watch(folder)
    shim.record(handle)
    desk, dice = _open(shim, folder, job), Random(job["seed"])
    for at in range(job["acts"]):
        _live_once(desk, dice, at)
    shim.record(-1)


def _live_once(desk: Desk, dice: Random, at: int) -> None:
    what = dice.choices(("write", "sync", "checkpoint", "picture", "keys", "pull"), (10, 4, 3, 2, 1, 2))[0]
    if what == "write":
        kind, node = desk.node.catalogue["penduduk"], desk.node
        values = [{"nama": f"HARI {at} {n}"} for n in range(dice.choice((1, 1, 1, 3, 40)))]
        drafts = [draft_create(kind, node.new_id(), {"nama": value["nama"], "status_dasar": 1}) for value in values]
        desk.tell(saved=write_drafts(node, drafts, author=AUTHOR), at=node.folder.path.name)
    elif what == "sync":
        desk.sync(desk.node)
    elif what == "pull":
        desk.sync(desk.second)
    elif what == "checkpoint":
        dice.choice((desk.node, desk.hub)).database.checkpoint()
    elif what == "picture":
        data = PICTURE[: 1 + dice.randrange(20_000)] + bytes([at % 256])
        desk.tell(attachment=store_of(desk.node).add(desk.node.wilayah, data))
    else:
        take_new_keys(desk.node)
        desk.tell(key=desk.node.keys.signing.public.hex())


def _open(shim: Shim, folder: Path, job: Job) -> Desk:
    shim.watch(folder)
    return Desk(Place(folder), job["seed"], shim)


def _try(operation: Operation, desk: Desk) -> Job | None:
    """Do it; None when it went well, else what the person or the other side is told."""
    try:
        operation.act(desk)
    except PageRefused as page:
        return {"kind": "page", "status": page.status, "text": page.html}
    except SessionEnded as ended:
        report = ended.report
        return {"kind": "session", "code": report.code, "text": report.sentence(), "detail": report.detail}
    except SipandeError as error:
        return {"kind": type(error).__name__, "exit": error.exit_code, "text": explain_error(error)}
    return None


@dataclass
class _Link:
    """Carries signed requests to a hub in another process."""

    link: Connection
    clock: TestClock
    seed: bytes
    key: str
    traffic: Traffic = field(default_factory=Traffic)

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        message = signature.RequestMessage("POST", ADDRESS + path)
        headers = signature.sign(message, body, self.seed, self.key, nonce, self.clock.now_s())
        self.traffic.requests += 1
        try:
            self.link.send((path, body, headers))
            status, answered, data = self.link.recv()
        except (EOFError, OSError):
            raise TransportError("the hub is gone") from None
        from node.sinkron.transport import _read_signature

        return Answer(status, data, _read_signature(status, answered, data))

    def with_key(self, seed: bytes, key: str) -> _Link:
        return _Link(self.link, self.clock, seed, key)

    def close(self) -> None:
        return None


def read_said(place: Place) -> list[Job]:
    """Read what the processes of a trial have told people, oldest first; a line cut by a kill was not told."""
    if not place.said.exists():
        return []
    lines = place.said.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]
