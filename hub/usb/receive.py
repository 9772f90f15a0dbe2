"""What the hub does with a file from a desa: its runs by the very same door as those of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from hub.downlink.answer import find_differing, list_heads
from hub.downlink.owed import write_owed
from hub.ingest.accept import Sender, accept_run
from hub.ingest.contact import note_contact, note_number, note_refusal, read_number
from hub.ingest.sender import judge_parity, look_up_helper, look_up_sender
from hub.pemulihan.rotation import accept_rotation
from hub.pemulihan.state import is_hub_key, learn_successors, read_recovery
from hub.pemulihan.succeeded import refuse_to_speak
from hub.pemulihan.watch import watch_histories
from hub.services import HubServices
from hub.simpul.enrol import accept_candidate
from hub.usb.answer import build_answer_file, build_refusal
from hub.usb.words import explain_refusals, refuse_file
from hub.verval.cases import update_cases
from shared.changelog.run import RunHeader
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.branch import list_branches
from shared.store.carried import Room, unbounded, unload
from shared.store.changes import list_logs
from shared.store.side import find_own_log
from shared.store.stick import explain_stick
from shared.sync.bundle import Letter, Runs, Title, open_file, write_letter

Progress = Callable[[int], None]
_ANSWERED = ("unknown_key", "key_revoked", "not_admitted")
"""Refusals of a whole file that its desa learns nowhere else."""


class Answer(Protocol):
    """Makes the bytes of the answer to a file, as often as they are wanted; ``room`` is for its attachments."""

    def __call__(self, room: Room = unbounded) -> Iterator[bytes]: ...


@dataclass
class Taken:
    """What a file has brought, and the answer to it."""

    title: Title
    desa: str
    computer: str
    key: str
    number: int
    answer: Answer
    changes: int = 0
    pictures: int = 0
    """Attachments that are whole here since."""
    codes: list[str] = field(default_factory=list)
    refusal: str = ""
    """Why the file was refused as a whole (Indonesian); the answer tells the desa so."""
    is_older: bool = False
    is_suspended: bool = False
    is_cut: bool = False
    parity: str = ""
    words: str = ""
    """The six words of a computer that asks for admission; empty once it is confirmed."""

    def sentences(self) -> list[str]:
        """Say what became of the file."""
        if self.refusal:
            return [self.refusal]
        if self.title is Title.ENROL:
            if self.words:
                return ["Komputer ini meminta pendaftaran. Cocokkan enam katanya lewat telepon, lalu setujui."]
            return ["Komputer ini sudah disetujui sebelumnya."]
        said = [f"{self.changes} perubahan baru disimpan." if self.changes else "Tidak ada perubahan baru."]
        if self.pictures:
            said.append(f"{self.pictures} foto atau pindaian baru disimpan.")
        if self.is_older:
            said.append("Berkas ini lebih lama daripada yang sudah diterima; isinya sudah ada, tidak ada yang hilang.")
        if self.is_suspended:
            said.append(
                "Kunci komputer ini sedang ditangguhkan, jadi yang baru masuk karantina; lihat Kunci dan pemulihan."
            )
        if self.is_cut:
            said.append("Berkasnya terpotong atau rusak; yang utuh sudah disimpan, sisanya ikut kiriman berikutnya.")
        if self.parity == "beda":
            said.append("Isi data desa berbeda dengan yang tampil di sini; laporkan ke pengelola program.")
        return said + explain_refusals(self.codes)


def take_file(services: HubServices, file: BinaryIO, progress: Progress = lambda done: None) -> Taken:
    """Take what a file holds; reading it again changes nothing.

    What is refused in part is told in the answer. Raises UserError with a sentence when the file is not for this
    hub, or nobody can be answered; then nothing is stored.
    """
    try:
        with explain_stick():
            letter, runs = open_file(file)
        if letter.title is Title.ENROL:
            return _take_request(services, letter)
        if letter.title is not Title.UP:
            raise refuse_file("down")
        return _take_bundle(services, letter.message, runs, progress)
    except ProtocolError as error:
        raise refuse_file(error.code) from None


def _take_request(services: HubServices, letter: Letter) -> Taken:
    """Note a computer that asks for admission, and answer it."""
    request = letter.message
    version = services.program.agree(request["version"], request["version_min"])
    answer = accept_candidate(services, request, letter.key)
    with services.database.read() as conn:
        kata, active = conn.execute(
            "SELECT kata, EXISTS (SELECT 1 FROM simpul s WHERE s.kunci = c.kunci) FROM candidate c WHERE kunci = ?",
            (letter.key,),
        ).fetchone()
    own = services.keys.signing
    message = {**answer, "version": version, "sender": own.public.hex(), "receiver": letter.key}
    content = write_letter(Title.ENROLLED, message, own)
    return Taken(
        Title.ENROL, request["wilayah"], request["nama"], letter.key, 0, lambda room=unbounded: iter((content,)),
        words="" if active else kata,
    )


def _take_bundle(services: HubServices, message: dict[str, Any], runs: Runs, progress: Progress) -> Taken:
    services.program.agree(message["version"], message["version_min"])
    with services.database.read() as conn:
        refuse_to_speak(conn, services)
    learn_successors(services, message["rantai"])
    with services.database.read() as conn:
        if not is_hub_key(conn, services, bytes.fromhex(message["receiver"])):
            is_ours = str(message["wilayah"]).startswith(f"{services.wilayah}.")
            raise refuse_file("other_key") if is_ours else ProtocolError("wrong_receiver")
    try:
        sender = _find_sender(services, message)
    except ProtocolError as error:
        if error.code in _ANSWERED:
            return _refuse_bundle(services, message, error.code)
        raise
    return _take_runs(services, sender, message, runs, progress)


def _find_sender(services: HubServices, message: dict[str, Any]) -> Sender:
    """Find who has written a bundle; a stranger may be one who brings our own channel back."""
    try:
        sender = look_up_sender(services, message["sender"])
    except ProtocolError as error:
        if error.code == "key_revoked" and message["rotate"] is not None:
            # Replaced already, and the answer that said so was lost.
            return _follow_key(services, message)
        helper = look_up_helper(services, message["sender"], message["logs"]) if error.code == "unknown_key" else None
        if helper is None:
            raise
        return helper
    if sender.wilayah != message["wilayah"]:
        raise ProtocolError("out_of_scope", "bundle of another desa")
    return sender


def _follow_key(services: HubServices, message: dict[str, Any]) -> Sender:
    """Put a node's new key in the place of the one that has signed the bundle; it speaks from here on."""
    accept_rotation(services, message["sender"], {**message["rotate"], "nonce": message["nonce"]})
    return look_up_sender(services, message["rotate"]["kunci"])


def _refuse_bundle(services: HubServices, message: dict[str, Any], code: str) -> Taken:
    """Tell a desa in a signed file why nothing of its own was taken: it learns it nowhere else."""
    computer = _name_computer(services, message["sender"])
    with services.database.read() as conn:
        is_forgotten = code == "unknown_key" and read_recovery(conn) is not None
    return Taken(
        Title.UP, message["wilayah"], computer, message["sender"], message["number"],
        lambda room=unbounded: build_refusal(services, message, code),
        refusal=refuse_file("forgotten" if is_forgotten else code).pesan,
    )


def _take_runs(
    services: HubServices, sender: Sender, message: dict[str, Any], runs: Runs, progress: Progress
) -> Taken:
    announced = {head["id"]: head["size"] for head in message["logs"]}
    before = _sizes(services, message["wilayah"])
    differs: list[str] = []
    is_older = False
    if sender.simpul:
        differs, is_older = _greet(services, sender, message, before)
    refused: dict[str, tuple[int, str]] = {}
    reached: dict[str, int] = {}
    for header, sealed in runs:
        progress(runs.bytes_read)
        if header.log in refused and refused[header.log][1] != "fork":
            continue  # of a second history the rest is kept as well
        try:
            sender = _accept(services, sender, message, header, sealed)
        except ProtocolError as error:
            refused.setdefault(header.log, (header.start, error.code))
            continue
        reached[header.log] = header.end
        if not sender.simpul:
            # A stranger has just brought our own channel back: it may say who the stranger is.
            sender = _look_again(services, sender, message["wilayah"])
    if not sender.simpul:
        return _refuse_bundle(services, message, "unknown_key")
    _pass_over_branches(services, message, refused)
    pictures = unload(services, sender.wilayah, runs.chunks(), lambda: progress(runs.bytes_read))
    rotated = message["rotate"]["kunci"] if message["rotate"] is not None else ""
    if rotated not in ("", sender.kunci) and not refused and runs.is_whole:
        sender = _follow_key(services, message)
    parity = judge_parity(services, sender, message)
    after = _sizes(services, sender.wilayah)
    note_number(services, sender.kunci, message["number"])
    if not is_older:
        _note_contact(services, sender, message, after, parity.verdict.value, refused)
    if all(end >= announced.get(id, 0) for id, end in reached.items()) and update_cases(services):
        # Only when all that was announced is here: half a family is no finding.
        after = _sizes(services, sender.wilayah)
    if not is_older:
        if not differs and not refused and all(after.get(id, 0) >= size for id, size in announced.items()):
            write_owed(services, sender)
    again = dict.fromkeys([*differs, *(id for id, (_, code) in refused.items() if code == "fork")], 0)
    changes = sum(max(0, after.get(id, 0) - before.get(id, 0)) for id in reached)
    return Taken(
        Title.UP, sender.wilayah, _name_computer(services, sender.kunci), sender.kunci, message["number"],
        lambda room=unbounded: build_answer_file(
            services, sender, message, reached.keys(), refused, again, parity, pictures.wire_code(), room
        ),
        changes=changes,
        codes=[code for _, code in refused.values()] + pictures.codes_for_people(), pictures=pictures.whole,
        is_older=is_older and not (changes or pictures.whole), is_suspended=_is_suspended(services, sender),
        parity=parity.verdict.value,
        is_cut=not (runs.is_whole or pictures.is_stopped) or any(
            after.get(entry["id"], 0) < entry["size"] for entry in message["reaches"] if entry["id"] not in refused
        ),
    )


def _pass_over_branches(
    services: HubServices, message: dict[str, Any], refused: dict[str, tuple[int, str]]
) -> None:
    """Refuse nothing of a log of which the node holds our history: what was kept here was one beside it."""
    held = _sizes(services, message["wilayah"])
    with services.database.read() as conn:
        differs = find_differing(conn, held, message["logs"])
    for head in message["logs"]:
        id = head["id"]
        is_ours = id not in differs and 0 < head["size"] <= held.get(id, 0)
        if is_ours and refused.get(id, (0, ""))[1] == "fork":
            del refused[id]


def _greet(
    services: HubServices, sender: Sender, message: dict[str, Any], before: dict[str, int]
) -> tuple[list[str], bool]:
    """Compare histories as at a hello; tell what differs, and whether the file was overtaken on its way.

    A file that was overtaken lacks what its key has handed over since, and brings nothing: it says nothing of the
    computer. One that brings something under a number at or below the highest was not written by the computer that
    was heard last: that one was restored, or there are two.
    """
    announced = {head["id"]: head["size"] for head in message["logs"]}
    with services.database.read() as conn:
        told = {head["id"]: head["size"] for head in list_heads(services, sender.wilayah)}
        differs = find_differing(conn, told, message["logs"])
        brings = any(
            entry["size"] > before.get(entry["id"], 0)
            or entry["id"] in differs and all(b.size < entry["size"] for b in list_branches(conn, entry["id"]))
            for entry in message["reaches"]
        )
    is_behind = any(announced.get(id, 0) < before.get(id, 0) for id in _own_logs(services, sender))
    if is_behind and not brings:
        return differs, True
    is_second = message["number"] <= read_number(services, sender.kunci)
    watch_histories(services, sender, message["logs"], differs, is_evidence=is_second)
    return differs, False


def _accept(
    services: HubServices, sender: Sender, message: dict[str, Any], header: RunHeader, sealed: bytes
) -> Sender:
    """Take one run; return who speaks from then on: what a new key has signed follows all that the old one has."""
    try:
        accept_run(services, sender, header, sealed)
    except ProtocolError as error:
        new = message["rotate"]
        if error.code != "unknown_key" or new is None or sender.kunci == new["kunci"] or not sender.simpul:
            raise
        sender = _follow_key(services, message)
        accept_run(services, sender, header, sealed)
    return sender


def _note_contact(
    services: HubServices, sender: Sender, message: dict[str, Any], held: dict[str, int], parity: str,
    refused: dict[str, tuple[int, str]],
) -> None:
    """Remember that a desa was heard, as of today: the clock of a desa is late by the way of the stick."""
    announced = {head["id"]: head["size"] for head in message["logs"]}
    common = find_own_log(services, services.wilayah, Role.UMUM)
    note_contact(
        services, sender, {**message, "time": max(message["time"], services.clock.now_s())},
        queue=sum(max(0, size - held.get(id, 0)) for id, size in announced.items()), parity=parity,
        common_size=0 if common is None else announced.get(common.id, 0), said_s=message["time"],
    )
    for _, code in refused.values():
        note_refusal(services, sender, code)


def _look_again(services: HubServices, helper: Sender, wilayah: str) -> Sender:
    try:
        found = look_up_sender(services, helper.kunci)
    except ProtocolError:
        return helper
    return found if found.wilayah == wilayah else helper


def _sizes(services: HubServices, wilayah: str) -> dict[str, int]:
    with services.database.read() as conn:
        return {log.id: log.size for log in list_logs(conn) if log.wilayah in (wilayah, services.wilayah)}


def _own_logs(services: HubServices, sender: Sender) -> set[str]:
    with services.database.read() as conn:
        return {log.id for log in list_logs(conn, sender.wilayah) if log.kunci.hex() == sender.kunci}


def _is_suspended(services: HubServices, sender: Sender) -> bool:
    with services.database.read() as conn:
        row = conn.execute("SELECT status FROM simpul WHERE id = ?", (sender.simpul,)).fetchone()
    return row is not None and row[0] == "ditangguhkan"


def _name_computer(services: HubServices, kunci: str) -> str:
    with services.database.read() as conn:
        row = conn.execute("SELECT nama FROM simpul WHERE kunci = ?", (kunci,)).fetchone()
    return str(row[0] or "") if row else ""
