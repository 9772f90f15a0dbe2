"""Junk through every door: no 5xx, nothing but the product's own refusals, no hang, bounded memory, whole data.

The same seeds, many more of them, are the long run ``malformed``; what ever broke the law is a file in
tests/seeds/malformed and is played for ever.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.junk.fuzz import DOORS  # noqa: E402
from simulation.junk.mutate import BYTES_MAX, Form, spoil  # noqa: E402
from simulation.junk.play import JunkFailed, feed, open_stage, replay, run_child  # noqa: E402
from simulation.junk.target import TAKEN, Target  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402

SEEDS = range(1, 6)
INPUTS = 1000
KEPT = sorted((ROOT / "tests" / "seeds" / "malformed").glob("*.*"))


@pytest.mark.parametrize("seed", SEEDS)
def test_junk_breaks_nothing_hangs_nothing_and_leaves_whole_databases(seed: int, record_property: Note) -> None:
    done = run_child([str(seed), str(INPUTS)])
    note(record_property, "malformed inputs", done)
    assert done["inputs"] == INPUTS and done["pages"] > 50
    assert 0 < done["taken"] < INPUTS / 2, "nothing gets in, or nothing is spoilt"


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_an_input_that_once_broke_the_law_is_refused_or_taken(path: Path) -> None:
    assert replay(path)


def test_every_door_takes_its_good_inputs() -> None:
    """Junk made of inputs that no door takes would test the first check alone."""
    # What is known already, or names a key or session that is not there, is refused by an honest program.
    expected = {
        "hub/enrol": "wrong_code", "hub/rotate": "bad_signature", "hub/tanda": "malformed", "hub/isi": TAKEN,
        "node/tolak": "terputus gap", "node/hello": "terputus session_expired", "node/pull": "terputus ",
    }
    with open_stage() as (_, targets):
        assert set(DOORS) <= {target.name for target in targets}
        for target in targets:
            for seed in target.seeds:
                said = feed(target, seed)
                fits = said.startswith((TAKEN, "selesai", "200", "usb_tidak_diminta"))
                assert fits or said == expected.get(target.name), (target.name, said)


def _door(feed_one: object) -> Target:
    return Target("uji/pintu", Form.BYTES, (b"x",), feed_one)  # type: ignore[arg-type]


def test_the_driver_sees_a_defect_a_hang_and_a_code_of_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.errors import ProtocolError

    def forever(data: bytes) -> str:
        while True:
            pass

    def fall(data: bytes) -> str:
        raise KeyError("x")

    def invent(data: bytes) -> str:
        raise ProtocolError("no_such_code")

    monkeypatch.setattr("simulation.junk.play.KEPT", tmp_path)
    monkeypatch.setattr("simulation.junk.play.CPU_S_MAX", 0.2)
    for broken in (forever, fall, invent):
        with pytest.raises(JunkFailed):
            feed(_door(broken), b"junk")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"junk"]


@pytest.mark.parametrize("form", list(Form))
def test_the_same_seed_spoils_in_the_same_way_and_within_bounds(form: Form) -> None:
    seeds = (b'{"a":[1,"x"],"b":{"c":2}}\n{}', b"sipande-run/1 {}\nxyz")
    once, twice = ([spoil(random.Random(at), form, seeds[0], seeds) for at in range(200)] for _ in range(2))
    assert once == twice and len(set(once)) > 60 and max(map(len, once)) <= BYTES_MAX
