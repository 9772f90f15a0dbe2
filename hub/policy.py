"""The policy of a kecamatan: who may do what. Routes without a rule here keep the program from starting."""

from __future__ import annotations

from shared.web.policy import Policy, Rule, read_rights

RIGHTS = read_rights("""
                   admin  camat  sekcam  wali_data  pengamat
angka                x      x      x         x         x
nama                 x      x      x         x         .
putus                x      x      x         x         .
meja                 x      .      .         x         .
lampid_periksa       x      x      x         x         .
lampid_verval        x      .      .         x         .
lampid_kunci         x      x      x         .         .
usb                  x      x      x         x         .
hapus_isi            x      x      x         x         .
simpul               x      .      .         x         .
kelola               x      .      .         .         .
""")
"""``nama``: the names behind a number, and numbers of persons with a reason. A role that is added later has nothing."""

POLICY = Policy(RIGHTS, {
    "sync": Rule("tanda_tangan", "tanda_tangan"),
    "sync_blob": Rule("tanda_tangan", "tanda_tangan"),
    # The token of a reader is checked by the view itself, over the header and nothing else.
    "ekspor": Rule("umum", "umum"),
    # The same token, and the cosignatures prove themselves.
    "witness": Rule("tanda_tangan", "tanda_tangan"),
    "beranda": Rule("angka", "angka"),
    "sipande": Rule("angka", "meja", {"umum": "public", "nama": "penduduk keluarga penerima"}),
    # Who may decide beyond that is a matter of the case: hub.verval.decide.find_bar.
    "verval": Rule("nama", "putus", {"meja": "claim release escalate send_back cancel_link"}),
    "lampiran": Rule("nama", "nama"),
    # Two officers, whoever they are: hub.penghapusan.erase.confirm.
    "penghapusan": Rule("hapus_isi", "hapus_isi", proof="*"),
    "program": Rule("angka", "meja", {"meja": "new edit ending"}),
    "simpul": Rule("simpul", "simpul"),
    "pendaftaran": Rule("kelola", "kelola", proof="confirm"),
    "pemulihan": Rule("kelola", "kelola", proof="*"),
    "periksa": Rule("kelola", "kelola"),
    "saksi": Rule("kelola", "kelola", proof="*"),
    "cadangan": Rule("kelola", "kelola", proof="make_new_code carry ask_restore replace_data"),
    "pengguna": Rule("kelola", "kelola", proof="*"),
    "akses": Rule("kelola", "kelola", proof="export"),
    "usb": Rule("usb", "usb"),
    # Who may say that a month is right: lampid_verval, asked by the view. A lock cannot be taken off.
    "lampid": Rule("angka", "lampid_periksa", {"nama": "names moves", "lampid_kunci": "lock"}, proof="lock"),
    "periksa_surat": Rule("umum", "umum"),
})
