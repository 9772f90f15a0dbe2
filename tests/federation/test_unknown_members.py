"""Members that nobody knows yet, everywhere: in every message, run header and note, both ways. They change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from node.sinkron.session import Outcome
from shared.changelog.run import MAGIC, RunHeader
from shared.errors import UserError
from shared.sync import messages
from shared.sync.bundle import Title
from shared.sync.versions import Program
from tests.support.federation import Federation
from tests.support.office import NIK_A, create, live, update, value
from tests.support.usb import Road

LATER = {"nanti": {"x": [1, {"y": None}]}, "kelak": "…"}


def stuff(value: Any, name: str = "") -> Any:
    """Put unknown members into every object but those whose members are names of kinds."""
    if isinstance(value, dict):
        return {**{key: stuff(own, key) for key, own in value.items()}, **({} if name == "parity" else LATER)}
    return [stuff(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def noise(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Stuff all that is written; the list tells what was."""
    encode, head, stuffed = messages.encode, RunHeader.encode, []

    def encode_more(message: dict[str, Any]) -> bytes:
        stuffed.append("message")
        return encode(stuff(message))

    def head_more(header: RunHeader) -> bytes:
        stuffed.append("header")
        members = json.loads(head(header)[len(MAGIC) :])
        return MAGIC + json.dumps(stuff(members)).encode() + b"\n"

    monkeypatch.setattr(messages, "encode", encode_more)
    monkeypatch.setattr(RunHeader, "encode", head_more)
    yield stuffed


def test_a_session_full_of_unknown_members_is_a_session(federation: Federation, noise: list[str]) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(a, nama="SITI", nik=NIK_A)
    federation.sync_all(3)
    update(b, siti, telepon="1")
    federation.sync_all(3)
    reports = [federation.sync(node) for node in (a, b)]
    assert {(report.outcome, report.parity, report.requests) for report in reports} == {(Outcome.SELESAI, "sama", 1)}
    assert live(a, siti, "telepon") == live(federation.hub, siti, "telepon") == "1"
    assert {"message", "header"} <= set(noise)


def test_a_stick_full_of_unknown_members_is_a_stick(federation: Federation, noise: list[str]) -> None:
    road = Road(federation)
    node = road.enrol("a")
    siti = create(node, nama="SITI", nik=NIK_A)
    road.trip(node)
    assert live(federation.hub, siti, "nama") == "SITI"
    assert value(node, "SELECT status FROM simpul") == "aktif" and noise


# Files of later formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("title", "sentence"), [
    (b"sipande-bundle-up/2", "perbarui program di sini"), (b"sipande-lain/1", "bukan kiriman dari desa"),
])
def test_a_stick_of_a_later_format_says_whose_program_is_too_old(
    federation: Federation, title: bytes, sentence: str
) -> None:
    road = Road(federation)
    node = road.enrol("a")
    path = road.send(node).path
    path.write_bytes(path.read_bytes().replace(Title.UP.value.encode(), title, 1))
    before = value(federation.hub, "SELECT count(*) FROM change")
    (outcome,) = road.take(path)
    assert outcome.taken is None and sentence in outcome.sentences[0]
    assert value(federation.hub, "SELECT count(*) FROM change") == before


def test_an_answer_of_a_later_format_asks_for_an_upgrade_here(federation: Federation) -> None:
    road = Road(federation)
    node = road.enrol("a")
    road.send(node)
    road.take()
    (path,) = [road.stick / name for name in road.names() if name.startswith("sipande-jawab")][-1:]
    path.write_bytes(path.read_bytes().replace(Title.DOWN.value.encode(), b"sipande-bundle-down/2", 1))
    with pytest.raises(UserError) as refused:
        road.read(node, path)
    assert refused.value.kode == "usb_node_too_old" and "perbarui program" in refused.value.pesan


def test_a_bundle_without_a_version_in_common_is_refused_whole(federation: Federation) -> None:
    road = Road(federation)
    node = road.enrol("a")
    create(node, nama="SITI")
    federation.hub.program = Program("9", 3, 2)
    road.send(node)
    before = value(federation.hub, "SELECT count(*) FROM change")
    outcome = road.take()[-1]
    assert outcome.taken is None or outcome.taken.refusal
    assert value(federation.hub, "SELECT count(*) FROM change") == before
