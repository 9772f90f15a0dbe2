"""The policy of a desa: who may do what. Routes without a rule here keep the program from starting.

A kadus sees the own dusun only: node/lingkup.py narrows what the rights below open to him.
"""

from __future__ import annotations

from shared.web.policy import Policy, Rule, read_rights

RIGHTS = read_rights("""
                   admin  kades  sekdes  kasi  operator  kadus
kerja                x      x      x      x       x        x
warga_lihat          x      x      x      x       x        x
warga_ekspor         x      x      x      x       x        x
nomor_buka           x      x      x      x       x        .
warga_ubah           x      .      x      x       x        .
bantuan_lihat        x      x      x      x       x        .
bantuan_ubah         x      .      x      x       x        .
impor                x      .      x      .       x        .
kantor               x      x      x      x       x        .
tindakan_jawab       x      .      x      x       x        .
lampid_catat         x      .      x      x       x        .
bulan_tutup          x      x      x      .       x        .
surat_lihat          x      x      x      x       x        .
surat_konsep         x      .      x      x       x        .
surat_setuju         x      x      x      .       .        .
surat_terbit         x      x      x      x       x        .
surat_templat        x      .      x      .       .        .
perangkat_ubah       x      .      x      .       .        .
catatan_akses        x      x      x      .       .        .
kelola               x      .      .      .       .        .
""")
"""``nomor_buka``, ``bantuan_lihat`` and ``warga_ekspor`` also decide about fields: whole NIK and KK, the aid of a
family on its pages, whole numbers in files."""

# A file that names many people asks for a proof, is written into the audit, and leaves only to the session that made
# it. Book B.3 (laporan.make_book) has numbers alone; a letter names one person and is what the office is open for.
_LIST = "search fragment choose_columns"
POLICY = Policy(RIGHTS, {
    "beranda": Rule("kerja", "kerja"),
    "alamat": Rule("kantor", "kantor", {"umum": "phone certificate"}),
    "cadangan": Rule(
        "kantor", "kantor",
        {"kelola": "carry try_code make_new_code show_code take_code ask_restore choose_backup replace_data"},
        proof="carry make_new_code ask_restore replace_data",
    ),
    "periksa": Rule("kantor", "kantor"),
    "penduduk": Rule(
        "warga_lihat", "warga_ubah",
        {"warga_lihat": _LIST, "warga_ekspor": "export download", "nomor_buka": "unmask mask",
         "warga_ubah": "add edit confirm_delete"}, proof="export",
    ),
    "keluarga": Rule(
        "warga_lihat", "warga_ubah",
        {"warga_lihat": _LIST, "warga_ekspor": "export download", "nomor_buka": "unmask mask",
         "warga_ubah": "add edit choose_move place"}, proof="export",
    ),
    "foto": Rule("warga_ubah", "warga_ubah", {"warga_lihat": "picture"}),
    "dusun": Rule("kantor", "warga_ubah", {"warga_ubah": "edit closed"}, proof="close"),
    "bantuan": Rule("bantuan_lihat", "bantuan_ubah", {"bantuan_ubah": "add edit"}),
    "penerima": Rule("bantuan_lihat", "bantuan_ubah", {"bantuan_ubah": "edit confirm_delete"}),
    "impor": Rule("impor", "impor", proof="export undo"),
    "tindakan": Rule("kantor", "tindakan_jawab"),
    "sinkron": Rule("kantor", "kantor", {"kelola": "register rotate"}, proof="register rotate"),
    "usb": Rule("kantor", "kantor", {"kelola": "register"}, proof="register"),
    "pengguna": Rule("kelola", "kelola", proof="*"),
    "catatan": Rule("catatan_akses", "catatan_akses", proof="export"),
    "dilihat": Rule("catatan_akses", "catatan_akses", proof="export"),
    "logo": Rule("kelola", "kelola", {"umum": "image"}),
    "latihan": Rule("kantor", "kantor"),
    # The daily work asks for no proof: who approves a letter stands for the office, who closes a month signs it, and a
    # month is closed again until the kecamatan locks it. What is rare and not taken back asks: a letter that is
    # cancelled, an import that is undone, a dusun whose people all move.
    "lampid": Rule("kantor", "lampid_catat", {"kantor": "search", "lampid_catat": "edit"}),
    "catat": Rule("lampid_catat", "lampid_catat"),
    "kedatangan": Rule("lampid_catat", "lampid_catat"),
    "laporan": Rule("kantor", "bulan_tutup", {"bulan_tutup": "closing", "kantor": "make_book"}),
    "buku": Rule("kantor", "nomor_buka", proof="make_book"),
    "surat": Rule(
        "surat_lihat", "surat_konsep",
        {"surat_lihat": "search", "surat_konsep": "choose_kind choose_person compose",
         "surat_templat": "settings save_settings choose_setting"},
    ),
    "konsep": Rule(
        "surat_lihat", "surat_konsep",
        {"surat_konsep": "edit", "surat_setuju": "approve", "surat_terbit": "return_draft sign choose"},
    ),
    "surat_terbit": Rule(
        "surat_lihat", "surat_konsep", {"surat_setuju": "cancel_letter", "surat_terbit": "choose"},
        proof="cancel_letter",
    ),
    "surat_keluar": Rule("surat_terbit", "surat_terbit"),
    "surat_masuk": Rule("surat_lihat", "surat_konsep", {"surat_lihat": "search", "surat_konsep": "add edit"}),
    "agenda": Rule("surat_lihat", "surat_lihat", proof="make_book"),
    "templat": Rule("surat_templat", "surat_templat"),
    "perangkat": Rule(
        "kantor", "perangkat_ubah", {"perangkat_ubah": "pick add edit end", "kantor": "make_book"}, proof="make_book",
    ),
    "periksa_surat": Rule("umum", "umum"),
})
