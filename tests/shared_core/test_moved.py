"""Where changes stood before they were issued again, whichever log came first."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from hub.migrations import hub_migrations
from shared.changelog.change import FORMAT, Header, Op, Sealed, decode_headers, seal_change
from shared.changelog.genesis import Genesis
from shared.changelog.tree import CompactRange, leaf_hash
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE
from shared.store.changes import Log, add_log, append
from shared.store.folder import DataFolder
from shared.store.moved import choose_places, find_origins
from shared.store.reissue import reissue
from shared.store.side import open_database
from tests.support.federation import DESA

RECORD = "01900000-0000-7000-8000-000000000001"


def ref_of(change: Sealed) -> str:
    return decode_headers([change.header])[0].ref(leaf_hash(change.header, change.digest()))


def write(log: str, seq: int, *parents: Sealed) -> Sealed:
    header = Header(
        FORMAT, log, seq, "penduduk", 1, RECORD, (Op.UPDATE if parents else Op.CREATE).value, ["telepon"],
        sorted(map(ref_of, parents)), "", seq,
    )
    return seal_change(header, {"telepon": f"08{seq}"}, bytes([seq]) * 16)


def begin(log: str, cabang: Sealed | None = None) -> tuple[Genesis, Sealed]:
    genesis = Genesis(log, DESA, Role.DESA, bytes(32), cabang="" if cabang is None else ref_of(cabang))
    return genesis, genesis.seal(bytes(16), 0)[1]


def issue_again(log: str, branch: list[Sealed]) -> list[Sealed]:
    """Make the log that issues a branch again."""
    genesis, first = begin(log, branch[0])
    place = Log(1, log, genesis.origin, DESA, Role.DESA, bytes(32), False, 1, CompactRange(), None)
    return [first, *reissue(branch, place).changes]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_was_issued_again_twice_is_one_change_whichever_log_came_first(
    tmp_path: Path, order: tuple[int, int, int]
) -> None:
    one = write("a" * 32, 5)
    two, three = write("a" * 32, 6, one), write("a" * 32, 7, one)
    again = issue_again("b" * 32, [one, two, three])
    # Of that log, too, the end became a branch, and two computers issued it again; its beginning stayed where it was.
    twice = [issue_again(name * 32, again[2:]) for name in "cd"]
    logs = [again[:2], *twice]
    database = open_database(DataFolder(tmp_path), CATALOGUE, (hub_migrations,))
    positions: list[int] = []
    with database.write() as conn:
        for at in order:
            changes = logs[at]
            headers = decode_headers([change.header for change in changes])
            log = add_log(
                conn, id=headers[0].log, origin="", wilayah=DESA, peran=Role.DESA, kunci=bytes(32), own=False
            )
            append(conn, log, changes, headers, [leaf_hash(change.header, change.digest()) for change in changes])
            positions += [log.base + seq for seq in range(1, len(changes))]
        origins = find_origins(conn, positions)
    database.close()
    assert origins == {
        ref_of(again[1]): [ref_of(one)],
        **{ref_of(log[1]): [ref_of(again[2]), ref_of(two)] for log in twice},
        **{ref_of(log[2]): [ref_of(again[3]), ref_of(three)] for log in twice},
    }
    present = dict.fromkeys([ref_of(again[1]), *(ref_of(change) for log in twice for change in log[1:])], False)
    places = choose_places(origins, present)
    assert {places.get(ref_of(log[1]), ref_of(log[1])) for log in twice} == {min(ref_of(log[1]) for log in twice)}
