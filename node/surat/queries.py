"""SQL of letters: numbers, drafts, issued letters, what came in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from node.beranda.kantor import read_office
from node.perangkat import rules as perangkat
from node.perangkat.queries import read_perangkat
from node.perangkat.rules import name_jabatan
from node.surat.rules import OPEN, Signer
from shared.records.perangkat import JABATAN
from shared.surat.batal import is_disputed, read_cancellations

LIST_MAX = 200


class DraftRow(NamedTuple):
    """A draft in a list; ``nama`` is whom it is for, ``dari`` the officer who wrote or returned it last."""

    id: str
    jenis: str
    nama: str
    status: str
    oleh: str
    catatan: str
    konflik: bool


class LetterRow(NamedTuple):
    """An issued letter in a list or book."""

    id: str
    nomor: str
    urut: int
    seri: str
    tanggal: str
    jenis: str
    judul: str
    nama: str
    tujuan: str
    ringkasan: str
    batal: bool
    berlaku_sampai: str
    tanggal_kirim: str
    penerima: str
    keterangan_kirim: str
    alasan_batal: str
    konsep: str
    konflik: bool


class IncomingRow(NamedTuple):
    """A letter that came in, as the agenda lists it; ``nomor_agenda`` is 0 where its record has none.

    ``dihapus`` is the reason why it was deleted, None while it stands.
    """

    id: str
    nomor_agenda: int
    tanggal_terima: str
    nomor: str
    tanggal_surat: str
    pengirim: str
    isi_singkat: str
    keterangan: str
    disposisi: str
    pindaian: str
    konflik: bool
    dihapus: str | None = None


def list_own_series(conn: sqlite3.Connection, log: str, tahun: int) -> list[int]:
    """List the numbers that a log has given in its own series in a year."""
    rows = conn.execute(
        "SELECT urut FROM surat WHERE tahun = ? AND catatan_log = ? AND coalesce(seri, '') <> ''"
        " AND urut IS NOT NULL",
        (tahun, log),
    )
    return [row[0] for row in rows]


def list_drafts(conn: sqlite3.Connection, desa: str) -> list[DraftRow]:
    """List the drafts that are neither issued nor thrown away, newest first."""
    rows = conn.execute(
        "SELECT k.id, k.jenis, coalesce(p.nama, k.nama, ''), coalesce(k.status, 'konsep'), coalesce(o.nama, ''),"
        " coalesce(k.catatan, ''), k.konflik IS NOT NULL FROM konsep_surat k"
        " LEFT JOIN penduduk p ON p.id = k.pemohon AND p.desa = k.desa"
        " LEFT JOIN petugas o ON o.id = k.oleh AND o.desa = k.desa"
        " WHERE k.desa = ? AND coalesce(k.status, 'konsep') IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM surat s WHERE s.konsep = k.id AND s.desa = k.desa)"
        " ORDER BY k.id DESC LIMIT ?",
        (desa, json.dumps(OPEN), LIST_MAX),
    )
    return [DraftRow._make((*row[:6], bool(row[6]))) for row in rows]


_LETTER = (
    "SELECT id, coalesce(nomor, ''), coalesce(urut, 0), coalesce(seri, ''), coalesce(tanggal, ''),"
    " coalesce(jenis, ''), coalesce(judul, ''), coalesce(nama, ''), coalesce(tujuan, ''), coalesce(ringkasan, ''),"
    " coalesce(batal, 0), coalesce(berlaku_sampai, ''), coalesce(tanggal_kirim, ''), coalesce(penerima, ''),"
    " coalesce(keterangan_kirim, ''), coalesce(alasan_batal, ''), coalesce(konsep, ''), konflik"
    " FROM surat"
)


def _letters(conn: sqlite3.Connection, desa: str, rows: sqlite3.Cursor) -> list[LetterRow]:
    """Read letters as they count: one that two computers have cancelled with different words is cancelled."""
    found = rows.fetchall()
    told = read_cancellations(conn, desa, [row[0] for row in found if is_disputed(row[17])])
    letters = [LetterRow._make((*row[:10], bool(row[10]), *row[11:17], bool(row[17]))) for row in found]
    return [
        row if row.id not in told else row._replace(batal=True, alasan_batal=str(told[row.id]["alasan_batal"] or ""))
        for row in letters
    ]


def search_letters(conn: sqlite3.Connection, desa: str, text: str, page: int, rows_max: int) -> list[LetterRow]:
    """List issued letters, newest first, that a text finds; all of them for an empty one.

    It is looked for in number, name, title, receiver, summary, and the purpose that the draft says in full.
    """
    return _letters(conn, desa, conn.execute(
        f"{_LETTER} WHERE desa = ?1 AND {_MATCH} ORDER BY tanggal DESC, id DESC LIMIT ?3 OFFSET ?4",
        (desa, _like(text), rows_max, (page - 1) * rows_max),
    ))


def count_letters(conn: sqlite3.Connection, desa: str, text: str) -> int:
    """Count what :func:`search_letters` would list."""
    row = conn.execute(f"SELECT count(*) FROM surat WHERE desa = ?1 AND {_MATCH}", (desa, _like(text))).fetchone()
    return int(row[0])


_MATCH = (
    "(nomor LIKE ?2 ESCAPE '\\' OR nama LIKE ?2 ESCAPE '\\' OR judul LIKE ?2 ESCAPE '\\'"
    " OR tujuan LIKE ?2 ESCAPE '\\' OR penerima LIKE ?2 ESCAPE '\\' OR ringkasan LIKE ?2 ESCAPE '\\'"
    " OR EXISTS (SELECT 1 FROM konsep_surat k WHERE k.id = surat.konsep AND k.desa = surat.desa"
    " AND k.keperluan LIKE ?2 ESCAPE '\\'))"
)


def _like(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%"


def list_letters_of_person(conn: sqlite3.Connection, desa: str, penduduk: str) -> list[LetterRow]:
    """List the letters that a resident was given, newest first."""
    return _letters(conn, desa, conn.execute(
        f"{_LETTER} WHERE desa = ? AND penduduk = ? ORDER BY tanggal DESC, id DESC LIMIT ?", (desa, penduduk, LIST_MAX)
    ))


def list_letters_of_draft(conn: sqlite3.Connection, desa: str, konsep: str) -> list[LetterRow]:
    """List the letters that were made of one draft; more than one when two computers have signed it."""
    return _letters(conn, desa, conn.execute(f"{_LETTER} WHERE desa = ? AND konsep = ? ORDER BY id", (desa, konsep)))


def list_letters_of_year(conn: sqlite3.Connection, desa: str, tahun: int) -> list[LetterRow]:
    """List the letters of a year in the order of their numbers, own series behind the common one."""
    return _letters(conn, desa, conn.execute(
        f"{_LETTER} WHERE desa = ? AND tahun = ? ORDER BY coalesce(seri, ''), urut, id", (desa, tahun)
    ))


def list_sent_of_year(conn: sqlite3.Connection, desa: str, tahun: int) -> list[LetterRow]:
    """List the letters that were sent in a year, in the order in which they went."""
    return _letters(conn, desa, conn.execute(
        f"{_LETTER} WHERE desa = ? AND substr(tanggal_kirim, 1, 4) = ? ORDER BY tanggal_kirim, id", (desa, str(tahun))
    ))


_BOOK = "coalesce(tahun_agenda, CAST(substr(tanggal_terima, 1, 4) AS INTEGER))"
"""In the agenda of which year a letter stands: that in which its number was given."""


def list_years(conn: sqlite3.Connection, desa: str) -> list[int]:
    """List the years in which letters went out or came in, newest first."""
    rows = conn.execute(
        "SELECT DISTINCT tahun FROM surat WHERE desa = ? AND tahun IS NOT NULL UNION"
        f" SELECT DISTINCT {_BOOK} FROM surat_masuk"
        " WHERE desa = ? AND tanggal_terima IS NOT NULL ORDER BY 1 DESC",
        (desa, desa),
    )
    return [row[0] for row in rows]


def list_recent_kinds(conn: sqlite3.Connection, desa: str) -> list[str]:
    """List the kinds of the latest drafts, newest first, each as often as it was used."""
    rows = conn.execute(
        "SELECT jenis FROM konsep_surat WHERE desa = ? AND jenis IS NOT NULL ORDER BY id DESC LIMIT 40", (desa,)
    )
    return [row[0] for row in rows]


def list_signers(conn: sqlite3.Connection, desa: str, day: str) -> list[Signer]:
    """List the perangkat who may sign on a day, the kepala desa first.

    Where no kepala desa was ever entered it is the name in the settings: one who was dismissed, or to whom the right
    was not given, does not come back by it.
    """
    rows = read_perangkat(conn, desa)
    found = [
        Signer(str(row["id"]), row["nama"] or "", name_jabatan(row), row["nip"] or "", row["jabatan"] or "")
        for row in perangkat.list_signers(rows, date.fromisoformat(day))
    ]
    if any(row["jabatan"] == perangkat.KADES for row in rows):
        return found
    head = str(read_office(conn, desa)["kepala_desa"] or "")
    return [Signer("", head, "Kepala Desa", "", "kades"), *found] if head else found


def is_headless(conn: sqlite3.Connection, desa: str, signers: Sequence[Signer]) -> bool:
    """Tell whether a kepala desa is on record and is not among those who may sign: then nobody signs directly."""
    return not any(signer.jabatan == perangkat.KADES for signer in signers) and any(
        row["jabatan"] == perangkat.KADES for row in read_perangkat(conn, desa)
    )


def list_incoming(conn: sqlite3.Connection, desa: str, tahun: int) -> list[IncomingRow]:
    """List the letters that stand in the agenda of a year, in the order in which they were entered."""
    rows = conn.execute(
        "SELECT id, coalesce(nomor_agenda, 0), coalesce(tanggal_terima, ''), coalesce(nomor, ''),"
        " coalesce(tanggal_surat, ''), coalesce(pengirim, ''), coalesce(isi_singkat, ''), coalesce(keterangan, ''),"
        " coalesce(disposisi, ''), coalesce(pindaian, ''), konflik IS NOT NULL FROM surat_masuk"
        f" WHERE desa = ? AND {_BOOK} = ? ORDER BY id",
        (desa, tahun),
    )
    return [IncomingRow._make((*row[:10], bool(row[10]), None)) for row in rows]


_FOUND = (
    "(pengirim LIKE ?2 ESCAPE '\\' OR nomor LIKE ?2 ESCAPE '\\' OR isi_singkat LIKE ?2 ESCAPE '\\'"
    " OR keterangan LIKE ?2 ESCAPE '\\' OR disposisi LIKE ?2 ESCAPE '\\')"
)


def count_incoming(conn: sqlite3.Connection, desa: str, text: str) -> int:
    """Count what :func:`search_incoming` would find."""
    row = conn.execute(f"SELECT count(*) FROM surat_masuk WHERE desa = ?1 AND {_FOUND}", (desa, _like(text))).fetchone()
    return int(row[0])


def search_incoming(
    conn: sqlite3.Connection, desa: str, text: str, page: int, rows_max: int
) -> list[tuple[str, int]]:
    """Find letters that came in by sender, number, summary, remark and disposition, of all years, newest first.

    Gives record ids, each with the year of its agenda.
    """
    rows = conn.execute(
        f"SELECT id, {_BOOK} FROM surat_masuk WHERE desa = ?1 AND {_FOUND}"
        " ORDER BY tanggal_terima DESC, id DESC LIMIT ?3 OFFSET ?4",
        (desa, _like(text), rows_max, (page - 1) * rows_max),
    )
    return [(id, tahun) for id, tahun in rows]


def list_perangkat(conn: sqlite3.Connection, desa: str) -> list[tuple[str, str]]:
    """List the officials of a desa by record id, for a choice."""
    rows = conn.execute(
        "SELECT id, coalesce(nama, ''), coalesce(sebutan, ''), coalesce(jabatan, '') FROM perangkat"
        " WHERE desa = ? ORDER BY nama, id",
        (desa,),
    )
    return [(id, f"{nama}, {sebutan or JABATAN.get(jabatan, '')}".strip(", ")) for id, nama, sebutan, jabatan in rows]


def list_closed_logs(conn: sqlite3.Connection, desa: str) -> list[str]:
    """List the logs of a desa that give no number any more: a newer log of the same key, or a key out of use."""
    rows = conn.execute(
        "SELECT l.id FROM log l WHERE l.wilayah = ? AND l.peran = 'desa' AND (l.closed = 1 OR EXISTS"
        " (SELECT 1 FROM log m WHERE m.kunci = l.kunci AND m.wilayah = l.wilayah AND m.peran = 'desa' AND m.no > l.no)"
        " OR EXISTS (SELECT 1 FROM simpul s WHERE s.kunci = lower(hex(l.kunci)) AND s.status = 'dicabut'))",
        (desa,),
    )
    return [row[0] for row in rows]
