"""Forms from kinds: which field is drawn how, and what was typed into which value.

An empty input is an absent value. What was typed stays on the page when it is refused. A masked field
never shows its value to someone who did not ask for it: left empty, it keeps what it has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from shared.codes import code_list
from shared.records import fields as record_fields
from shared.records.fields import RecordField, Writer
from shared.records.identifiers import mask_nik
from shared.records.kind import Kind

Choices = Mapping[str, Sequence[tuple[str, str]]]
CLEAR_SUFFIX = "__kosongkan"
"""Appended to the name of a masked field: the tick box that empties it."""
UNREADABLE, UNREADABLE_SHOWN = "(tidak terbaca)", 40
"""What stands for a value without the shape of its field, and how many of its letters are shown before it."""

_DAY_MONTH_YEAR = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})", re.ASCII)
_YEAR_MONTH_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+", re.ASCII)
_PLAIN = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_UNSEEN = frozenset({"Cc", "Cs"})
_SPACES = re.compile(r"\s+")


class Submitted(Protocol):
    """What of werkzeug's MultiDict is read here; a plain mapping of str fits as well."""

    def get(self, name: str, /) -> str | None: ...


@dataclass
class FormField:
    """One field as the macro draws it; ``shape`` is the name of its drawing in macros/fields.html."""

    name: str
    label: str
    help: str
    shape: str
    required: bool
    text: str = ""
    error: str = ""
    options: Sequence[tuple[str, str]] = ()
    length_max: int = 200
    kept: str = ""
    """A masked value that stays when nothing is typed, as it may be shown."""

    is_clearing: bool = False

    @property
    def described_by(self) -> str:
        """List the ids of help and error for screen readers."""
        parts = [("bantuan", self.help or self.kept), ("galat", self.error)]
        return " ".join(f"{self.name}-{suffix}" for suffix, text in parts if text)


@dataclass
class Form:
    """The fields of a form in order, and errors that belong to none of them."""

    fields: dict[str, FormField]
    other_errors: list[str] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return not self.other_errors and not any(item.error for item in self.fields.values())

    @property
    def errors(self) -> list[tuple[str, str]]:
        """List field names and messages for the summary on top; an empty name belongs to no field."""
        own = [(item.name, item.error) for item in self.fields.values() if item.error]
        return own + [("", text) for text in self.other_errors]

    def __iter__(self) -> Iterator[FormField]:
        return iter(self.fields.values())


def make_form(
    kind: Kind,
    values: Mapping[str, Any] | None = None,
    *,
    names: Sequence[str] | None = None,
    choices: Choices | None = None,
    writer: Writer | None = None,
    reveal: bool = False,
) -> Form:
    """Make a form for some or all fields of a kind, filled with values.

    ``choices`` gives references (and other fields that want a list) what may be chosen. ``writer`` leaves
    out what this side may not write. ``reveal`` shows masked values: only after the access was audited.
    """
    values = values or {}
    drawn: dict[str, FormField] = {}
    for name in names if names is not None else kind.fields:
        own = kind.fields[name]
        if isinstance(own, record_fields.Lampiran):
            continue  # a file is no text: it has a form of its own
        if writer is not None and kind.writer_of(kind.group_of[name]) not in (writer, Writer.KEDUANYA):
            continue
        item = _draw(name, own, (choices or {}).get(name))
        value = values.get(name)
        if own.info.masked and value is not None and not reveal:
            item.kept = mask_nik(str(value))
        else:
            item.text = _to_text(own, value)
            _keep_unknown_option(item)
        drawn[name] = item
    return Form(drawn)


def parse_form(
    kind: Kind,
    submitted: Submitted,
    current: Mapping[str, Any] | None = None,
    *,
    names: Sequence[str] | None = None,
    choices: Choices | None = None,
    writer: Writer | None = None,
    reveal: bool = False,
) -> tuple[dict[str, Any], Form]:
    """Read what was typed: values of the drawn fields without the empty ones, and the form with its errors.

    ``current`` holds the record as it stands: masked fields left empty keep it, and rules over the whole
    record see it. Fields that are not drawn are not read, whatever was sent. Give ``names``, ``choices``,
    ``writer`` and ``reveal`` as for :func:`make_form`.
    """
    current = current or {}
    form = make_form(kind, current, names=names, choices=choices, writer=writer, reveal=reveal)
    values: dict[str, Any] = {}
    for name, item in form.fields.items():
        own = kind.fields[name]
        item.text = submitted.get(name) or ""
        item.is_clearing = bool(item.kept and submitted.get(name + CLEAR_SUFFIX))
        if item.kept and not item.text.strip():
            if not item.is_clearing:
                values[name] = current[name]
            continue
        value, item.error = _from_text(own, item)
        if value is not None and not item.error:
            values[name] = value
        if not own.info.masked:
            _keep_unknown_option(item)
    _add_problems(kind, form, current, values)
    return {name: value for name, value in values.items() if not form.fields[name].error}, form


def draw_field(
    name: str, own: RecordField, value: Any = None, options: Sequence[tuple[str, str]] | None = None
) -> FormField:
    """Draw one field that no kind declares, such as an extra field of a letter, filled with a value."""
    item = _draw(name, own, options)
    item.text = _to_text(own, value)
    _keep_unknown_option(item)
    return item


def read_field(own: RecordField, item: FormField) -> Any:
    """Read what was typed into such a field (``item.text``); None when nothing was, or what is wrong is marked."""
    value, item.error = _from_text(own, item)
    if value is None and not item.error and item.required:
        item.error = f"{item.label} wajib diisi."
    return None if item.error else value


def write_misshapen(own: RecordField, value: Any) -> str:
    """Write a value that its field cannot hold, as a change of a broken program carries one; empty for one that fits.

    Such a change has no effect, but people must see it to adopt what stands beside it, or to erase it.
    """
    body = list(value) if isinstance(value, tuple) else value
    if own.has_shape(body) or (own.body_type is bool and type(value) is int):
        return ""  # a stored yes or no is a number
    if own.info.masked or type(value) not in (str, int):
        return UNREADABLE
    text = str(value)
    return f"{text if len(text) <= UNREADABLE_SHOWN else text[:UNREADABLE_SHOWN] + '…'} {UNREADABLE}".lstrip()


def write_date(value: str | None) -> str:
    """Write a stored date as people here do: 1980-12-31 → 31-12-1980; other text stays as it is."""
    found = _YEAR_MONTH_DAY.fullmatch(value or "")
    return f"{found[3]}-{found[2]}-{found[1]}" if found else value or ""


def write_number(value: int | None) -> str:
    """Write a number with points between thousands; empty for None."""
    return "" if value is None else f"{value:,}".replace(",", ".")


def _draw(name: str, own: RecordField, options: Sequence[tuple[str, str]] | None) -> FormField:
    item = FormField(name, own.info.label, own.info.help, "teks", own.required, length_max=own.length_max)
    if options is not None:
        item.shape, item.options = "pilihan", options
    elif isinstance(own, record_fields.Kode):
        item.shape = "pilihan"
        item.options = [(str(code), label) for code, label in sorted(code_list(own.daftar).items.items())]
    elif isinstance(own, record_fields.Pilihan):
        item.shape, item.options = "pilihan", list(own.pilihan.items())
    elif isinstance(own, record_fields.Ya):
        item.shape, item.options = "ya", [("ya", "Ya"), ("tidak", "Tidak")]
    elif isinstance(own, record_fields.Tanggal):
        item.shape, item.length_max = "tanggal", 10
    elif isinstance(own, record_fields.Rupiah):
        item.shape, item.length_max = "rupiah", 24
    elif isinstance(own, record_fields.Bilangan):
        item.shape, item.length_max = "angka", 24
    elif isinstance(own, (record_fields.Nik, record_fields.NoKk)):
        item.shape, item.length_max = "nomor", 24
    elif isinstance(own, record_fields.Daftar):
        item.shape, item.length_max = "baris", 200 * own.items_max
    elif isinstance(own, record_fields.Panjang):
        item.shape = "panjang"
    elif isinstance(own, record_fields.Rujukan):
        item.shape = "tersembunyi"
    return item


def _keep_unknown_option(item: FormField) -> None:
    """Show a value that is on no list as a choice of its own, so that saving does not lose it unseen."""
    if item.shape == "pilihan" and item.text and item.text not in (value for value, _ in item.options):
        item.options = [*item.options, (item.text, f"{item.text} (tidak ada dalam daftar)")]


def _to_text(own: RecordField, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(own, record_fields.Tanggal):
        return write_date(str(value))
    if isinstance(own, record_fields.Rupiah):
        return write_number(value)
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _from_text(own: RecordField, item: FormField) -> tuple[Any, str]:
    """Turn what was typed into a value of the body type; the second member says what is wrong."""
    label = own.info.label
    text = unicodedata.normalize("NFC", item.text).replace("\r\n", "\n").replace("\r", "\n").strip()
    text = "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in _UNSEEN)
    if not text:
        return None, ""
    if isinstance(own, record_fields.Ya):
        return (text == "ya", "") if text in ("ya", "tidak") else (None, f"{label}: pilih Ya atau Tidak.")
    if isinstance(own, record_fields.Kode):
        return (int(text), "") if _PLAIN.fullmatch(text) else (None, f"{label}: pilih dari daftar.")
    if own.body_type is int:
        number = _read_number(text)
        return number, "" if number is not None else f"{label}: tulis angka bulat saja, misalnya 1.500.000."
    if isinstance(own, record_fields.Tanggal):
        return _read_date(text, label)
    if own.body_type is list:
        return [line.strip() for line in text.split("\n") if line.strip()], ""
    if isinstance(own, (record_fields.Nik, record_fields.NoKk)):
        # Numbers are read off cards in groups; the groups are no part of them.
        text = re.sub(r"[\s.\-]", "", text)
    elif not isinstance(own, record_fields.Panjang):
        text = _SPACES.sub(" ", text)
    if len(text) > own.length_max:
        return None, f"{label}: paling banyak {own.length_max} huruf; yang diketik {len(text)} huruf."
    return text, ""


def _read_number(text: str) -> int | None:
    text = re.sub(r"^[Rr]p\.?\s*", "", text).removesuffix(",-").removesuffix(",00").strip()
    if _GROUPED.fullmatch(text):
        text = text.replace(".", "")
    return int(text) if _PLAIN.fullmatch(text) else None


def _read_date(text: str, label: str) -> tuple[str | None, str]:
    found = _DAY_MONTH_YEAR.fullmatch(text)
    iso = _YEAR_MONTH_DAY.fullmatch(text)
    if found is None and iso is None:
        return None, f"{label}: tulis hari-bulan-tahun, misalnya 31-12-1980."
    year, month, day = (found[3], found[2], found[1]) if found else iso.groups()  # type: ignore[union-attr]
    try:
        return date(int(year), int(month), int(day)).isoformat(), ""
    except ValueError:
        return None, f"{label} bukan tanggal yang ada di kalender."


def _add_problems(kind: Kind, form: Form, current: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Mark what breaks a hard rule, but neither other pages' fields nor old values that stay as they were.

    An imported record may hold a wrong NIK; that is for verval and must not stop a change of address.
    """
    whole = {name: value for name, value in current.items() if name not in form.fields} | dict(values)
    for name, message in kind.find_problems(whole).items():
        item = form.fields.get(name)
        if item is None:
            if name not in kind.fields:
                form.other_errors.append(message)
        elif not item.error and not (name in values and values[name] == current.get(name)):
            item.error = message
