"""The checks of the simulator can fail: at the step, and at the contact, that broke something."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation import forgery, skew, theft  # noqa: E402
from simulation.claims import Broken  # noqa: E402
from simulation.contact import Contact, compare  # noqa: E402
from simulation.copies import put_back_node, take_copy  # noqa: E402
from simulation.faults import Fault, FaultPlan  # noqa: E402
from simulation.invariants import check_step  # noqa: E402
from simulation.machines import NodeMachine  # noqa: E402
from simulation.ports import make_dice  # noqa: E402
from simulation.programs import LADDER  # noqa: E402
from simulation.soaks import note_seed  # noqa: E402
from simulation.world import World  # noqa: E402

from shared.errors import UserError  # noqa: E402
from shared.store.drafts import draft_create  # noqa: E402


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.build(1, tmp_path, 2, version=1)
    made.plan = FaultPlan(make_dice(1, "faults"), {})
    yield made
    made.close()


def write(node: NodeMachine, nama: str) -> str:
    services = node.services
    id = services.new_id()
    node.write([draft_create(services.catalogue["penduduk"], id, {"nama": nama, "status_dasar": 1})])
    return id


def test_a_row_that_follows_from_no_log_is_noticed_at_the_step_that_wrote_it(world: World) -> None:
    node = world.nodes[0]
    id = write(node, "SUPARTI")
    check_step(world)
    with node.services.database.write() as conn:
        conn.execute("UPDATE penduduk SET nama = 'SUPARMI' WHERE id = ?", (id,))
    check_step(world)  # what nobody has touched since waits for its turn
    kind = node.services.catalogue["penduduk"]
    with node.services.database.write() as conn:
        node.write([draft_create(kind, node.services.new_id(), {"nama": "WAGIMIN", "status_dasar": 1})])
        conn.execute("UPDATE penduduk SET nama = 'WAGINI' WHERE nama = 'WAGIMIN'")
    with pytest.raises(Broken, match="nama shows another value than the law"):
        check_step(world)


def test_a_fork_must_be_noticed_by_the_first_session_that_goes_well(world: World, tmp_path: Path) -> None:
    node = world.nodes[0]
    world.sync(node)
    copy = take_copy(node, tmp_path / "salinan")
    write(node, "SUPARTI")
    world.sync(node)
    put_back_node(node, copy, keeps_keys=False, random=make_dice(2, "fresh").randbytes)
    world.note_restored()
    write(node, "WAGIMIN")
    (forked,) = compare(node.services, world.hub.services).forked
    report = world.sync(node)
    assert world.counts["forks_met"] == 1 and not world.contacts.expected
    # The same contact, had it noticed nothing of some log.
    world.contacts.expected[node.name] = Contact(frozenset({forked[::-1]}))
    with pytest.raises(Broken, match="only one history is kept"):
        world.contacts.check(node, report)


class _First(random.Random):
    """Officers who choose the first receipt of each log."""

    def choice(self, sizes: Any) -> Any:
        return min(sizes)


@pytest.fixture
def stolen(world: World) -> theft.Stolen:
    """One computer of a desa, which a thief has used for a while before its key was revoked at its first receipt."""
    node = world.nodes[0]
    world.sync(node)
    stolen = theft.take_away(world, node)
    theft.write_on(world, stolen, make_dice(3, "thief"))
    assert theft.call(world, stolen, world.dice).startswith("selesai")
    theft.take_key_back(world, stolen, _First())
    return stolen


def test_what_a_thief_wrote_counts_nowhere_and_is_noticed_where_it_does(world: World, stolen: theft.Stolen) -> None:
    world.sync(world.nodes[0])
    assert not list(theft.find_stolen_effects(world))
    sibling = world.nodes[0].services
    with sibling.database.write() as conn:
        assert conn.execute("DELETE FROM held WHERE alasan = 'dicabut'").rowcount == 1
    assert list(theft.find_stolen_effects(world)) == [f"{world.nodes[0].name}: 1 changes of a thief count"]


def test_a_thief_is_refused_and_anything_that_he_learns_is_noticed(world: World, stolen: theft.Stolen) -> None:
    assert stolen.said is not None
    write(world.nodes[0], "SUPARTI")
    world.sync(world.nodes[0])
    assert theft.call(world, stolen, world.dice) == "ditolak key_revoked"
    assert theft.send_courier(world, stolen, make_dice(6, "courier")).startswith("False")
    theft._check(world, stolen)
    world.hub.promised.clear()
    with stolen.node.services.database.read() as conn:
        own = {row[0] for row in conn.execute("SELECT id FROM log WHERE own = 1")}
    learned = next((log, size) for log, size in theft._measure(stolen.node).items() if log not in own)
    stolen.said[learned[0]] = learned[1] - 1
    with pytest.raises(Broken, match="a thief was given what was said after his key was revoked"):
        theft._check(world, stolen)


def test_what_a_forged_file_brings_beyond_its_proof_is_noticed(world: World) -> None:
    before = forgery._measure(world.hub)
    write(world.nodes[0], "SUPARTI")
    world.sync(world.nodes[0])
    forgery._check_taken(world.hub, before, forgery.Forged(b"", world.nodes[0].desa))
    for desa in ("", "33.03.04.2009"):
        with pytest.raises(Broken, match="a forged file has"):
            forgery._check_taken(world.hub, before, forgery.Forged(b"", desa))


@pytest.mark.parametrize("act", [*forgery.FORGERIES_UP, *forgery.FORGERIES_DOWN], ids=lambda act: act.__name__)
def test_every_forgery_reaches_a_hub_or_a_desa_and_is_survived(
    world: World, act: forgery.Forgery, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hostile.append(world.make_node(world.nodes[0].desa, "musuh"))
    world.plan = FaultPlan(make_dice(5, "faults"), {Fault.STICK_FORGED: 1.0})
    monkeypatch.setattr(forgery, "FORGERIES_UP", (act,) if act in forgery.FORGERIES_UP else ())
    monkeypatch.setattr(forgery, "FORGERIES_DOWN", (act,) if act in forgery.FORGERIES_DOWN else ())
    told: list[str] = []
    for _ in range(24):
        write(world.nodes[0], "SUPARTI")
        try:
            told.append(forgery.forge(world))
        except IndexError:
            continue  # the dice ask for the other way
        except UserError as refusal:
            told.append(refusal.kode)
        check_step(world)
    assert len([word for word in told if word != "nothing"]) > 2


def test_two_programs_that_say_otherwise_what_both_know_are_noticed(world: World) -> None:
    node = world.nodes[0]
    world.change_program(node, LADDER[0])
    world.change_program(world.hub, LADDER[-1])
    write(node, "SUPARTI")
    for one in (*world.nodes, *world.nodes):
        world.sync(one)
    assert not list(skew.find_unequal(world))
    with node.services.database.write() as conn:
        conn.execute("UPDATE penduduk SET nama = 'SUPARMI'")
    (told,) = skew.find_unequal(world)
    assert told == f"{node.name}: penduduk differs from the hub's in what both programs know"


def test_a_failed_seed_joins_those_that_are_played_for_ever_once(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text("--seed 1\n", encoding="utf-8")
    for _ in range(2):
        note_seed(file, "--seed 2", "something broke\nand more")
    assert file.read_text(encoding="utf-8") == "--seed 1\n--seed 2   # something broke\n"
