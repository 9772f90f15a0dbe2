"""The access audit: who unmasked, printed or exported whose data, and who logged in; a chain of hashes.

A subject is a record id, never a NIK. The triggers of migration 0002 stop a careless UPDATE or DELETE;
the chain shows a careful one. The number and hash of the last row are kept apart, so that a cut-off end
shows as well. Somebody who may write the whole file can forge both: hand :func:`audit_head` to the log
or to a printed report from time to time.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from shared.clock import Clock
from shared.store.migrations import read_setting, write_setting
from shared.web import queries

ACTIONS = {
    "nik_ditampilkan": "Menampilkan NIK dan nomor KK",
    "data_dilihat": "Membuka data",
    "daftar_dibuka": "Membuka daftar nama",
    "ekspor": "Mengekspor daftar",
    "impor": "Mengimpor berkas",
    "impor_dibatalkan": "Membatalkan impor",
    "masuk": "Masuk",
    "keluar": "Keluar",
    "akun_dibuat": "Membuat akun",
    "akun_dihentikan": "Menghentikan akun",
    "akun_diaktifkan": "Mengaktifkan akun",
    "kode_sandi": "Membuat kode sandi",
    "sandi_diganti": "Mengganti kata sandi",
    "peran_diganti": "Mengganti peran",
    "wilayah_akun": "Mengganti dusun sebuah akun",
    "masuk_gagal": "Gagal masuk",
    "ditolak": "Ditolak: peran tidak boleh",
    "kode_hp_dipasang": "Memasang kode HP",
    "kode_hp_dilepas": "Melepas kode HP",
    "kode_kertas": "Memakai satu kode cadangan dari kertas",
    "kode_kertas_baru": "Membuat kode cadangan baru",
    "sesi_diakhiri": "Mengeluarkan sebuah perangkat",
    "catatan_diekspor": "Mengekspor catatan akses",
    "komputer_didaftarkan": "Mendaftarkan komputer ke kecamatan",
    "sasaran_diganti": "Mengganti sasaran penduduk",
    "slot_dibuka": "Membuka pendaftaran komputer desa",
    "slot_ditarik": "Menarik pendaftaran komputer desa",
    "calon_disetujui": "Menyetujui komputer desa",
    "calon_ditolak": "Menolak komputer desa",
    "cadangan_dibuat": "Membuat cadangan",
    "kode_cadangan": "Mengganti kode cadangan",
    "uji_pulih": "Menguji cadangan",
    "data_dipulihkan": "Mengembalikan data dari cadangan",
    "logo_diganti": "Mengganti logo desa",
    "logo_dihapus": "Menghapus logo desa",
    "kunci_diganti": "Mengganti kunci komputer ini",
    "kunci_hub_diganti": "Mengganti kunci hub",
    "kunci_dicabut": "Mencabut kunci komputer desa",
    "kunci_dipulihkan": "Mengizinkan lagi komputer desa",
    "kunci_hub_dipulihkan": "Memakai kunci pemulihan untuk hub",
    "pemulihan_ditutup": "Menutup pemulihan hub",
    "diperiksa": "Memeriksa semua catatan dan tabel",
    "karantina_diambil": "Mengambil perubahan dari karantina",
    "kunci_saksi_dilupakan": "Melupakan kunci saksi kabupaten",
    "hapus_diusulkan": "Mengusulkan penghapusan isi",
    "hapus_disetujui": "Menyetujui penghapusan isi",
    "hapus_ditolak": "Menolak atau menarik usulan penghapusan isi",
    "hapus_susulan": "Menangani isi susulan dari data yang dihapus",
    "surat_dicetak": "Mencetak surat",
    "pindaian_dilihat": "Melihat pindaian",
    "buku_dicetak": "Mencetak buku",
    "lampid_ditutup": "Menutup laporan bulanan",
    "lampid_diperiksa": "Memeriksa laporan bulanan desa",
    "usb_daftar": "Mendaftarkan komputer lewat USB",
    "usb_kirim": "Mengirim lewat USB",
    "usb_terima": "Menerima lewat USB",
}
"""What is written into the audit, as its readers see it."""

GROUPS: Mapping[str, tuple[str, frozenset[str]]] = {
    "dilihat": ("Semua yang dilihat", frozenset({
        "nik_ditampilkan", "data_dilihat", "daftar_dibuka", "pindaian_dilihat", "kasus_dibuka",
    })),
    "dicetak": ("Semua yang dicetak", frozenset({"surat_dicetak", "buku_dicetak"})),
    "diekspor": ("Semua yang diekspor", frozenset({"ekspor", "catatan_diekspor", "ekspor_teridentifikasi"})),
    "keluar_masuk": (
        "Semua masuk, keluar, dan yang ditolak", frozenset({"masuk", "keluar", "masuk_gagal", "ditolak"}),
    ),
}
"""Acts of one sort, by the name of the sort, each with its words; what is in none was changed or set."""
CHANGED = "diubah"

_HEAD = "access_audit_head"
_START = bytes(32)
_DOMAIN = b"sipande access audit v1\n"
_SIXTEEN_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class AuditReport:
    """What the verifier found: rows read, and the first number that does not fit (None: all fit)."""

    rows: int
    broken_at: int | None

    @property
    def is_intact(self) -> bool:
        return self.broken_at is None


def record_access(
    conn: sqlite3.Connection, clock: Clock, account: str, action: str, subject: str, detail: str = "", *,
    time_s: int | None = None,
) -> None:
    """Append one row; call it in the transaction of what it is about.

    ``detail`` says for what (purpose, count), never whose; ``time_s`` when, for what is written later. Raises
    ValueError for anything that looks like a NIK or KK number: that is a defect of the caller.
    """
    account, action, subject, detail = (
        _CONTROL.sub(" ", text)[:400] for text in (account, action, subject, detail)
    )
    if _SIXTEEN_DIGITS.search(subject) or _SIXTEEN_DIGITS.search(detail):
        raise ValueError("the access audit takes record ids, not numbers of persons")
    last = queries.last_audit(conn)
    no, previous = (1, _START) if last is None else (last[0] + 1, last[1])
    time_s = clock.now_s() if time_s is None else time_s
    digest = _hash(previous, no, time_s, account, action, subject, detail)
    queries.add_audit(conn, no, time_s, account, action, subject, detail, previous, digest)
    write_setting(conn, _HEAD, f"{no} {digest.hex()}")


def audit_head(conn: sqlite3.Connection) -> str:
    """Tell number and hash of the last row, as ``no hex``; empty when there is none."""
    return read_setting(conn, _HEAD) or ""


def verify_audit(conn: sqlite3.Connection) -> AuditReport:
    """Hash the whole chain again and compare; any changed, missing, added or moved row shows."""
    previous, rows = _START, 0
    for no, time_s, account, action, subject, detail, stored_previous, stored in queries.each_audit(conn):
        expected = _hash(previous, no, time_s, account, action, subject, detail)
        if no != rows + 1 or stored_previous != previous or stored != expected:
            return AuditReport(rows, rows + 1)
        previous, rows = expected, rows + 1
    head = audit_head(conn)
    if head != (f"{rows} {previous.hex()}" if rows else ""):
        return AuditReport(rows, rows + 1)
    return AuditReport(rows, None)


def list_groups(actions: Mapping[str, str]) -> dict[str, str]:
    """Map the sorts of some acts to their words, for a choice."""
    present = {name: words for name, (words, acts) in GROUPS.items() if acts & actions.keys()}
    return {**present, CHANGED: "Semua yang diubah atau diatur"}


def find_actions(chosen: str, actions: Mapping[str, str]) -> list[str]:
    """List the acts that a choice means: one of them, or a sort."""
    if chosen == CHANGED:
        return sorted(actions.keys() - frozenset().union(*(acts for _, acts in GROUPS.values())))
    return sorted(GROUPS[chosen][1]) if chosen in GROUPS else [chosen]


def _hash(previous: bytes, *members: int | str) -> bytes:
    row = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return sha256(_DOMAIN + previous + row.encode("utf-8", "surrogatepass")).digest()
