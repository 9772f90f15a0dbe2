"""Erasure in one database: when verdict and body meet, in whatever order, the body goes and nothing else moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.changelog.change import Sealed
from shared.changelog.tree import CompactRange, leaf_hash
from shared.records.catalogue import CATALOGUE
from shared.store import branch
from shared.store.changes import find_log, read_changes, root_at
from shared.store.drafts import draft_create
from shared.store.erasure import count_erased, find_erased_bytes, is_due
from shared.store.entries import Entry
from shared.store.reissue import reissue
from tests.support.histories import KECAMATAN, RECORD, Buku, Role, Written, make_buku, steps
from tests.support.replica import Replica, World, interleave

_numbers = count()
law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replica")


def new_replica(folder: Path) -> Replica:
    return Replica(folder / f"{next(_numbers)}.sqlite")


class Village:
    """One resident in the log of a node, and a hub that gives verdicts."""

    def __init__(self) -> None:
        self.a, self.b, _, self.hub = make_buku(3)
        self.common = Buku(8, "c" * 32, KECAMATAN, Role.UMUM, b"\xff" * 32)
        self.created = self.a.write(draft_create(CATALOGUE["penduduk"], RECORD, {"nama": "SITI"}))

    def verdict(self, chosen: Sequence[Written], *, refs: bool = True, at: str = "f1") -> Written:
        values = {
            "perubahan": [one.ref for one in chosen] if refs else ["0" * 32 + ":1:" + "0" * 16],
            "isi": [one.sealed.body_digest.hex() for one in chosen],
            "rekaman": sorted({one.header.record for one in chosen}),
        }
        return self.hub.write(draft_create(CATALOGUE["penghapusan"], f"01990000-0000-7000-8000-0000000000{at}", values))

    def issue_again(self) -> Written:
        """Write the resident's change once more in another log, as a branch is issued again."""
        batch = reissue([self.created.sealed], self.b.log())
        entry = Entry(batch.entries[0].pos, batch.headers[0], self.created.values, batch.leaves[0])
        written = Written(self.b, batch.changes[0], entry)
        self.b.written.append(written)
        return written


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def replica(folder: Path) -> Iterator[Replica]:
    with new_replica(folder) as made:
        yield made


def bodies(replica: Replica, buku: Buku) -> list[bool]:
    """Tell of each change of a log whether its body is here."""
    with replica.database.read() as conn:
        log = find_log(conn, buku.id)
        assert log is not None
        return [change.body is not None for change in read_changes(conn, log, 0, log.size)]


def check_whole(replica: Replica, *buku: Buku) -> None:
    """Check that every leaf is still that of header and digest, and the root that of the leaves."""
    with replica.database.read() as conn:
        for one in buku:
            log = find_log(conn, one.id)
            assert log is not None
            leaves = [leaf_hash(change.header, change.digest()) for change in read_changes(conn, log, 0, log.size)]
            assert leaves == [written.entry.leaf for written in one.written]
            assert root_at(conn, log, log.size) == log.root()
        assert find_erased_bytes(conn) == []


def test_a_body_goes_with_its_verdict_and_leaf_and_tree_stay(replica: Replica, village: Village) -> None:
    replica.deliver([village.created])
    assert bodies(replica, village.a) == [True]
    replica.deliver([village.verdict([village.created])])
    assert bodies(replica, village.a) == [False]
    check_whole(replica, village.a)
    with replica.database.read() as conn:
        assert count_erased(conn) == (1, 0) and is_due(conn)


def test_a_body_that_comes_after_its_verdict_is_dropped_when_it_comes(replica: Replica, village: Village) -> None:
    replica.deliver([village.verdict([village.created])])
    replica.deliver([village.created])
    assert bodies(replica, village.a) == [False] and replica.row("penduduk", RECORD) is None
    check_whole(replica, village.a)


@pytest.mark.parametrize("verdict_first", [True, False])
def test_a_change_issued_again_in_another_log_is_erased_by_its_digest(
    replica: Replica, village: Village, verdict_first: bool
) -> None:
    again, verdict = village.issue_again(), village.verdict([village.created])
    assert again.sealed.body_digest == village.created.sealed.body_digest
    for change in ([verdict], [again]) if verdict_first else ([again], [verdict]):
        replica.deliver(change)
    assert bodies(replica, village.b) == [False] and replica.row("penduduk", RECORD) is None
    before = replica.tables()
    replica.rebuild()
    assert replica.tables() == before


def test_a_verdict_takes_neither_a_verdict_nor_what_it_does_not_name(replica: Replica, village: Village) -> None:
    other = village.a.write(draft_create(CATALOGUE["penduduk"], "01990000-0000-7000-8000-0000000000b1", {"nama": "B"}))
    first = village.verdict([village.created])
    replica.deliver([village.created, other, first, village.verdict([first], at="f2")])
    assert bodies(replica, village.a) == [False, True] and bodies(replica, village.hub) == [True, True]


def test_a_body_that_came_without_verdict_is_counted_apart_until_the_verdict_comes(
    replica: Replica, village: Village
) -> None:
    replica.deliver([village.created], erased=[village.created])
    with replica.database.read() as conn:
        assert count_erased(conn) == (0, 1)
    replica.deliver([village.verdict([village.created])])
    with replica.database.read() as conn:
        assert count_erased(conn) == (1, 0)


def test_a_second_history_that_comes_later_is_kept_without_what_was_erased(replica: Replica, village: Village) -> None:
    replica.deliver([village.verdict([village.created], refs=False)])
    change = village.created.sealed
    with replica.database.write() as conn:
        assert branch.keep(conn, village.a.id, CompactRange(), [change], b"", (), 1)
        kept = branch.list_branches(conn)[0]
        assert branch.read_branch(conn, kept) == [Sealed(change.header, None, change.body_digest)]


def test_a_second_history_that_was_kept_before_loses_what_is_erased(replica: Replica, village: Village) -> None:
    replica.deliver([village.issue_again()])
    with replica.database.write() as conn:
        branch.keep(conn, village.a.id, CompactRange(), [village.created.sealed], b"", (), 1)
    replica.deliver([village.verdict([village.created])])
    with replica.database.read() as conn:
        assert branch.read_branch(conn, branch.list_branches(conn)[0])[0].body is None
        assert find_erased_bytes(conn) == []


def test_a_rebuild_drops_a_body_that_a_verdict_names(replica: Replica, village: Village) -> None:
    """A verdict that this program could not read when it came takes effect with the upgrade, by a rebuild."""
    replica.deliver([village.created, village.verdict([village.created])])
    with replica.database.write() as conn:
        body = village.created.sealed.body
        conn.execute("UPDATE change SET body = ?, digest = NULL WHERE kind = 'penduduk'", (body,))
    assert bodies(replica, village.a) == [True]
    replica.rebuild()
    assert bodies(replica, village.a) == [False] and replica.row("penduduk", RECORD) is None


def test_what_free_pages_and_the_write_ahead_log_held_is_gone_once_the_file_is_compacted(replica: Replica) -> None:
    """A build without secure_delete, or a cell that SQLite has moved, leaves copies behind."""
    secret = "SRIWULANDARIYAH" * 20
    replica.database._writer.execute("PRAGMA secure_delete=OFF")
    with replica.database.write() as conn:
        conn.executemany("INSERT INTO setting VALUES (?, ?)", [(f"s{n}", secret) for n in range(200)])
    with replica.database.write() as conn:
        conn.execute("DELETE FROM setting")

    def traces() -> list[str]:
        path = replica.database.path
        return [file.name for file in path.parent.glob(f"{path.name}*") if secret.encode() in file.read_bytes()]

    assert traces()
    assert replica.database.compact() and traces() == []


def test_a_file_is_not_called_clean_while_a_reader_holds_old_pages(replica: Replica, village: Village) -> None:
    replica.deliver([village.created])
    replica.database._writer.execute("PRAGMA busy_timeout=0")
    with replica.database.read() as conn:
        conn.execute("SELECT count(*) FROM change").fetchone()
        assert not replica.database.compact()
    assert replica.database.compact()


plots = st.lists(st.tuples(st.integers(0, 5), steps), min_size=3, max_size=24)
dealings = st.lists(st.integers(0, 10_000), max_size=60)


@law
@given(plots, dealings, dealings, st.lists(st.booleans(), min_size=24, max_size=24))
def test_whoever_has_the_bodies_and_whoever_never_got_them_end_alike_and_no_erased_body_stays(
    folder: Path, plot: list[Any], one: list[int], other: list[int], lost: list[bool]
) -> None:
    world = World()
    for which, step in plot:
        world.play(which, step)
    named = {ref for change in world.order if change.header.kind == "penghapusan" for ref in change.values["perubahan"]}
    gone = [change for change in world.order if change.ref in named and change.header.kind in world.PLAYED]
    bare = [change for change, is_lost in zip(gone, [*lost, *[True] * len(gone)], strict=False) if is_lost]
    with new_replica(folder) as full, new_replica(folder) as poor:
        for delivery in interleave(world.buku, one):
            full.deliver(delivery)
        for delivery in interleave(world.buku, other):
            poor.deliver(delivery, erased=bare)
        assert full.tables() == poor.tables()
        for replica in (full, poor):
            check_whole(replica, *(buku for buku in world.buku if buku.written))
            before = replica.tables()
            replica.rebuild()
            assert replica.tables() == before
            with replica.database.read() as conn:
                assert count_erased(conn) == (len(gone), 0)
