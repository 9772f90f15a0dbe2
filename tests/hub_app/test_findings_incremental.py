"""Findings follow the log: any order and cut of arrival gives what judging the final tables gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.changelog.change import Op
from shared.records.catalogue import CATALOGUE
from tests.support.hub_db import (
    DESA,
    Change,
    HubDb,
    Writer,
    channel_writer,
    common_writer,
    desa_writer,
    record_id,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]

NIK = (
    None, "3303990101900001", "3303990101900002", "3303994101900001", "0000000000000000", "3303999999900001",
)
NO_KK = (None, "3303990101200001", "3303990101200002", "0000000000000000")
TANGGAL = (None, "1990-01-01", "1960-01-01", "2015-05-05")
PENDUDUK = [f"penduduk-{n}" for n in range(6)]
KELUARGA = [f"keluarga-{n}" for n in range(3)]
PROGRAM = [f"program-{n}" for n in range(2)]
PENERIMA = [f"penerima-{n}" for n in range(5)]
TAUTAN = [f"tautan-{n}" for n in range(3)]


def _ids(labels: list[str]) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *map(record_id, labels)])


GROUPS: dict[str, dict[str, dict[str, st.SearchStrategy[Any]]]] = {
    "penduduk": {
        "nik": {"nik": st.sampled_from(NIK)},
        "identitas": {
            "nama": st.just("Uji"), "tanggal_lahir": st.sampled_from(TANGGAL),
            "jenis_kelamin": st.sampled_from([None, 1, 2]),
        },
        "keluarga": {"keluarga": _ids(KELUARGA), "hubungan": st.sampled_from([None, 1, 1, 4, 7])},
        "status": {"status_dasar": st.sampled_from([None, None, 1, 2, 3])},
    },
    "keluarga": {"no_kk": {"no_kk": st.sampled_from(NO_KK)}},
    "program_bantuan": {
        "sasaran": {"sasaran": st.sampled_from([None, 1, 2, 2, 4])},
        "kuota": {"kuota": st.sampled_from([None, 0, 1, 2])},
        "meniadakan": {"meniadakan": st.sampled_from([None, *([record_id(label)] for label in PROGRAM)])},
    },
    "penerima_bantuan": {
        "penerima": {
            "program": _ids(PROGRAM), "penduduk": _ids(PENDUDUK), "keluarga": _ids(KELUARGA),
            "periode": st.sampled_from([None, "2026", "2026-T1"]),
        },
        "status": {"status": st.sampled_from([None, "aktif", "usulan", "berhenti"])},
    },
    "tautan": {
        "tautan": {
            "penduduk": _ids(PENDUDUK), "pasangan": _ids(PENDUDUK),
            "aktif": st.sampled_from([True, True, False]),
        }
    },
}
# The same kinds, but so that most recipients are somebody in one programme: doubles are rare otherwise.
AID_GROUPS: dict[str, dict[str, dict[str, st.SearchStrategy[Any]]]] = {
    "penduduk": {
        "nik": {"nik": st.sampled_from(NIK[:3])},
        "keluarga": {"keluarga": st.sampled_from([None, *map(record_id, KELUARGA)])},
    },
    "keluarga": {"no_kk": {"no_kk": st.sampled_from(NO_KK[:3])}},
    "program_bantuan": {
        "sasaran": {"sasaran": st.sampled_from([1, 2])},
        "meniadakan": {"meniadakan": st.sampled_from([None, [record_id(PROGRAM[0])]])},
    },
    "penerima_bantuan": {
        "penerima": {
            "program": st.sampled_from([*map(record_id, PROGRAM)]),
            "penduduk": st.sampled_from([None, *map(record_id, PENDUDUK)]),
            "keluarga": st.sampled_from([None, None, *map(record_id, KELUARGA)]),
        },
        "status": {"status": st.sampled_from([None, "aktif", "aktif", "berhenti"])},
    },
    "tautan": {
        "tautan": {
            "penduduk": st.sampled_from([*map(record_id, PENDUDUK)]),
            "aktif": st.sampled_from([True, True, True, False]),
        }
    },
}
LABELS = {
    "penduduk": PENDUDUK, "keluarga": KELUARGA, "program_bantuan": PROGRAM, "penerima_bantuan": PENERIMA,
    "tautan": TAUTAN,
}
KINDS = ["penduduk"] * 5 + ["penerima_bantuan"] * 3 + ["keluarga", "tautan", "tautan", "program_bantuan"]
AID_KINDS = ["penduduk"] * 3 + ["penerima_bantuan"] * 5 + ["keluarga", "tautan", "tautan", "program_bantuan"]


@st.composite
def stories(draw: Draw, aid: bool = False) -> list[list[Change]]:
    """Draw the logs of two desa with two nodes each, and of the hub; a change has seen any earlier ones."""
    nodes = [desa_writer(desa, name) for desa in (0, 1) for name in ("kantor", "laptop")]
    channels = [channel_writer(0), channel_writer(1)]
    common = common_writer()
    logs: dict[Writer, list[Change]] = {writer: [] for writer in (*nodes, *channels, common)}
    written: dict[tuple[str, str], list[Change]] = {}

    def pick_writer(kind: str) -> Writer:
        stray = draw(st.integers(0, 19)) == 0
        if kind == "tautan" and not stray:
            return draw(st.sampled_from(channels))
        if kind == "program_bantuan" and draw(st.booleans()):
            return common
        return draw(st.sampled_from(nodes))

    for _ in range(draw(st.integers(5, 40))):
        kind = draw(st.sampled_from(AID_KINDS if aid else KINDS))
        label = draw(st.sampled_from(LABELS[kind]))
        writer = pick_writer(kind)
        earlier = written.setdefault((writer.wilayah, label), [])
        groups = (AID_GROUPS if aid else GROUPS)[kind]
        logs[writer].append(_draw_change(draw, writer, kind, label, groups, earlier))
        earlier.append(logs[writer][-1])
    if draw(st.integers(0, 3)) == 0:
        values = {"wilayah": DESA[0], "kunci": nodes[1].kunci.hex(), "segel": "0" * 64, "status": "dicabut"}
        batas = [f"{nodes[1].id}:{draw(st.integers(0, 3))}"]
        logs[common].append(common.write("simpul", "simpul", Op.CREATE, {**values, "batas": batas}))
    return [log for log in logs.values() if log]


def _draw_change(
    draw: Draw, writer: Writer, kind: str, label: str,
    groups: dict[str, dict[str, st.SearchStrategy[Any]]], earlier: list[Change],
) -> Change:
    if not earlier or draw(st.integers(0, 9)) == 0:
        values = {name: draw(field) for fields in groups.values() for name, field in fields.items()}
        return writer.create(kind, label, **values)
    parents = earlier[-1:]
    if draw(st.booleans()):
        parents = draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=2))
    if draw(st.integers(0, 9)) == 0:
        return writer.delete(kind, label, parents)
    group = draw(st.sampled_from(sorted(groups)))
    return writer.update(kind, label, parents, **{name: draw(field) for name, field in groups[group].items()})


@st.composite
def arrivals(draw: Draw) -> tuple[list[list[Change]], list[list[Change]]]:
    """Draw a story and two ways in which it arrives, in batches."""
    logs = draw(stories(aid=draw(st.booleans())))
    return _draw_arrival(draw, logs), _draw_arrival(draw, logs)


def _draw_arrival(draw: Draw, logs: list[list[Change]]) -> list[list[Change]]:
    turns = draw(st.permutations([at for at, log in enumerate(logs) for _ in log]))
    rest = [iter(log) for log in logs]
    changes = [next(rest[at]) for at in turns]
    batches: list[list[Change]] = []
    while changes:
        size = draw(st.integers(1, 12))
        batches.append(changes[:size])
        changes = changes[size:]
    return batches


@settings(max_examples=100, deadline=None)
@given(arrivals())
def test_any_order_of_arrival_gives_the_findings_from_scratch(
    ways: tuple[list[list[Change]], list[list[Change]]]
) -> None:
    hubs = [HubDb(), HubDb()]
    for hub, batches in zip(hubs, ways, strict=True):
        for batch in batches:
            hub.deliver(*batch)
    incremental = hubs[0].tables()
    assert hubs[1].tables() == incremental
    hubs[0].judge_from_scratch()
    assert hubs[0].tables() == incremental
    hubs[1].rebuild()
    assert hubs[1].tables() == incremental


@settings(max_examples=40, deadline=None)
@given(arrivals())
def test_findings_hold_after_every_batch(ways: tuple[list[list[Change]], list[list[Change]]]) -> None:
    hub = HubDb()
    for batch in ways[0]:
        hub.deliver(*batch)
        incremental = hub.tables()
        hub.judge_from_scratch()
        assert hub.tables() == incremental


@settings(max_examples=40, deadline=None)
@given(stories())
def test_a_finding_tells_no_personal_data(logs: list[list[Change]]) -> None:
    hub = HubDb()
    for log in logs:
        hub.deliver(*log)
    for row in hub.findings():
        told = f"{row.ringkasan} {row.bukti} {row.rekaman} {row.desa}"
        assert "Uji" not in told
        for personal in (*NIK, *NO_KK, *TANGGAL):
            assert personal is None or personal not in told


def test_every_group_of_the_stories_is_written_whole() -> None:
    for kinds in (GROUPS, AID_GROUPS):
        for kind, groups in kinds.items():
            for group, fields in groups.items():
                assert {CATALOGUE[kind].group_of[name] for name in fields} == {group}
