"""A record kind as the rest of the house sees it: groups, writers, checks, all derived from one schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar

from marshmallow import INCLUDE, Schema

from shared.records.evolution import Evolution
from shared.records.fields import RecordField, Writer, is_encodable

SHAPE_LETTERS = 6
EXISTENCE = "_"
"""The group that every record has: whether it exists. Deleting writes it; so does every edit."""


class RecordSchema(Schema):
    """Base of all record kinds; the class attributes are part of the declaration.

    ``version`` freezes the merge groups; a field that a later one brings says so (``since``). ``protected`` groups
    (identity, money) are settled only by the hub with two officers. ``title`` is the field that names a record to
    people.
    """

    class Meta:
        unknown = INCLUDE

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    label: ClassVar[str]
    writer: ClassVar[Writer] = Writer.DESA
    protected: ClassVar[frozenset[str]] = frozenset()
    title: ClassVar[str] = "nama"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = ()


@dataclass(frozen=True)
class Kind:
    """One kind in one version, ready for use; build it with :func:`make_kind`."""

    name: str
    version: int
    label: str
    title: str
    writer: Writer
    fields: Mapping[str, RecordField]
    groups: Mapping[str, tuple[str, ...]]
    group_of: Mapping[str, str]
    protected: frozenset[str]
    indexes: tuple[tuple[str, ...], ...]
    schema: RecordSchema
    evolution: Evolution

    def writer_of(self, group: str) -> Writer:
        """Tell who may write a group; the existence of a record belongs to the kind's writer."""
        if group == EXISTENCE:
            return self.writer
        for name in self.groups.get(group, ()):
            own = self.fields[name].info.writer
            if own is not None:
                return own
        return self.writer

    def is_protected(self, group: str) -> bool:
        """Tell whether only two officers of the hub may settle a conflict of this group."""
        return group in self.protected

    def find_shape_defect(self, values: Mapping[str, Any]) -> str | None:
        """Name the first field whose value cannot be stored; unknown fields are kept and ignored."""
        texts, shapes = self._text_lengths, self._shapes
        for name, value in values.items():
            length_max = texts.get(name)
            if length_max is not None:
                # The commonest case, written out: nine fields of ten are plain texts.
                if type(value) is not str or len(value) > length_max:
                    return name
                if not value.isascii() and not is_encodable(value):
                    return name
                continue
            has_shape = shapes.get(name)
            if has_shape is not None and not has_shape(value):
                return name
        return None

    def is_acceptable(self, values: Mapping[str, Any]) -> bool:
        """Tell quickly whether marshmallow would accept the values (equal sets: property-tested)."""
        checks = self._checks
        for name in self._required:
            if name not in values:
                return False
        for name, value in values.items():
            check = checks.get(name)
            if check is not None and not check(value):
                return False
        return True

    def find_problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Say per field, in Indonesian, which hard rule is broken; empty when acceptable."""
        if self.is_acceptable(values):
            return {}
        errors = self.schema.validate(dict(values))
        return {
            name: " ".join(map(str, found)) if isinstance(found, list) else str(found)
            for name, found in errors.items()
        }

    @cached_property
    def shape(self) -> str:
        """Digest what this kind is in this version (6 hex digits): rows compare only between equal shapes."""
        members = [[name, self.group_of[name]] for name in self.fields]
        text = json.dumps([self.name, self.version, members], separators=(",", ":"))
        return sha256(text.encode()).hexdigest()[:SHAPE_LETTERS]

    @cached_property
    def special_columns(self) -> tuple[tuple[int, str], ...]:
        """List the fields whose stored form differs from the body (lists, booleans), each with its place in a row."""
        return tuple((at + 2, name) for at, (name, f) in enumerate(self.fields.items()) if f.body_type in (list, bool))

    @cached_property
    def _shapes(self) -> dict[str, Callable[[Any], bool]]:
        return {name: field.has_shape for name, field in self.fields.items()}

    @cached_property
    def _text_lengths(self) -> dict[str, int]:
        return {
            name: field.length_max
            for name, field in self.fields.items()
            if field.body_type is str and type(field).has_shape is RecordField.has_shape
        }

    @cached_property
    def hub_fields(self) -> frozenset[str]:
        """Name the fields that only the hub may fill."""
        return frozenset(
            name for name in self.fields if self.writer_of(self.group_of[name]) is Writer.HUB
        )

    @cached_property
    def _checks(self) -> dict[str, Callable[[Any], bool]]:
        return {name: field.compile() for name, field in self.fields.items()}

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return tuple(name for name, field in self.fields.items() if field.required)


def make_kind(schema_class: type[RecordSchema]) -> Kind:
    """Derive a kind from its schema class."""
    schema = schema_class()
    fields: dict[str, RecordField] = {}
    groups: dict[str, tuple[str, ...]] = {}
    group_of: dict[str, str] = {}
    for name, field in schema.fields.items():
        if not isinstance(field, RecordField):
            raise TypeError(f"{schema_class.__name__}.{name} is not a RecordField")
        group = field.info.group or name
        fields[name] = field
        groups[group] = groups.get(group, ()) + (name,)
        group_of[name] = group
        if not 1 <= field.info.since <= schema_class.version:
            raise TypeError(f"{schema_class.__name__}.{name} stands since a version that is not there")
    if not schema_class.protected <= groups.keys():
        raise TypeError(f"{schema_class.__name__}.protected names an unknown group")
    return Kind(
        name=schema_class.kind,
        version=schema_class.version,
        label=schema_class.label,
        title=schema_class.title,
        writer=schema_class.writer,
        fields=fields,
        groups=groups,
        group_of=group_of,
        protected=schema_class.protected,
        indexes=schema_class.indexes,
        schema=schema,
        evolution=Evolution({name: field.info for name, field in fields.items()}, schema_class.version),
    )
