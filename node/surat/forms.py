"""The form of a draft: fields of the letter itself, of the kind of letter, and of somebody who is no resident."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from node.penduduk.index import PeopleIndex
from node.penduduk.rules import show_value
from node.surat.hari import HELP, pair_days, settle_days
from node.surat.rules import BUKAN_PENDUDUK, KONSEP, PENDUDUK, Signer
from shared.records.fields import Bilangan, Nik, Panjang, RecordField, Tanggal, Teks
from shared.records.identifiers import mask_nik
from shared.surat.jenis import Isian, JenisSurat
from shared.web.forms import CLEAR_SUFFIX, Form, FormField, draw_field, make_form, parse_form, read_field

PREFIX, SEARCH = "isian_", "__cari"
NIK_WORD = "nik"
OWN = ("keperluan", "tujuan", "penandatangan", "cara", "atas_nama")
CANDIDATES_MAX = 8


@dataclass
class DraftForm:
    """What the page of a draft's form draws: its parts in order, and the requirements that are ticked."""

    orang: Form | None
    isian: Form
    surat: Form
    syarat: Sequence[str]

    @property
    def whole(self) -> Form:
        """All parts as one form, for the summary of what is wrong."""
        parts = [self.isian, self.surat] if self.orang is None else [self.orang, self.isian, self.surat]
        fields = {f"{at}.{name}": item for at, part in enumerate(parts) for name, item in part.fields.items()}
        return Form(fields, [text for part in parts for text in part.other_errors])


def draw_draft(
    jenis: JenisSurat, values: Mapping[str, Any], signers: Sequence[Signer], people: PeopleIndex, *, is_resident: bool
) -> DraftForm:
    """Draw the form of a draft as it stands; ``values`` are those of a ``konsep_surat``."""
    extra, other = load_json(values.get("isian")), load_json(values.get("data"))
    fields: dict[str, FormField] = {}
    for one in _list_isian(jenis):
        fields.update(_draw_isian(one, extra.get(one.nama), people))
    _mind_days(jenis, fields)
    person = None if is_resident else make_form(
        PENDUDUK, {**other, "nama": values.get("nama"), "nik": values.get("nik")}, names=BUKAN_PENDUDUK
    )
    if person is not None:
        _mind_person(person)
    own = make_form(KONSEP, values, names=OWN, choices=_choices(signers))
    _mind_signers(own, signers)
    return DraftForm(person, Form(fields), own, tuple(values.get("syarat") or ()))


def read_draft(
    jenis: JenisSurat, sent: MultiDict[str, str], signers: Sequence[Signer], people: PeopleIndex, *, is_resident: bool,
    known: Mapping[str, Any],
) -> tuple[dict[str, Any], DraftForm]:
    """Read a form that was sent: the values of a ``konsep_surat``, and the form with what is wrong in it.

    ``known`` is the draft as the form was drawn with it: a masked number that was left alone stays.
    """
    values, own = parse_form(KONSEP, sent, {}, names=OWN, choices=_choices(signers))
    own.other_errors.clear()
    _mind_signers(own, signers)
    before, extra = load_json(known.get("isian")), dict[str, Any]()
    fields: dict[str, FormField] = {}
    for one in _list_isian(jenis):
        value, drawn = _read_isian(one, sent, people, before.get(one.nama))
        fields.update(drawn)
        if value is not None:
            extra[one.nama] = value
    _mind_days(jenis, fields)
    extra, problems = settle_days(jenis, extra)
    for name, problem in problems.items():
        fields[PREFIX + name].error = fields[PREFIX + name].error or problem
    person = None
    if not is_resident:
        data, person = parse_form(PENDUDUK, sent, {"nik": known.get("nik")}, names=BUKAN_PENDUDUK)
        person.other_errors.clear()
        _mind_person(person)
        if not data.get("nama") and not person.fields["nama"].error:
            person.fields["nama"].error = "Nama wajib diisi."
        values |= {"nama": data.pop("nama", None), "nik": data.pop("nik", None), "data": dump_json(data)}
    ticked = set(sent.getlist("syarat"))
    values |= {"isian": dump_json(extra), "syarat": [text for text in jenis.syarat if text in ticked] or None}
    _mind_size(values, fields, own)
    return values, DraftForm(person, Form(fields), own, tuple(values["syarat"] or ()))


def _mind_size(values: Mapping[str, Any], fields: Mapping[str, FormField], own: Form) -> None:
    """Mark what each field takes and the record does not: it would be written and be read by nobody."""
    defect = KONSEP.find_shape_defect({name: value for name, value in values.items() if value is not None})
    if defect == "isian":
        longest = max(fields.values(), key=lambda item: len(item.text))
        longest.error = longest.error or (
            "Semua isian surat ini bersama-sama terlalu panjang untuk disimpan. Singkatkan isian ini."
        )
    elif defect is not None:
        own.other_errors.append(f"{KONSEP.fields[defect].info.label} terlalu panjang untuk disimpan. Singkatkan.")


def load_json(text: Any) -> dict[str, Any]:
    """Read the JSON of a draft's fields; what another program wrote and is none counts as empty."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def dump_json(values: Mapping[str, Any]) -> str | None:
    """Write fields as a draft keeps them; None when there are none."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else None


def tell_isian(jenis: JenisSurat, values: Mapping[str, Any], people: PeopleIndex) -> str:
    """Write the extra fields of a draft for people, a line each, numbers masked; in the order of the form."""
    fields = {one.nama: one for one in jenis.isian}
    names = [name for name in fields if name in values] + sorted(values.keys() - fields.keys())
    return "\n".join(_tell_one(fields.get(name) or Isian(name, name), values[name], people) for name in names)


def _tell_one(one: Isian, value: Any, people: PeopleIndex) -> str:
    if one.tipe == "penduduk":
        found = people.get(str(value))
        return f"{one.label}: {found.nama if found else '(data yang sudah tidak ada)'}"
    return f"{one.label}: {show_value(_own_field(one), value, {})}"


def tell_data(values: Mapping[str, Any]) -> str:
    """Write what a draft says of somebody who is no resident, a line each, numbers masked."""
    fields = PENDUDUK.fields
    return "\n".join(
        f"{fields[name].info.label}: {show_value(fields[name], values[name], {})}"
        for name in BUKAN_PENDUDUK if values.get(name) is not None
    )


def _choices(signers: Sequence[Signer]) -> dict[str, list[tuple[str, str]]]:
    listed = [(signer.id, f"{signer.nama}, {signer.sebutan}") for signer in signers if signer.id]
    return {"penandatangan": listed, "atas_nama": listed}


def _mind_signers(form: Form, signers: Sequence[Signer]) -> None:
    chief = next((signer.nama for signer in signers if signer.jabatan == "kades"), "")
    form.fields["penandatangan"].help = f"Kosong berarti kepala desa, {chief}." if chief else ""
    form.fields["atas_nama"].help = "Hanya untuk u.b.: pejabat di antaranya, biasanya sekretaris desa."


def _mind_person(form: Form) -> None:
    form.fields["nama"].required = True
    form.fields["nik"].help = "NIK di KTP-nya, bila ada. Boleh kosong."


def _list_isian(jenis: JenisSurat) -> list[Isian]:
    """List the extra fields; a day that follows from a date need not be chosen."""
    days = pair_days(jenis)
    return [replace(one, wajib=False) if one.nama in days else one for one in jenis.isian]


def _mind_days(jenis: JenisSurat, fields: Mapping[str, FormField]) -> None:
    for name in pair_days(jenis):
        fields[PREFIX + name].help = HELP


def is_nik(name: str) -> bool:
    """Tell by its name whether an extra field is a NIK: ``nik``, ``nik_ibu``; it is masked and checked like any."""
    return name.partition("_")[0] == NIK_WORD


def _own_field(one: Isian) -> RecordField:
    if is_nik(one.nama):
        return Nik(one.label, required=one.wajib)
    kinds: dict[str, type[RecordField]] = {"panjang": Panjang, "tanggal": Tanggal, "bilangan": Bilangan}
    return kinds.get(one.tipe, Teks)(one.label, required=one.wajib)


def _draw_isian(one: Isian, value: Any, people: PeopleIndex) -> dict[str, FormField]:
    name = PREFIX + one.nama
    if one.tipe == "penduduk":
        return _draw_person(one, str(value or ""), people, "")
    options = [(text, text) for text in one.pilihan] if one.tipe == "pilihan" else None
    own = _own_field(one)
    item = draw_field(name, own, None if own.info.masked else value, options)
    item.kept = mask_nik(str(value)) if own.info.masked and value else ""
    return {name: item}


def _read_isian(
    one: Isian, sent: MultiDict[str, str], people: PeopleIndex, known: Any
) -> tuple[Any, dict[str, FormField]]:
    name, own = PREFIX + one.nama, _own_field(one)
    if one.tipe == "penduduk":
        return _read_person(one, sent, people)
    (item,) = _draw_isian(one, known if own.info.masked else None, people).values()
    item.text = sent.get(name, "")
    if item.kept and not item.text.strip():
        item.is_clearing = bool(sent.get(name + CLEAR_SUFFIX)) and not item.required
        return None if item.is_clearing else known, {name: item}
    value = read_field(own, item)
    if own.info.masked and value is not None:
        item.error = own.find_problem(value) or ""
    if one.tipe == "pilihan" and value is not None and value not in one.pilihan:
        item.error = f"{one.label}: pilih dari daftar."
    return value, {name: item}


def _draw_person(one: Isian, chosen: str, people: PeopleIndex, typed: str) -> dict[str, FormField]:
    """Draw the choice of another resident: a text to search by, and whom it found."""
    name = PREFIX + one.nama
    found = people.get(chosen) if chosen else None
    search = FormField(
        name + SEARCH, one.label, "Ketik nama atau NIK-nya, lalu simpan; bila ada beberapa, pilih orangnya.", "teks",
        one.wajib and found is None, typed, length_max=100,
    )
    if found is None:
        return {search.name: search}
    select = FormField(name, one.label, "", "pilihan", one.wajib, chosen, options=[(chosen, found.nama)])
    search.label, search.help = f"Ganti {one.label[:1].lower()}{one.label[1:]}", "Isi hanya bila orangnya lain."
    return {name: select, search.name: search}


def _read_person(
    one: Isian, sent: MultiDict[str, str], people: PeopleIndex
) -> tuple[str | None, dict[str, FormField]]:
    name = PREFIX + one.nama
    chosen, typed = sent.get(name, ""), sent.get(name + SEARCH, "").strip()[:100]
    if people.get(chosen) is None:
        chosen = ""
    if not typed:
        drawn = _draw_person(one, chosen, people, "")
        if one.wajib and not chosen:
            drawn[name + SEARCH].error = f"{one.label}: cari lalu pilih orangnya."
        return chosen or None, drawn
    found = people.search(typed)[:CANDIDATES_MAX]
    if len(found) == 1 or (chosen and chosen in {person.id for person in found}):
        id = chosen if chosen in {person.id for person in found} else found[0].id
        return id, _draw_person(one, id, people, "")
    drawn = _draw_person(one, "", people, typed)
    if not found:
        drawn[name + SEARCH].error = f"{one.label}: tidak ada yang cocok. Coba sebagian nama saja."
        return None, drawn
    options = [(person.id, f"{person.nama}, lahir {person.tanggal_lahir or 'tidak tercatat'}") for person in found]
    select = FormField(name, one.label, "", "pilihan", one.wajib, "", f"{one.label}: pilih orangnya.", options)
    return None, {name: select, **drawn}
