"""What somebody should know before a letter is signed: of its applicant, and of other residents that it names."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from node.lampid.rules import STATUS_OF
from node.penduduk.index import PeopleIndex, Person
from node.penduduk.queries import list_cases
from node.penduduk.rules import HIDUP
from node.services import NodeServices
from node.surat.forms import load_json
from shared.codes import code_list
from shared.records.lampid import MATI
from shared.surat.jenis import JenisSurat


class Peringatan(NamedTuple):
    """A sentence, and the resident whose page helps further; "" where there is none."""

    teks: str
    penduduk: str = ""


def list_warnings(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, jenis: JenisSurat, values: Mapping[str, Any]
) -> list[Peringatan]:
    """List what to know of the people of a draft; ``values`` are those of a ``konsep_surat``.

    Somebody who was typed in as no resident may be one: then what is typed and what is on record can differ.
    """
    applicant, found = str(values.get("pemohon") or ""), list[Peringatan]()
    if not applicant and values.get("nik"):
        same = next((person for person in people.people() if person.nik == values["nik"]), None)
        if same is not None:
            applicant = same.id
            found.append(Peringatan(
                f"NIK ini milik penduduk desa: {same.nama}, {name_status(same)}. Buat suratnya dari biodatanya, supaya"
                " isinya sama dengan data desa.", same.id,
            ))
    if applicant:
        found += [Peringatan(text, applicant) for text in _check(node, conn, people.get(applicant), jenis.tentang)]
    extra = load_json(values.get("isian"))
    for one in jenis.isian:
        other = str(extra.get(one.nama) or "") if one.tipe == "penduduk" else ""
        if other and other != applicant:
            found += [Peringatan(f"{one.label}: {text}", other) for text in _check(node, conn, people.get(other), "")]
    return found


def name_status(person: Person) -> str:
    """Name how a resident stands in the village, in small letters."""
    if person.status == HIDUP:
        return "masih tinggal di desa"
    if person.status == STATUS_OF[MATI]:
        return "meninggal"
    return (code_list("status_dasar").items.get(person.status) or "tidak tinggal di sini").lower()


def _check(node: NodeServices, conn: sqlite3.Connection, person: Person | None, tentang: str) -> list[str]:
    """Say what is odd about one resident; ``tentang`` is the event that the letter speaks of.

    That somebody is dead is no news in the letter of his death; that he is not, is.
    """
    if person is None:
        return ["Orang ini sudah tidak ada dalam data penduduk desa. Periksa dulu siapa yang dimaksud."]
    found = []
    if tentang == MATI and person.status != STATUS_OF[MATI]:
        found.append(
            f"{person.nama} belum tercatat meninggal. Catat dulu kematiannya di Peristiwa: isian surat ini lalu terisi"
            " sendiri, dan kematiannya masuk laporan."
        )
    elif person.status not in (HIDUP, STATUS_OF.get(tentang, HIDUP)):
        found.append(f"{person.nama} tercatat: {name_status(person)}. Pastikan suratnya memang untuk orang ini.")
    if person.konflik:
        found.append(
            "Data orang ini menunggu verval: ada dua isian yang berbeda. Periksa biodatanya sebelum surat"
            " ditandatangani."
        )
    if list_cases(conn, node.wilayah, person.id):
        found.append("Ada kasus dari kecamatan tentang orang ini yang belum selesai. Periksa di Perlu tindakan.")
    return found
