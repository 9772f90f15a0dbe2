"""What the hub notes of each conversation, for the people who watch: clock, queue, and how it ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.commands import COMMANDS
from hub.program.queries import count_delivered
from shared.changelog.checkpoint import Signer
from shared.changelog.keys import SigningKey
from shared.errors import TransportError, UserError
from shared.merge.scope import Role
from shared.store.side import find_own_log
from shared.sync.limits import PROTOCOL_VERSION
from tests.support.federation import Federation
from tests.support.office import Talk, create, own_log, rows


def contact(federation: Federation) -> tuple[object, ...]:
    ((*found,),) = rows(federation.hub, "SELECT queue, result, version FROM contact")
    return tuple(found)


def test_a_whole_session_ends_as_done_with_nothing_waiting(federation: Federation) -> None:
    node = federation.add_node("a")
    create(node, nama="SITI")
    federation.sync(node)
    assert contact(federation) == (0, "selesai", PROTOCOL_VERSION)


def test_a_session_that_dies_while_it_sends_leaves_its_queue_on_show(federation: Federation) -> None:
    node = federation.add_node("a")
    create(node, nama="SITI")
    transport = federation.transport(node)

    def cut(path: str, body: bytes) -> None:
        if path.endswith("push"):
            raise TransportError("cut")

    transport.before = cut
    federation.sync(node, transport)
    assert contact(federation) == (own_log(node).size, "mengirim", PROTOCOL_VERSION)
    federation.sync(node)
    assert contact(federation)[:2] == (0, "selesai")


def test_a_part_of_what_was_announced_is_not_the_end(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync(node)
    create(node, nama="BUDI")
    create(node, nama="AGUS")
    talk, held = Talk(federation, node), own_log(node).size - 2
    talk.push(talk.run(held, held + 1))
    assert contact(federation)[1] == "mengirim"
    talk.push(talk.run(held + 1))
    assert contact(federation)[:2] == (0, "selesai")


def test_a_refusal_that_people_must_look_at_is_noted_and_one_that_mends_itself_is_not(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync(node)
    create(node, nama="SITI")
    talk, other = Talk(federation, node), replace(node)
    other.signer = lambda log: Signer(log.origin, SigningKey(b"\x07" * 32))  # type: ignore[method-assign]
    talk.session.services = other
    talk.push(talk.run(own_log(node).size - 1))
    assert contact(federation)[1] == "bad_note"
    federation.sync(node)
    assert contact(federation)[1] == "selesai"
    create(node, nama="AGUS")
    create(node, nama="WATI")
    talk = Talk(federation, node)
    talk.push(talk.run(own_log(node).size - 1))
    assert contact(federation)[:2] == (2, "mengirim")


def test_a_programme_is_counted_as_delivered_when_the_node_says_that_it_holds_it(federation: Federation) -> None:
    hub, nodes = federation.hub, [federation.add_node(name) for name in "ab"]
    federation.sync_all()
    program = str(COMMANDS["program"](hub, {"nama": "Sembako", "sasaran": 1}, lambda report: None)["program"])

    def reached() -> tuple[int, int]:
        common = find_own_log(hub, hub.wilayah, Role.UMUM)
        assert common is not None
        with hub.database.read() as conn:
            return count_delivered(conn, program, common)

    assert reached() == (2, 0)
    for delivered in (1, 2):
        federation.sync(nodes[delivered - 1])
        assert reached() == (2, delivered - 1)  # it fetched the programme after its hello
        federation.sync(nodes[delivered - 1])
        assert reached() == (2, delivered)


@pytest.mark.parametrize(
    ("args", "message"),
    [({}, "pilih penduduk"), ({"sasaran": 4}, "pilih penduduk"),
     ({"sasaran": 1, "mulai": "2026-02-01", "selesai": "2026-01-01"}, "tidak boleh sebelum")],
)
def test_the_command_refuses_what_the_page_refuses(
    federation: Federation, args: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        COMMANDS["program"](federation.hub, {"nama": "Sembako", **args}, lambda report: None)


@pytest.mark.parametrize("skew_s", [0, 86400])
def test_the_clock_of_a_node_is_noted_as_it_is(federation: Federation, skew_s: int) -> None:
    node = federation.add_node("a")
    node.clock = type(federation.clock)(federation.clock.now + skew_s)
    federation.sync(node)
    assert rows(federation.hub, "SELECT device_time_s - last_s FROM contact") == [(skew_s,)]
