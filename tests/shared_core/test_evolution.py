"""How kinds grow, for any kind and any history: what an older program writes and a newer one reads, and the reverse."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.records.catalogue import CATALOGUE
from shared.records.fields import Teks
from shared.records.kind import Kind, RecordSchema, make_kind
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.verdicts import VERDICT_KINDS
from tests.support.histories import RECORD, History, Written, make_buku

EDITIONS = (1, 2, 3)
FIELDS = "abcdef"


class Plan(NamedTuple):
    """One field: the version that brought it, its group today, and the version up to which it stood in group g."""

    since: int
    group: str
    split: int


class Act(NamedTuple):
    """Somebody sets some fields, having seen the first so many changes of everybody."""

    who: int
    saw: int
    fields: int
    value: int


plans = st.lists(
    st.builds(Plan, st.sampled_from(EDITIONS), st.sampled_from(("g", "g2", "h", "")), st.sampled_from((1, 2))),
    min_size=len(FIELDS), max_size=len(FIELDS),
)
acts = st.lists(
    st.builds(Act, st.integers(0, 2), st.integers(0, 9), st.integers(1, 63), st.integers(0, 2)), min_size=1, max_size=9
)


def make_edition(plan: list[Plan], version: int) -> Kind:
    """Make the kind as the program of one version declares it."""
    split = min((p.split for p in plan if p.group == "g2"), default=1)
    members: dict[str, Any] = {"kind": "sumur", "version": version, "label": "Sumur", "title": "a"}
    for name, own in zip(FIELDS, plan, strict=True):
        if own.since > version:
            continue
        before = {split: "g"} if own.group == "g2" and split < version else None
        group = "g" if own.group == "g2" and version <= split else own.group
        members[name] = Teks(name, group=group, since=own.since, groups_before=before)
    return make_kind(type("Sumur", (RecordSchema,), members))


class Deed(NamedTuple):
    """A change with the fields that its author has written whole groups of, and what it descends from."""

    change: Written
    written: dict[str, Any]
    before: frozenset[str]


def play(kinds: list[Kind], plot: list[Act]) -> tuple[list[History], list[Deed]]:
    """Let three programs of three ages write one record; each sees what came before as its own program folds it."""
    books = make_buku(3)
    views = [History(kind, books, RECORD) for kind in kinds]
    deeds: list[Deed] = []
    numbers = count()
    for act in plot:
        kind, view = kinds[act.who], views[act.who]
        seen = [deed.change for deed in deeds[: act.saw]]
        state = view.fold(seen)
        values = {
            name: f"{act.value or next(numbers)}" for at, name in enumerate(FIELDS)
            if act.fields >> at & 1 and name in kind.fields
        }
        draft: Draft | None = draft_create(kind, RECORD, values)
        if state.exists:
            draft = draft_update(kind, state, RECORD, values)
        if draft is None:
            continue
        written = books[act.who].write(draft)
        for own in views:
            own.changes.append(written)
        groups = draft.groups or kind.groups
        whole = {name: draft.values.get(name) for group in groups for name in kind.groups[group]}
        parents = set(written.header.parents)
        before = frozenset(parents.union(*(d.before for d in deeds if d.change.ref in parents)))
        deeds.append(Deed(written, whole, before))
    return views, deeds


@given(plans, acts)
@settings(max_examples=200, deadline=None)
def test_whatever_three_ages_write_the_newest_reads_and_loses_nothing(plan: list[Plan], plot: list[Act]) -> None:
    kinds = [make_edition(plan, version) for version in EDITIONS]
    views, deeds = play(kinds, plot)
    newest = kinds[-1]
    state, reasons = views[-1].fold_with_reasons([deed.change for deed in deeds])
    assert set(reasons.values()) == set()
    for deed in deeds:
        for name, value in deed.written.items():
            ref = deed.change.ref
            if value is None or any(ref in later.before and name in later.written for later in deeds):
                continue
            group = state.groups[newest.group_of[name]]
            at = newest.groups[newest.group_of[name]].index(name)
            assert value in {values[at] for _, values in (*group.versions, ("", group.live))}, (name, value)


@given(plans, acts)
@settings(max_examples=80, deadline=None)
def test_an_older_program_holds_what_it_cannot_read_and_nothing_else(plan: list[Plan], plot: list[Act]) -> None:
    kinds = [make_edition(plan, version) for version in EDITIONS]
    views, deeds = play(kinds, plot)
    for kind, view in zip(kinds, views, strict=True):
        _, reasons = view.fold_with_reasons([deed.change for deed in deeds])
        newer = {deed.change.entry.pos for deed in deeds if deed.change.header.kind_version > kind.version}
        assert {pos for pos, reason in reasons.items() if reason == "jenis_baru"} == newer
        assert set(reasons.values()) <= {"jenis_baru", "menunggu_induk"}


def test_a_kind_cannot_put_groups_together() -> None:
    class Satu(RecordSchema):
        kind, version, label = "satu", 2, "Satu"
        nik = Teks("NIK", group="nomor", groups_before={1: "nik"})
        no_kk = Teks("KK", group="nomor", groups_before={1: "kk"})

    with pytest.raises(TypeError, match="unites"):
        make_kind(Satu)


def test_a_field_stands_since_a_version_that_is_there() -> None:
    class Dua(RecordSchema):
        kind, version, label = "dua", 1, "Dua"
        nama = Teks("Nama", since=2)

    with pytest.raises(TypeError, match="since"):
        make_kind(Dua)


TRUST = {
    "simpul": {"kunci": ("wilayah", "kunci", "segel", "pendahulu"), "nama": ("nama",),
               "status": ("status", "sebab", "batas")},
    "kunci_hub": {"kunci": ("kunci", "segel", "surat")},
    "cabang": {"cabang": ("cabang", "bagian", "dari", "isi")},
    "adopsi": {"adopsi": ("perubahan", "alasan", "petugas")},
    "penghapusan": {"penghapusan": ("perubahan", "isi", "rekaman", "seluruh", "alasan", "petugas")},
}


def test_the_kinds_that_trust_rests_on_never_change() -> None:
    assert set(VERDICT_KINDS) <= TRUST.keys()
    for name, groups in TRUST.items():
        assert (CATALOGUE[name].version, CATALOGUE[name].groups) == (1, groups)


def test_a_penduduk_is_written_as_old_as_it_can_be() -> None:
    oldest = CATALOGUE["penduduk"].evolution.oldest_for
    assert [oldest([group], []) for group in ("ktp", "pendidikan", "membaca", "cetak_ktp", "status")] == [1, 1, 2, 2, 1]
    assert [oldest([], [name]) for name in ("ktp_el", "membaca", "tanggal_cetak_ktp", "peristiwa")] == [1, 2, 2, 2]
