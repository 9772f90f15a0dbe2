"""Backups of this hub, for its admin: `/cadangan`."""

from __future__ import annotations

from hub.pemulihan.cadangan import hub_kind, read_recovery_for
from shared.store.backup.archive import Contents
from shared.web.backup_files import Papers
from shared.web.cadangan import make_cadangan
from shared.web.kembalikan import SideWords


def _check(papers: Papers, contents: Contents) -> None:
    read_recovery_for(papers.kunci_pemulihan, contents)


_WORDS = SideWords(
    "sipande-hub pulihkan BERKAS",
    lambda: [
        "Yang sudah sampai di komputer desa kembali sendiri saat desa menyambung; sampai semuanya menyambung, hub dalam"
        " pemulihan.",
        "Yang ditulis di hub sesudah cadangan itu dibuat dan belum diambil desa tidak kembali sendiri.",
    ],
    check=_check,
)
blueprint = make_cadangan(
    "Pasang Sipande kecamatan di komputer lain dan buka di peramban. Pilih Pulihkan dari cadangan: berkas cadangan,"
    " kode dari kertas, dan kunci pemulihan dari amplop tersegel. Tanpa cadangan: Ganti hub yang hilang; komputer desa"
    " mengembalikan datanya.",
    hub_kind, _WORDS,
)
