"""The projection in a real file: whatever comes in whatever order, the tables are those of a rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.changelog.change import Op
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE, SCHEMAS, Catalogue
from shared.records.fields import Teks
from shared.records.kind import RecordSchema, make_kind
from shared.records.penduduk import PendudukSchema
from shared.store.drafts import Draft, draft_create, draft_delete, draft_restore, draft_update
from shared.store.records import Projector
from shared.store.rows import Touched
from shared.store.tables import columns_of
from tests.support.histories import (
    DESA,
    DESA_LAIN,
    KECAMATAN,
    RECORD,
    Buku,
    History,
    Written,
    histories,
    make_buku,
    steps,
)
from tests.support.replica import Replica, Tables, World, interleave

NIK, NIK_2 = "3303990101900001", "3303990202910002"
PENDUDUK = CATALOGUE["penduduk"]
law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_numbers = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replica")


@pytest.fixture
def replica(folder: Path) -> Iterator[Replica]:
    with new_replica(folder) as replica:
        yield replica


def new_replica(folder: Path, catalogue: Catalogue = CATALOGUE, observe: Any = None) -> Replica:
    return Replica(folder / f"{next(_numbers)}.sqlite", catalogue, observe)


def rebuilt(replica: Replica) -> Tables:
    """Rebuild and give the tables, having checked that they are what they were."""
    before = replica.tables()
    replica.rebuild()
    after = replica.tables()
    assert after == before
    return after


class Office:
    """Logs of desa and hub to write single changes with."""

    def __init__(self) -> None:
        self.a, self.b, self.c, self.hub = make_buku(3)
        self.common = Buku(8, "c" * 32, KECAMATAN, Role.UMUM, b"\xff" * 32)
        self.far = Buku(6, "d" * 32, DESA_LAIN, kunci=b"\x06" * 32)
        self.history = History(PENDUDUK, (self.a, self.b, self.c, self.hub))

    def create(self, buku: Buku, record: str = RECORD, kind: str = "penduduk", **values: Any) -> Written:
        return self.keep(buku.write(draft_create(CATALOGUE[kind], record, values)))

    def update(self, buku: Buku, saw: Sequence[Written] | None = None, **changed: Any) -> Written:
        draft = draft_update(PENDUDUK, self.history.fold(saw), RECORD, changed)
        assert draft is not None
        return self.keep(buku.write(draft))

    def keep(self, written: Written) -> Written:
        if written.header.record == RECORD and written.buku in self.history.buku:
            self.history.changes.append(written)
        return written

    def verdict(self, kind: str, *chosen: Written, record: str = "01990000-0000-7000-8000-0000000000f1") -> Written:
        return self.create(self.common, record, kind, perubahan=[change.ref for change in chosen])

    def revoke(
        self, buku: Buku, *batas: str, record: str = "01990000-0000-7000-8000-0000000000f0", **more: Any
    ) -> Written:
        values = {"wilayah": buku.wilayah, "kunci": buku.kunci.hex(), "segel": "0", "status": "dicabut", **more}
        return self.create(self.common, record, "simpul", **values, batas=list(batas))


@pytest.fixture
def office() -> Office:
    return Office()


# Any delivery equals a rebuild ------------------------------------------------------------------------------

plots = st.lists(st.tuples(st.integers(0, 5), steps), min_size=3, max_size=24)
dealings = st.lists(st.integers(0, 10_000), max_size=60)


def play(plot: Sequence[tuple[int, Any]]) -> World:
    world = World()
    for which, step in plot:
        world.play(which, step)
    return world


@law
@given(plots, dealings, dealings, st.integers(0, 60))
def test_any_delivery_in_any_split_equals_a_rebuild_and_any_other_delivery(
    folder: Path, plot: list[Any], one: list[int], other: list[int], stop: int
) -> None:
    world = play(plot)
    with new_replica(folder) as first, new_replica(folder) as second:
        for at, delivery in enumerate(interleave(world.buku, one)):
            first.deliver(delivery)
            if at == stop:
                rebuilt(first)
        for delivery in interleave(world.buku, other):
            second.deliver(delivery)
        assert rebuilt(first) == rebuilt(second)


@law
@given(plots, dealings)
def test_the_tables_say_what_the_fold_says(folder: Path, plot: list[Any], dealing: list[int]) -> None:
    world = play(plot)
    with new_replica(folder) as replica:
        for delivery in interleave(world.buku, dealing):
            replica.deliver(delivery)
        for history in world.histories:
            kind, desa = history.kind, history.buku[0].wilayah
            state = replica.state(kind.name, history.record, desa)
            row = replica.row(kind.name, history.record, desa)
            is_emptied = replica.is_emptied(kind.name, history.record, desa)
            assert (row is not None) == (state.exists and not is_emptied)
            if row is not None:
                for name, value in state.values(kind).items():
                    assert row[name] == kind.fields[name].to_column(value)
                assert row["konflik"] == (",".join(state.conflicts) or None)
            listed = {r[3] for r in replica.tables()["conflict"] if r[:2] == (desa, history.record)}
            assert listed == (set() if is_emptied else set(state.conflicts))


@law
@given(histories(), dealings)
def test_an_observer_is_told_of_every_row_as_it_was_and_as_it_is(
    folder: Path, history: History, dealing: list[int]
) -> None:
    shadow: dict[tuple[str, str, str], Any] = {}

    def observe(_: Any, touched: Sequence[Touched]) -> None:
        for one in touched:
            key = (one.kind, one.desa, one.record)
            assert one.old == shadow.get(key)
            shadow[key] = one.new

    with new_replica(folder, observe=observe) as replica:
        for delivery in interleave(history.buku, dealing):
            replica.deliver(delivery)
        for (kind_name, desa, record), values in shadow.items():
            row, kind = replica.row(kind_name, record, desa), CATALOGUE[kind_name]
            assert (row is None) == (values is None)
            if row is not None:
                assert {n: kind.fields[n].from_column(row[n]) for n in kind.fields} == values


@law
@given(plots)
def test_a_projection_keeps_its_hands_off_what_was_not_touched(folder: Path, plot: list[Any]) -> None:
    world = play(plot)
    with new_replica(folder) as replica:
        replica.deliver(world.order)
        before = replica.tables()
        buku = Buku(9, "9" * 32, "33.03.99.2009", kunci=b"\x09" * 32)
        replica.deliver([buku.write(draft_create(PENDUDUK, world.RECORDS[0], {"nama": "LAIN"}))])
        after = replica.tables()
        assert [r for r in after["penduduk"] if r[1] != buku.wilayah] == before["penduduk"]
        assert {n: r for n, r in after.items() if n != "penduduk"} == {
            n: r for n, r in before.items() if n != "penduduk"
        }


# The short cut ---------------------------------------------------------------------------------------------

values_of_penduduk = st.fixed_dictionaries(
    {},
    optional={
        "nama": st.sampled_from(["SITI", "", " ", 7, None, "x" * 101]),
        "nik": st.sampled_from([NIK, "123", "x" * 41, 5]),
        "agama": st.sampled_from([1, 99, -1, True, "1"]),
        "masa_depan": st.sampled_from(["x", ["y"], 3]),
        "keluarga": st.sampled_from(["", RECORD, "x" * 37]),
    },
)


@law
@given(values_of_penduduk, st.sampled_from(["desa", "saluran"]))
def test_the_short_cut_of_a_creation_equals_the_fold(folder: Path, values: dict[str, Any], role: str) -> None:
    buku = Buku(1, "1" * 32, role=Role(role))
    created = buku.write(draft_create(PENDUDUK, RECORD, values))
    told: list[Touched] = []
    with new_replica(folder, observe=lambda _, touched: told.extend(touched)) as short:
        short.deliver([created])
        with new_replica(folder, observe=lambda _, touched: told.extend(touched)) as full:
            full_path(full, created)
            assert short.tables() == full.tables()
        rebuilt(short)
    assert told[0] == told[1]


def full_path(replica: Replica, created: Written) -> None:
    """Project one creation without the short cut."""
    with pytest.MonkeyPatch.context() as patch:
        kept = Projector._fold_into
        patch.setattr(Projector, "_fold_into", lambda self, w, desa, own, _: kept(self, w, desa, own, True))
        replica.deliver([created])


def test_lists_and_yes_or_no_are_stored_alike_by_both_paths(folder: Path, office: Office) -> None:
    case = office.create(
        office.hub, kind="kasus", temuan="t", kode="V1", rekaman=["a", "b"], desa_lain=[], jenis="penduduk"
    )
    link = office.create(office.common, kind="tautan", penduduk=RECORD, aktif=True)
    for written in (case, link):
        with new_replica(folder) as short, new_replica(folder) as full:
            short.deliver([written])
            full_path(full, written)
            assert short.tables() == full.tables()
            row = short.row(written.header.kind, RECORD, written.buku.wilayah)
            assert row is not None and row.get("rekaman", '["a","b"]') == '["a","b"]' and row.get("aktif", 1) == 1


def test_a_creation_that_is_to_be_erased_takes_no_short_cut(replica: Replica, office: Office) -> None:
    replica.deliver([office.create(office.a, nama="SITI")])
    replica.deliver([office.verdict("penghapusan", office.history.changes[0])])
    assert replica.row("penduduk", RECORD) is None and replica.state("penduduk", RECORD).exists
    rebuilt(replica)


def test_a_record_of_which_everything_is_erased_is_shown_no_more_and_one_that_keeps_something_is(
    replica: Replica, office: Office
) -> None:
    created = office.create(office.a, nama="SITI", telepon="1")
    replica.deliver([created, office.verdict("penghapusan", created)])
    assert replica.row("penduduk", RECORD) is None
    later = office.update(office.a, telepon="2")
    replica.deliver([later])
    row = replica.row("penduduk", RECORD)
    assert row is not None and row["nama"] is None and row["telepon"] == "2"
    rebuilt(replica)


def test_a_creation_that_is_adopted_is_no_longer_held(replica: Replica, office: Office) -> None:
    created = office.create(office.a, nama="SITI")
    replica.deliver([created, office.revoke(office.a)])
    assert replica.row("penduduk", RECORD) is None and replica.held() == {(office.a.id, 0): "dicabut"}
    replica.deliver([office.verdict("adopsi", created)])
    assert replica.row("penduduk", RECORD) is not None and replica.held() == {}
    rebuilt(replica)


# Unknown to this program -----------------------------------------------------------------------------------


class PendudukLama(RecordSchema):
    """What a program of years ago knew of a resident."""

    kind = "penduduk"
    label = "Penduduk"
    protected = frozenset({"nik"})

    nik = PendudukSchema._declared_fields["nik"]
    nama = Teks("Nama lengkap", group="identitas", required=True)


class PendudukBaru(PendudukSchema):
    """What a program of years to come will know."""

    kind = "penduduk"
    version = 3
    zodiak = Teks("Zodiak", since=3)


def catalogue(*schemas: type[RecordSchema]) -> Catalogue:
    return Catalogue(make_kind(schema) for schema in schemas)


NARROW = catalogue(*(s for s in SCHEMAS if s.kind not in ("penduduk", "dusun")), PendudukLama)
WIDE = catalogue(*(s for s in SCHEMAS if s.kind != "penduduk"), PendudukBaru)


def test_an_unknown_kind_is_held_and_projected_after_the_upgrade(folder: Path, office: Office) -> None:
    dusun = office.create(office.a, kind="dusun", nama="KRAJAN")
    with new_replica(folder, NARROW) as replica:
        replica.deliver([dusun])
        assert replica.held() == {(office.a.id, 0): "jenis_baru"}
        rebuilt(replica)
        assert replica.upgrade(CATALOGUE)
        row = replica.row("dusun", RECORD)
        assert row is not None and row["nama"] == "KRAJAN" and replica.held() == {}


def test_an_unknown_version_is_held_with_what_follows_and_projected_after_the_upgrade(
    folder: Path, office: Office
) -> None:
    old = office.create(office.a, nama="SITI")
    kind = WIDE["penduduk"]
    new = office.b.write(Draft(kind, RECORD, Op.UPDATE, ("zodiak",), {"zodiak": "LEO"}, (old.ref,)))
    after = office.c.write(Draft(PENDUDUK, RECORD, Op.UPDATE, ("telepon",), {"telepon": "1"}, (old.ref, new.ref)))
    with new_replica(folder) as replica:
        replica.deliver([old, new, after])
        row = replica.row("penduduk", RECORD)
        assert row is not None and row["nama"] == "SITI" and row["telepon"] is None
        assert replica.held() == {(office.b.id, 0): "jenis_baru", (office.c.id, 0): "menunggu_induk"}
        rebuilt(replica)
        assert replica.upgrade(WIDE)
        row = replica.row("penduduk", RECORD)
        assert row is not None and (row["zodiak"], row["telepon"]) == ("LEO", "1") and replica.held() == {}
        rebuilt(replica)


def test_an_unknown_field_and_group_is_kept_and_projected_after_the_upgrade(folder: Path, office: Office) -> None:
    old = office.create(office.a, nama="SITI", nik=NIK, agama=1)
    more = office.update(office.b, telepon="1")
    with new_replica(folder, NARROW) as replica:
        replica.deliver([old, more])
        row = replica.row("penduduk", RECORD)
        assert row is not None and row["nama"] == "SITI" and "telepon" not in row and replica.held() == {}
        rebuilt(replica)
        assert replica.upgrade(CATALOGUE)
        row = replica.row("penduduk", RECORD)
        assert row is not None and (row["agama"], row["telepon"]) == (1, "1")
        rebuilt(replica)


def test_a_catalogue_that_did_not_change_asks_for_no_rebuild(replica: Replica) -> None:
    assert not replica.upgrade(CATALOGUE)
    assert replica.upgrade(WIDE) and not replica.upgrade(WIDE)


# Records that share an id ----------------------------------------------------------------------------------


def test_two_desa_with_one_record_id_never_mix(replica: Replica, office: Office) -> None:
    near = office.create(office.a, nama="SITI", nik=NIK)
    far = office.create(office.far, nama="BUDI", nik=NIK_2)
    replica.deliver([near, far])
    draft = Draft(PENDUDUK, RECORD, Op.UPDATE, ("nik",), {"nik": NIK_2}, (near.ref,))
    replica.deliver([office.far.write(draft)])
    one, other = replica.row("penduduk", RECORD), replica.row("penduduk", RECORD, DESA_LAIN)
    assert one is not None and other is not None
    assert (one["nama"], one["nik"], other["nama"], other["nik"]) == ("SITI", NIK, "BUDI", NIK_2)
    assert replica.held() == {(office.far.id, 1): "menunggu_induk"}
    state = replica.state("penduduk", RECORD)
    replica.deliver([office.a.write(draft_delete(PENDUDUK, state, RECORD, "ganda"))])
    assert replica.row("penduduk", RECORD) is None and replica.row("penduduk", RECORD, DESA_LAIN) == other
    rebuilt(replica)


@pytest.mark.parametrize("swap", [False, True])
def test_two_kinds_under_one_id_give_one_row_whatever_comes_first(folder: Path, office: Office, swap: bool) -> None:
    both = [office.create(office.a, nama="SITI"), office.create(office.b, kind="dusun", nama="KRAJAN")]
    with new_replica(folder) as replica:
        for written in reversed(both) if swap else both:
            replica.deliver([written])
        tables = rebuilt(replica)
    assert len(tables["penduduk"]) + len(tables["dusun"]) == 1
    with new_replica(folder) as again:
        again.deliver(both)
        assert again.tables() == tables


@pytest.mark.parametrize("kind", ["dusun", "simpul", "kasus"])
def test_a_key_that_is_revoked_or_out_of_scope_takes_no_record_away_by_another_kind(
    replica: Replica, office: Office, kind: str
) -> None:
    thief = Buku(5, "0" * 31 + "5", kunci=b"\x05" * 32)
    replica.deliver([office.create(thief, kind=kind, nama="X", kunci="0", temuan="x", status="aktif")])
    replica.deliver([office.create(office.c, nama="SITI")])
    replica.deliver([office.revoke(thief)])
    row = replica.row("penduduk", RECORD)
    assert row is not None and row["nama"] == "SITI"
    rebuilt(replica)


def test_a_desa_that_writes_a_verdict_kind_changes_no_standing(replica: Replica, office: Office) -> None:
    created = office.create(office.a, nama="SITI")
    replica.deliver([created, office.revoke(office.a)])
    # Under the very id of the resident, and in another desa that has the same id too.
    replica.deliver([office.create(office.b, kind="adopsi", perubahan=[created.ref])])
    replica.deliver([office.create(office.far, kind="adopsi", perubahan=[created.ref])])
    assert replica.row("penduduk", RECORD) is None
    rebuilt(replica)


# Verdicts --------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(office: Office) -> Office:
    """Node b changed the telephone twice on what node a had entered."""
    office.create(office.a, nama="SITI", telepon="1")
    office.update(office.b, telepon="2")
    office.update(office.b, telepon="3")
    return office


def telepon(replica: Replica) -> Any:
    row = replica.row("penduduk", RECORD)
    return None if row is None else row["telepon"]


def test_revocation_with_a_cut_off_quarantines_what_lies_beyond(replica: Replica, busy: Office) -> None:
    replica.deliver(busy.history.changes)
    assert telepon(replica) == "3"
    replica.deliver([busy.revoke(busy.b, f"{busy.b.id}:1")])
    assert telepon(replica) == "2" and replica.held() == {(busy.b.id, 1): "dicabut"}
    rebuilt(replica)


def test_a_log_of_a_revoked_key_that_is_not_listed_is_cut_off_at_its_start(replica: Replica, busy: Office) -> None:
    replica.deliver(busy.history.changes)
    replica.deliver([busy.revoke(busy.b, f"{busy.a.id}:1")])
    assert telepon(replica) == "1"
    rebuilt(replica)


def test_a_log_that_comes_after_the_revocation_is_quarantined_on_arrival(replica: Replica, busy: Office) -> None:
    replica.deliver([busy.revoke(busy.b, f"{busy.b.id}:1"), *busy.history.changes])
    assert telepon(replica) == "2" and replica.held() == {(busy.b.id, 1): "dicabut"}
    rebuilt(replica)


def test_revocation_taken_back_restores(replica: Replica, busy: Office) -> None:
    revoked = busy.revoke(busy.b)
    replica.deliver([*busy.history.changes, revoked])
    simpul, record = CATALOGUE["simpul"], revoked.header.record
    state = replica.state("simpul", record, KECAMATAN)
    draft = draft_update(simpul, state, record, {"status": "aktif", "batas": None})
    assert draft is not None
    replica.deliver([busy.common.write(draft)])
    assert telepon(replica) == "3" and replica.held() == {}
    rebuilt(replica)


def test_adoption_of_one_change(replica: Replica, busy: Office) -> None:
    replica.deliver([*busy.history.changes, busy.revoke(busy.b)])
    replica.deliver([busy.verdict("adopsi", busy.history.changes[1])])
    assert telepon(replica) == "2" and replica.held() == {(busy.b.id, 1): "dicabut"}
    rebuilt(replica)


def test_adoption_that_comes_before_revocation_and_before_the_change(replica: Replica, busy: Office) -> None:
    replica.deliver([busy.verdict("adopsi", busy.history.changes[2]), busy.revoke(busy.b)])
    replica.deliver(busy.history.changes)
    assert telepon(replica) == "3" and replica.held() == {(busy.b.id, 0): "dicabut"}
    rebuilt(replica)


def test_erasure_empties_and_a_body_that_never_came_is_the_same(folder: Path, busy: Office) -> None:
    verdict = busy.verdict("penghapusan", busy.history.changes[2])
    with new_replica(folder) as full, new_replica(folder) as bare:
        full.deliver([*busy.history.changes, verdict])
        bare.deliver([*busy.history.changes, verdict], erased=busy.history.changes[2:])
        assert telepon(full) is None and full.tables() == bare.tables()
        rebuilt(full), rebuilt(bare)


def test_erasure_does_not_hide_the_record(replica: Replica, busy: Office) -> None:
    replica.deliver([*busy.history.changes, busy.verdict("penghapusan", busy.history.changes[2])])
    row = replica.row("penduduk", RECORD)
    assert row is not None and row["nama"] == "SITI" and replica.tables()["deleted"] == []


def test_a_verdict_touches_only_the_records_it_speaks_of(folder: Path, busy: Office) -> None:
    other = busy.create(busy.c, "01990000-0000-7000-8000-0000000000b1", nama="BUDI")
    told: list[str] = []
    with new_replica(folder, observe=lambda _, touched: told.extend(t.record for t in touched)) as replica:
        replica.deliver([*busy.history.changes, other])
        told.clear()
        verdict = busy.revoke(busy.b)
        replica.deliver([verdict])
    assert set(told) == {RECORD, verdict.header.record}


def test_two_revocations_of_one_key_are_read_alike_in_any_order(folder: Path, busy: Office) -> None:
    """The stricter cut-off holds, so that no order of arrival loosens it."""
    strict = busy.revoke(busy.b, f"{busy.b.id}:1", record="01990000-0000-7000-8000-0000000000f7")
    loose = busy.revoke(busy.b, f"{busy.b.id}:2", record="01990000-0000-7000-8000-0000000000f6")
    with new_replica(folder) as replica:
        replica.deliver([*busy.history.changes, strict, loose])
        assert telepon(replica) == "2"
        rebuilt(replica)


BAD_REFS = ("", "x", "a:b", "a:b:c", "1:2:3:4", "LOG", "LOG:x", "LOG:-5", "LOG:x:y", "LOG:" + "9" * 30, "LOG:2:")


@pytest.mark.parametrize("kind", ["adopsi", "penghapusan", "simpul"])
def test_a_verdict_with_a_reference_that_is_none_stops_nothing(folder: Path, busy: Office, kind: str) -> None:
    for text in BAD_REFS:
        text = text.replace("LOG", busy.b.id)
        office = Office()
        verdict = (
            office.revoke(office.c, text) if kind == "simpul" else office.create(
                office.common, "01990000-0000-7000-8000-0000000000f1", kind, perubahan=[text]
            )
        )
        with new_replica(folder) as replica:
            replica.deliver([*busy.history.changes, verdict])
            assert telepon(replica) == "3"
            rebuilt(replica)


def test_a_verdict_names_a_change_by_its_hash_too(replica: Replica, busy: Office) -> None:
    """After a fork the same place holds other bytes here than where the verdict was given."""
    replica.deliver(busy.history.changes)
    ref = busy.history.changes[2].ref[:-16] + "0" * 16
    record = "01990000-0000-7000-8000-0000000000f1"
    replica.deliver([busy.create(busy.common, record, "penghapusan", perubahan=[ref])])
    assert telepon(replica) == "3"


# Shape, deletion -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [
    {"nama": 5}, {"nama": ["SITI"]}, {"nama": {"a": "b"}}, {"nama": True}, {"nama": "x" * 101}, {"agama": "1"},
    {"agama": 2**40}, {"agama": -1}, {"agama": True}, {"nik": 3303990101900001}, {"keluarga": "x" * 40},
])
def test_a_value_that_cannot_be_stored_is_held_and_the_rest_flows(
    replica: Replica, office: Office, values: dict[str, Any]
) -> None:
    bad = office.a.write(Draft(PENDUDUK, RECORD, Op.CREATE, (), values))
    good = office.create(office.b, "01990000-0000-7000-8000-0000000000b1", nama="BUDI")
    replica.deliver([bad, good])
    assert replica.held() == {(office.a.id, 0): "bentuk"}
    assert replica.row("penduduk", RECORD) is None
    assert replica.row("penduduk", good.header.record) is not None
    rebuilt(replica)


def test_a_value_against_a_rule_of_the_domain_is_stored_and_shown(replica: Replica, office: Office) -> None:
    replica.deliver([office.create(office.a, nama=" ", nik="123", agama=99)])
    row = replica.row("penduduk", RECORD)
    assert row is not None and (row["nama"], row["nik"], row["agama"]) == (" ", "123", 99)
    assert replica.held() == {}


def test_deleting_and_restoring(replica: Replica, office: Office) -> None:
    created = office.create(office.a, nama="SITI", nik=NIK)
    replica.deliver([created])
    before = replica.row("penduduk", RECORD)
    draft = draft_delete(PENDUDUK, replica.state("penduduk", RECORD), RECORD, "ganda")
    replica.deliver([office.b.write(draft)])
    assert replica.row("penduduk", RECORD) is None
    assert replica.tables()["deleted"] == [(RECORD, DESA, "penduduk")]
    rebuilt(replica)
    back = office.c.write(draft_restore(PENDUDUK, replica.state("penduduk", RECORD), RECORD))
    replica.deliver([back])
    assert replica.row("penduduk", RECORD) == before and replica.tables()["deleted"] == []
    rebuilt(replica)


def test_what_was_never_created_here_is_not_listed_as_deleted(replica: Replica, office: Office) -> None:
    office.create(office.a, nama="SITI")
    later = office.update(office.b, telepon="2")
    replica.deliver([later])
    assert replica.held() == {(office.b.id, 0): "menunggu_induk"}
    assert replica.tables()["deleted"] == []
    rebuilt(replica)


def test_a_rebuild_counts_every_change_once(replica: Replica, busy: Office) -> None:
    replica.deliver([*busy.history.changes, busy.revoke(busy.b)])
    assert replica.rebuild() == 4


def test_an_unchanged_row_has_the_columns_of_its_kind(replica: Replica, office: Office) -> None:
    replica.deliver([office.create(office.a, nama="SITI")])
    row = replica.row("penduduk", RECORD)
    assert row is not None and tuple(row) == columns_of(PENDUDUK)
