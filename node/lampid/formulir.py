"""What was typed about an event: its fields, the people it brings, the family they come to. No writing here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from node.lampid.datang import Rumah
from node.lampid.keluar import TOKEN_LETTERS
from node.lampid.rules import (
    ARRIVAL_FIELDS, BENTUK, CHILD_FIELDS, HOME_FIELDS, LAPORAN, find_date_problems, list_date_oddities,
)
from node.penduduk.index import Person
from node.penduduk.rules import PENDUDUK
from shared.crockford import group, read_letters
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.records.identifiers import clean_number
from shared.web.forms import Choices, Form, Submitted, make_form, parse_form

PERISTIWA = CATALOGUE["peristiwa"]
KELUARGA = CATALOGUE["keluarga"]
PEOPLE_MAX = 20
CHECKED = "sudah_diperiksa"
_HOUR = re.compile(r"([01]?[0-9]|2[0-3])[.: ]([0-5][0-9])", re.ASCII)
_NEWCOMER: Mapping[str, Any] = {"warganegara": 1, "status_tinggal": "tetap"}


@dataclass
class Isian:
    """The event's part of a form: ``kejadian`` what happened, ``laporan`` who told it.

    ``tambahan`` is what is wrong elsewhere on the page, ``aneh`` what is only odd, ``dulu`` who of the newcomers once
    lived here, ``mungkin`` who may have.
    """

    values: dict[str, Any]
    kejadian: Form
    laporan: Form
    aneh: list[str] = field(default_factory=list)
    tambahan: list[tuple[str, str]] = field(default_factory=list)
    dulu: list[Person] = field(default_factory=list)
    mungkin: list[Person] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return self.kejadian.is_valid and self.laporan.is_valid and not self.tambahan and not self.dulu

    @property
    def errors(self) -> list[tuple[str, str]]:
        """List what is wrong, for the summary on top."""
        return [*self.tambahan, *self.kejadian.errors, *self.laporan.errors]

    def refuse(self, problem: str) -> None:
        """Add what is wrong with no field in particular."""
        self.tambahan.append(("", problem))


def start_event(jenis: str, today: str, choices: Choices) -> Isian:
    """Make the empty form of a kind; it was reported today until somebody says otherwise."""
    values = {"tanggal_lapor": today}
    made = [
        make_form(PERISTIWA, values, names=names, choices=choices) for names in (BENTUK[jenis].fields, LAPORAN)
    ]
    for form in made:
        _name_fields(jenis, form)
    return Isian({}, made[0], made[1])


def read_event(
    jenis: str, submitted: Submitted, today: str, choices: Choices, born: Mapping[str, str] | None = None, *,
    known: str = "",
) -> Isian:
    """Read the fields of the event and say what cannot be; ``born`` maps names of its people to birth dates.

    ``today`` and ``known`` as of find_date_problems.
    """
    shape = BENTUK[jenis]
    happened, form = parse_form(PERISTIWA, submitted, names=shape.fields, choices=choices)
    reported, report = parse_form(PERISTIWA, submitted, names=LAPORAN, choices=choices)
    isian = Isian({**happened, **reported}, form, report)
    for part in (form, report):
        _name_fields(jenis, part)
    for name in shape.wajib:
        if form.fields[name].required and name not in isian.values and not form.fields[name].error:
            form.fields[name].error = f"{form.fields[name].label}: pilih dulu."
    _read_hour(isian)
    _read_token(isian)
    for name, problem in find_date_problems(isian.values, today, born, known).items():
        item = form.fields.get(name) or report.fields[name]
        item.error = item.error or problem
    isian.aneh += list_date_oddities(isian.values, today)
    return isian


def _name_fields(jenis: str, form: Form) -> None:
    """Call fields what this kind calls them."""
    shape = BENTUK[jenis]
    for name, item in form.fields.items():
        label = shape.labels.get(name)
        if label:
            item.error = item.error.replace(item.label, label)
            item.label = label
        if name in shape.wajib:
            item.required = True
    if "jam" in form.fields:
        form.fields["jam"].help = "Misalnya 04.30; boleh kosong."
    if "token" in form.fields:
        form.fields["token"].help = "Delapan huruf dan angka pada surat dari desa asal; kosongkan bila tidak ada."


def _read_hour(isian: Isian) -> None:
    text = isian.values.get("jam")
    if text is None:
        return
    found = _HOUR.fullmatch(text)
    if found is None:
        isian.kejadian.fields["jam"].error = "Jam: tulis jam dan menit, misalnya 04.30."
    else:
        isian.values["jam"] = f"{int(found[1]):02d}:{found[2]}"


def _read_token(isian: Isian) -> None:
    typed = isian.values.get("token")
    if typed is None:
        return
    letters = read_letters(typed)
    if len(letters) != TOKEN_LETTERS:
        isian.kejadian.fields["token"].error = (
            f"Kode pindah terdiri atas {TOKEN_LETTERS} huruf dan angka. Periksa lagi suratnya, atau kosongkan."
        )
    else:
        isian.values["token"] = group(letters)


# The newborn, and who moves in.

def start_child(values: Mapping[str, Any]) -> Form:
    """Make the form of a newborn; ``values`` are what is proposed."""
    return make_form(PENDUDUK, {**_NEWCOMER, **values}, names=CHILD_FIELDS)


def read_child(submitted: Submitted) -> tuple[dict[str, Any], Form]:
    """Read what is known of a newborn."""
    values, form = parse_form(PENDUDUK, submitted, names=CHILD_FIELDS)
    _require(form, values, ("jenis_kelamin", "hubungan"))
    return values, form


@dataclass
class Rombongan:
    """Those who move in together: one form each, and the values of those that somebody has filled in."""

    forms: list[Form]
    people: list[dict[str, Any]]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """List what is wrong, each with the field as it is called on the page."""
        return [
            (item.name, f"Orang ke-{at}: {item.error}")
            for at, form in enumerate(self.forms, 1) for item in form if item.error
        ]


def start_people(count: int = 1) -> Rombongan:
    """Make empty forms for some people who move in; the first of them heads the family."""
    forms = [make_form(PENDUDUK, {**_NEWCOMER, "hubungan": None if at else 1}, names=ARRIVAL_FIELDS)
             for at in range(count)]
    return Rombongan([_prefix(form, at) for at, form in enumerate(forms)], [])


def read_people(submitted: Submitted) -> Rombongan:
    """Read the people of an arrival; a form without a name and without a number is nobody."""
    count = read_count(submitted)
    found = Rombongan([], [])
    for at in range(count):
        values, form = parse_form(PENDUDUK, _Prefixed(submitted, at), names=ARRIVAL_FIELDS)
        if any(values.get(name) for name in ("nama", "nik", "tanggal_lahir")):
            _require(form, values, ("jenis_kelamin", "tanggal_lahir", "hubungan"))
            found.people.append(values)
        else:
            for item in form:
                item.error = ""
        found.forms.append(_prefix(form, at))
    return found


def read_count(submitted: Submitted) -> int:
    """Read how many people the form has room for."""
    text = submitted.get("jumlah") or ""
    return min(max(1, int(text)), PEOPLE_MAX) if text.isdecimal() and len(text) < 4 else 1


@dataclass(frozen=True)
class _Prefixed:
    """Reads the fields of one of several people."""

    submitted: Submitted
    at: int

    def get(self, name: str, /) -> str | None:
        return self.submitted.get(f"o{self.at}-{name}")


def _prefix(form: Form, at: int) -> Form:
    for item in form:
        item.name = f"o{at}-{item.name}"
    return form


def _require(form: Form, values: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        item = form.fields[name]
        item.required = True
        if name not in values and not item.error:
            item.error = f"{item.label} wajib diisi."


# Where they come to.

@dataclass
class Tujuan:
    """The choice of a family: ``kind`` is "lama" (known) or "baru", ``form`` what a new card says."""

    kind: str
    form: Form
    teks: str = ""
    keluarga: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def choose(self) -> Rumah:
        """Give the family to come to. Raises UserError when none was chosen."""
        if self.kind == "baru":
            return Rumah("", self.values)
        if not self.keluarga:
            raise UserError("Pilih dulu keluarganya.", "keluarga_kosong")
        return Rumah(self.keluarga)


def start_home(choices: Choices, keluarga: str = "", kind: str = "") -> Tujuan:
    """Make the form of the family to come to."""
    return Tujuan(kind or ("lama" if keluarga else ""), make_form(KELUARGA, names=HOME_FIELDS, choices=choices),
                  keluarga=keluarga)


def read_home(submitted: Submitted, choices: Choices) -> Tujuan:
    """Read which family was meant; only the number or name of a known one is still to be looked up."""
    values, form = parse_form(KELUARGA, submitted, names=HOME_FIELDS, choices=choices)
    kind = submitted.get("tujuan") or ""
    if kind != "baru":
        for item in form:
            item.error = ""
    values["no_kk"] = clean_number(values.get("no_kk") or "") or None
    return Tujuan(
        kind if kind in ("lama", "baru") else "", form, " ".join((submitted.get("cari_keluarga") or "").split())[:100],
        (submitted.get("keluarga_tujuan") or "")[:36], values,
    )
