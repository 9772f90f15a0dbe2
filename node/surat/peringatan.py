"""What somebody should know before a letter is signed: of its applicant, and of other residents that it names."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from node.lampid.queries import list_told
from node.lampid.rules import STATUS_OF
from node.penduduk.index import PeopleIndex, Person
from node.penduduk.queries import list_cases, read_row
from node.penduduk.rules import HIDUP
from node.perangkat.rules import PERANGKAT, Masa, find_last_day, may_sign, read_masa
from node.services import NodeServices
from node.surat.facts import find_signer
from node.surat.forms import load_json
from node.surat.queries import list_signers
from shared.clock import today
from shared.codes import code_list
from shared.records.lampid import MATI
from shared.surat.jenis import JenisSurat
from shared.web.forms import write_date


class Peringatan(NamedTuple):
    """A sentence, and whose page helps further: a resident, an official, or the list of officials; "" for none."""

    teks: str
    penduduk: str = ""
    perangkat: str = ""
    is_perangkat: bool = False


LAST_ID = "g"
"""Behind every record id."""


def list_warnings(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, jenis: JenisSurat, values: Mapping[str, Any]
) -> list[Peringatan]:
    """List what to know of the people of a draft; ``values`` are those of a ``konsep_surat``.

    Somebody who was typed in as no resident may be one: then what is typed and what is on record can differ.
    """
    applicant, found = str(values.get("pemohon") or ""), list[Peringatan]()
    if not applicant and values.get("nik"):
        # The same one on every computer, where two bear one number.
        found_ids = sorted(person.id for person in people.people() if person.nik == values["nik"])
        same = people.get(found_ids[0]) if found_ids else None
        if same is not None:
            applicant = same.id
            found.append(Peringatan(
                f"NIK ini milik penduduk desa: {same.nama}, {name_status(same.status)}. Buat suratnya dari biodatanya,"
                " supaya isinya sama dengan data desa.", same.id,
            ))
    if applicant:
        found += [Peringatan(text, applicant) for text in _check(node, conn, people.get(applicant), jenis.tentang)]
    extra = load_json(values.get("isian"))
    for one in jenis.isian:
        other = str(extra.get(one.nama) or "") if one.tipe == "penduduk" else ""
        if other and other != applicant:
            found += [Peringatan(f"{one.label}: {text}", other) for text in _check(node, conn, people.get(other), "")]
    return found


def list_draft_warnings(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, jenis: JenisSurat, values: Mapping[str, Any]
) -> list[Peringatan]:
    """List what to know before a draft is approved or signed: of its people, of who signs, of events taken back."""
    return [
        *list_warnings(node, conn, people, jenis, values), *_list_voided(conn, node.wilayah, jenis, values),
        *_check_signers(node, conn, people, values),
    ]


def _list_voided(
    conn: sqlite3.Connection, desa: str, jenis: JenisSurat, values: Mapping[str, Any]
) -> list[Peringatan]:
    """Warn of events that a draft speaks of and that were taken back since; one that was recorded anew stands."""
    told = list_told(conn, desa, {
        "id": LAST_ID, "tentang": jenis.tentang, "penduduk": values.get("pemohon"), "cetakan": values.get("isian"),
    })
    return [
        Peringatan(
            f"Peristiwa {one.nama} yang disebut konsep ini sudah dibatalkan. Periksa isiannya sebelum diterbitkan.",
            one.penduduk,
        ) for one in told if one.batal
    ]


def name_status(status: int) -> str:
    """Name how a resident stands in the village, in small letters."""
    if status == HIDUP:
        return "masih tinggal di desa"
    if status == STATUS_OF[MATI]:
        return "meninggal"
    return (code_list("status_dasar").items.get(status) or "tidak tinggal di sini").lower()


def _check_signers(
    node: NodeServices, conn: sqlite3.Connection, people: PeopleIndex, values: Mapping[str, Any]
) -> list[Peringatan]:
    """Warn of who signs, and in whose name, as perangkat and the residents' data know them."""
    day = today(node.clock)
    signer, _ = find_signer(list_signers(conn, node.wilayah, day.isoformat()), values)
    signing = signer.id if signer is not None else str(values.get("penandatangan") or "")
    between = str(values.get("atas_nama") or "") if values.get("cara") == "ub" else ""
    found = []
    for id in dict.fromkeys(id for id in (signing, between) if id):
        row = read_row(conn, PERANGKAT, node.wilayah, id) or {}
        text = _find_unfit(row, people.get(str(row.get("penduduk") or "")), day)
        found += [Peringatan(text, perangkat=id if row else "", is_perangkat=True)] if text else []
    return found


def _find_unfit(row: Mapping[str, Any], person: Person | None, day: date) -> str:
    """Say why an official should not sign on a day; ``person`` is he in the residents' data, where he is one."""
    if not row:
        return "Penanda tangan konsep ini sudah dihapus dari Perangkat desa. Pilih penanda tangan lain."
    nama = str(row.get("nama") or "Penanda tangan")
    if person is not None and person.status != HIDUP:
        return (
            f"Penanda tangan {nama} tercatat: {name_status(person.status)}. Catat akhir jabatannya di Perangkat desa,"
            " lalu pilih penanda tangan lain."
        )
    masa = read_masa(row, day)
    if masa is Masa.BELUM:
        return f"{nama} belum mulai menjabat. Pilih penanda tangan lain."
    if masa is not Masa.MENJABAT:
        return f"Masa jabatan {nama} berakhir {write_date(find_last_day(row))}. Pilih penanda tangan lain."
    return "" if may_sign(row, day) else f"{nama} tidak diberi hak menandatangani surat. Pilih penanda tangan lain."


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
        found.append(f"{person.nama} tercatat: {name_status(person.status)}. Pastikan suratnya memang untuk orang ini.")
    if person.konflik:
        found.append(
            "Data orang ini menunggu verval: ada dua isian yang berbeda. Periksa biodatanya sebelum surat"
            " ditandatangani."
        )
    if list_cases(conn, node.wilayah, person.id):
        found.append("Ada kasus dari kecamatan tentang orang ini yang belum selesai. Periksa di Perlu tindakan.")
    return found
