"""A hub that lies to its nodes, with its own good key: every session ends, and nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.change import write_common
from hub.simpul.enrol import list_candidates, open_slot
from node.commands import make_node
from node.sinkron.enrol import enrol
from node.sinkron.handover import InlineExecutor
from node.sinkron.session import REPEATS_MAX, Outcome, Report, Session
from node.sinkron.transport import Answer
from shared.clock import format_time
from shared.store.drafts import draft_create
from tests.support.federation import ADDRESS, DESA, Federation, WsgiTransport, seeded
from tests.support.office import create, own_log


def talk(federation: Federation, lie: Callable[[str, Answer], Answer]) -> tuple[Report, WsgiTransport]:
    """Run a session of node a with a hub whose answers are changed, and signed by it all the same."""
    node = federation.nodes["a"]
    transport = federation.transport(node)
    transport.after = lie
    return Session(node, transport, InlineExecutor()).run(), transport


def change(answer: Answer, path: str, wanted: str, **members: Any) -> Answer:
    """Change members of the answer of one path."""
    if path != f"/sync/v1/{wanted}":
        return answer
    body = json.loads(answer.body) | members
    return Answer(answer.status, json.dumps(body).encode(), answer.signed)


@pytest.fixture
def village(federation: Federation) -> Federation:
    federation.add_node("a")
    federation.sync_all()
    return federation


def test_a_hub_that_always_hands_out_what_is_held_here_is_not_asked_for_ever(village: Federation) -> None:
    node = village.nodes["a"]
    draft = draft_create(village.hub.catalogue["program_bantuan"], village.hub.new_id(), {"nama": "BLT"})
    write_common(village.hub, [draft], author="")
    kept: list[Answer] = []

    def repeat(path: str, answer: Answer) -> Answer:
        if path == "/sync/v1/pull":
            kept.append(answer)
            return kept[0]
        if path == "/sync/v1/hello":
            heads = [{**head, "size": head["size"] + 5} for head in json.loads(answer.body)["logs"]]
            return change(answer, path, "hello", logs=heads)
        return answer

    create(node, nama="SITI")
    report, transport = talk(village, repeat)
    assert report.outcome is Outcome.TERPUTUS and transport.traffic.requests < 40


def test_a_hub_that_says_it_holds_all_and_gives_no_receipt_is_not_asked_for_ever(village: Federation) -> None:
    node = village.nodes["a"]
    create(node, nama="SITI")
    own = own_log(node)

    def boast(path: str, answer: Answer) -> Answer:
        if path == "/sync/v1/hello":
            heads = [h for h in json.loads(answer.body)["logs"] if h["id"] != own.id]
            return change(answer, path, "hello", logs=[*heads, {"id": own.id, "size": own.size + 1, "root": "A" * 44}])
        return answer

    report, transport = talk(village, boast)
    assert report.outcome is Outcome.TERPUTUS and transport.traffic.requests <= 3 * REPEATS_MAX + 6


@pytest.mark.parametrize("members", [{"segel": "z" * 64}, {"segel": " " * 64}, {"time": 1 << 80}, {"version": 1 << 80}])
def test_a_signed_hello_with_members_that_cannot_be_is_no_answer(village: Federation, members: dict[str, Any]) -> None:
    report, _ = talk(village, lambda path, answer: change(answer, path, "hello", **members))
    assert report.outcome is Outcome.TERPUTUS and report.code == ""


@pytest.mark.parametrize("seconds", [-(1 << 63), 1 << 53, 1 << 63, 10**30, 253_402_300_800])
def test_a_time_that_is_no_date_is_told_as_one(seconds: int) -> None:
    assert format_time(seconds) == "waktu tidak masuk akal"


def test_a_simpul_without_desa_or_key_hides_no_candidate_and_breaks_no_page(village: Federation) -> None:
    hub = village.hub
    write_common(hub, [draft_create(hub.catalogue["simpul"], hub.new_id(), {"nama": "RUSAK"})], author="")
    node = make_node(village.folder / "b", DESA, "b", village.clock, seeded("b"))
    village.nodes["b"] = node
    enrol(node, open_slot(hub, DESA, ADDRESS, "uji"), village.transport(node))
    assert [candidate["nama"] for candidate in list_candidates(hub)] == ["b"]
