"""One contract for every kind of the catalogue; a new kind is held to it by being listed there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.changelog.change import decode_bodies, encode_body
from shared.records.catalogue import CATALOGUE, SCHEMAS, Catalogue
from shared.records.fields import Kode, Pilihan, RecordField, Rujukan, Writer
from shared.records.kind import EXISTENCE, Kind, make_kind
from shared.store.tables import columns_of, insert_sql, make_tables
from tests.support.histories import group_values, sample_values, spec_codes

KINDS = list(CATALOGUE)
NAMES = [kind.name for kind in KINDS]
contract = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
SALT = bytes(16)


@pytest.fixture(params=KINDS, ids=NAMES)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


BAD: tuple[Any, ...] = (
    None, "", " ", "\n\t", "x", "x" * 5000, "\x00", "é" * 101, 0, 1, -1, 2**31, 2**53, -(2**53), True,
    False, 1.5, b"x", [], ["x"],
    ["x" * 201], ["x"] * 1001, [1], [None], [["x"]], {}, {"a": 1}, "2024-02-30", "2024-2-3", "0000-01-01", "2024-02-29",
    "２０２４-01-01", "3303990101900001", "0000000000000000", "33.03.99.2001", "33.03.99.20011", "33.03.99.9001",
    "01990000-0000-7000-8000-000000000001", "01990000-0000-7000-8000-00000000000g",
    "01990000-0000-7000-8000-000000000001\n",
    "\U0001f600", 10**15, 10**15 + 1,
)


@cache
def value_strategy(name: str, field: str) -> st.SearchStrategy[Any]:
    """Mix good values of a field with good ones of other types, edges and noise."""
    good = list(sample_values(name, field))
    spec = CATALOGUE[name].fields[field]
    if isinstance(spec, Kode):
        good += spec_codes(spec)
    if isinstance(spec, Pilihan):
        good += list(spec.pilihan)
    edges: list[Any] = ["x" * spec.length_max, "x" * (spec.length_max + 1), "é" * spec.length_max]
    noise = st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.lists(st.text(max_size=4), max_size=3))
    # sampled_from and not just(): True and 1 are equal to Python, not to a body.
    return st.one_of(st.sampled_from(good), st.sampled_from(good), st.sampled_from([*BAD, *edges]), noise)


def bodies_of(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies with some fields of a kind, good and bad, and now and then a member it does not know."""
    fields = st.lists(st.sampled_from([*kind.fields, "masa_depan"]), max_size=6, unique=True)
    required = [name for name, field in kind.fields.items() if field.required]

    @st.composite
    def body(draw: st.DrawFn) -> dict[str, Any]:
        names = list(draw(fields)) + (required if draw(st.integers(0, 3)) else [])
        return {
            name: draw(value_strategy(kind.name, name) if name in kind.fields else st.sampled_from(BAD))
            for name in dict.fromkeys(names)
        }

    return body()


@contract
@given(data=st.data())
def test_the_quick_check_accepts_exactly_what_marshmallow_accepts(kind: Kind, data: Any) -> None:
    values = data.draw(bodies_of(kind))
    errors = kind.schema.validate(dict(values))
    assert kind.is_acceptable(values) == (not errors)
    assert set(kind.find_problems(values)) == set(errors)


def test_every_single_value_is_judged_alike_by_both_checks(kind: Kind) -> None:
    required = {
        name: sample_values(kind.name, name)[0] for name, field in kind.fields.items() if field.required
    }
    for name in kind.fields:
        for value in (*BAD, *sample_values(kind.name, name)):
            values = required | {name: value}
            assert kind.is_acceptable(values) == (not kind.schema.validate(dict(values))), (name, value)


def test_the_sample_values_are_acceptable(kind: Kind) -> None:
    for at in range(3):
        values = {name: sample_values(kind.name, name)[at] for name in kind.fields}
        assert kind.is_acceptable(values), kind.find_problems(values)


def test_marshmallow_gives_back_what_it_was_given(kind: Kind) -> None:
    values = {name: sample_values(kind.name, name)[0] for name in kind.fields} | {"masa_depan": [1]}
    assert kind.schema.load(values) == values


@pytest.fixture(scope="module")
def tables() -> Iterator[sqlite3.Connection]:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")
    make_tables(conn, CATALOGUE)
    yield conn
    conn.close()


def store(conn: sqlite3.Connection, kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    """Write a row as the projection does and read its body values back."""
    row = ["r", "d", *(kind.fields[n].to_column(values.get(n)) for n in kind.fields), None]
    conn.execute(insert_sql(kind, "INSERT OR REPLACE"), row)
    found = conn.execute(f"SELECT {','.join(kind.fields)} FROM {kind.name}").fetchone()
    return {n: kind.fields[n].from_column(v) for n, v in zip(kind.fields, found, strict=True)}


@contract
@given(data=st.data())
def test_a_value_of_the_right_shape_is_stored_and_comes_back(
    kind: Kind, tables: sqlite3.Connection, data: Any
) -> None:
    """A STRICT table refuses nothing that the shape check lets through, whatever the domain thinks of it."""
    values = {name: value for name, value in data.draw(bodies_of(kind)).items() if name in kind.fields}
    values = {name: value for name, value in values.items() if kind.fields[name].has_shape(value)}
    assert kind.find_shape_defect(values) is None
    # What comes in from elsewhere has been through bytes.
    assert decode_bodies([encode_body(values, SALT)]) == [values]
    back = store(tables, kind, values)
    assert back == {name: values.get(name) for name in kind.fields}
    assert all(type(back[name]) is type(value) for name, value in values.items())


def test_every_value_that_the_shape_check_lets_through_is_stored(kind: Kind, tables: sqlite3.Connection) -> None:
    for name, field in kind.fields.items():
        for value in BAD:
            if field.has_shape(value):
                assert store(tables, kind, {name: value})[name] == value
            else:
                assert kind.find_shape_defect({name: value}) == name


def test_what_is_acceptable_has_the_right_shape(kind: Kind) -> None:
    for name, field in kind.fields.items():
        accepts = field.compile()
        for value in (*BAD, *sample_values(kind.name, name)):
            assert not accepts(value) or field.has_shape(value), (name, value)


def test_unknown_members_have_no_shape_to_be_wrong(kind: Kind) -> None:
    assert kind.find_shape_defect({"masa_depan": object()}) is None


def test_a_text_that_no_body_can_carry_is_not_acceptable() -> None:
    kind = CATALOGUE["dusun"]
    assert not kind.is_acceptable({"nama": "\ud800"})


# Declaration -----------------------------------------------------------------------------------------------


def test_every_field_has_an_indonesian_label(kind: Kind) -> None:
    labels = [field.info.label for field in kind.fields.values()]
    for label in labels:
        assert label == label.strip() and 2 <= len(label) <= 60 and label[0].isupper(), label
        assert not {"the", "of", "name", "date", "number", "status date", "code"} & set(label.lower().split()), label
        assert "_" not in label
    assert len(set(labels)) == len(labels), "two fields of one form with one label"
    assert kind.label[0].isupper() and "_" not in kind.label


def test_a_required_or_empty_field_is_refused_with_its_label(kind: Kind) -> None:
    for name, field in kind.fields.items():
        problems = kind.find_problems({name: None})
        assert field.info.label in problems[name]
        if field.required:
            assert field.info.label in kind.find_problems({})[name]


def test_groups_part_the_fields(kind: Kind) -> None:
    listed = [name for names in kind.groups.values() for name in names]
    assert sorted(listed) == sorted(kind.fields) and len(listed) == len(set(listed))
    assert all(name in kind.groups[group] for name, group in kind.group_of.items())
    assert EXISTENCE not in kind.groups and kind.protected <= kind.groups.keys()
    for group, names in kind.groups.items():
        if len(names) > 1 or group not in kind.fields:
            continue
        assert names == (group,) or kind.fields[names[0]].info.group == group


def test_a_group_is_not_named_like_a_field_of_another_group(kind: Kind) -> None:
    for group in kind.groups.keys() & kind.fields.keys():
        assert kind.group_of[group] == group


def test_names_are_fit_for_headers_and_columns(kind: Kind) -> None:
    for name in (kind.name, *kind.fields, *kind.groups):
        assert name.isascii() and name.replace("_", "").isalnum() and name.islower() and len(name) <= 40
        assert name[0].isalpha()
    assert len(set(columns_of(kind))) == len(columns_of(kind)), "a field is named like a column of the house"
    assert kind.name not in ("conflict", "held", "deleted", "log", "change", "setting")


def test_one_side_writes_each_group(kind: Kind) -> None:
    for group, names in kind.groups.items():
        writers = {kind.fields[name].info.writer or kind.writer for name in names}
        assert writers == {kind.writer_of(group)}
    assert kind.writer_of(EXISTENCE) is kind.writer


def test_protected_groups_are_written_by_the_desa(kind: Kind) -> None:
    """What the hub alone writes needs no protection from it."""
    assert all(kind.writer_of(group) is not Writer.HUB for group in kind.protected)


def test_what_a_kind_points_to_is_in_the_catalogue(kind: Kind) -> None:
    for field in kind.fields.values():
        if isinstance(field, Rujukan):
            assert field.kind is None or field.kind in NAMES
        if isinstance(field, Kode):
            assert spec_codes(field)
    assert kind.title in kind.fields
    assert all(column in columns_of(kind) for index in kind.indexes for column in index)


def test_number_columns_are_never_text_and_text_columns_never_numbers(kind: Kind) -> None:
    for field in kind.fields.values():
        expected = "INTEGER" if field.body_type in (int, bool) else "TEXT"
        assert isinstance(field, RecordField) and field.sql_type == expected


def test_group_values_of_the_histories_fill_whole_groups(kind: Kind) -> None:
    for group, names in kind.groups.items():
        assert set(group_values(kind, group, 1)) == set(names)


def test_the_catalogue_lists_every_schema_once_and_knows_older_versions() -> None:
    assert [schema.kind for schema in SCHEMAS] == NAMES and len(set(NAMES)) == len(NAMES)
    for kind in KINDS:
        assert CATALOGUE.get(kind.name, kind.version) is kind
        assert CATALOGUE.get(kind.name, kind.version + 1) is None
    assert CATALOGUE.get("belum_ada", 1) is None


def test_a_kind_made_twice_is_the_same_declaration() -> None:
    again = Catalogue(make_kind(schema) for schema in SCHEMAS)
    for kind in KINDS:
        assert (again[kind.name].groups, again[kind.name].group_of) == (kind.groups, kind.group_of)
