"""The checks of the simulator can fail: at the step, and at the contact, that broke something."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.claims import Broken  # noqa: E402
from simulation.contact import Contact, compare  # noqa: E402
from simulation.copies import put_back_node, take_copy  # noqa: E402
from simulation.faults import FaultPlan  # noqa: E402
from simulation.invariants import check_step  # noqa: E402
from simulation.machines import NodeMachine  # noqa: E402
from simulation.ports import make_dice  # noqa: E402
from simulation.soaks import note_seed  # noqa: E402
from simulation.world import World  # noqa: E402

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


def test_a_failed_seed_joins_those_that_are_played_for_ever_once(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text("--seed 1\n", encoding="utf-8")
    for _ in range(2):
        note_seed(file, "--seed 2", "something broke\nand more")
    assert file.read_text(encoding="utf-8") == "--seed 1\n--seed 2   # something broke\n"
