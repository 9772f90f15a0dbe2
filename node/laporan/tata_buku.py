"""The layouts of the population books B.1, B.2, B.4 and B.5 as Permendagri 47/2016 prints them (domain.md 6.B)."""

from __future__ import annotations

from shared.tata import Lajur, Sel, Tata


def _two(title: str, *below: str) -> tuple[Sel, tuple[Sel, ...]]:
    return Sel(title, len(below)), tuple(Sel(name) for name in below)


def _tall(*titles: str) -> tuple[Sel, ...]:
    return tuple(Sel(title, tinggi=2) for title in titles)


_C, _R = "tengah", "kanan"
_LAHIR, _LAHIR_SUB = _two("Tempat dan tanggal lahir", "Tempat lahir", "Tgl")

B1 = Tata(
    "B.1", "Induk Penduduk",
    (
        (*_tall("Nomor urut", "Nama lengkap / panggilan", "Jenis kelamin", "Status perkawinan"), _LAHIR,
         *_tall("Agama", "Pendidikan terakhir", "Pekerjaan", "Dapat membaca huruf", "Kewarganegaraan",
                "Alamat lengkap", "Kedudukan dalam keluarga", "NIK", "Nomor KK", "Ket")),
        _LAHIR_SUB,
    ),
    (Lajur(0.8, _C), Lajur(2.4), Lajur(0.9, _C), Lajur(1.2), Lajur(1.5), Lajur(1.15), Lajur(0.9), Lajur(1.5),
     Lajur(1.5), Lajur(1.1), Lajur(1.7), Lajur(2.2), Lajur(1.3), Lajur(1.95), Lajur(1.95), Lajur(0.8)),
    besar=7,
)
_TAMBAH, _TAMBAH_SUB = _two("Penambahan", "Datang dari", "Tgl")
_KURANG, _KURANG_SUB = _two("Pengurangan", "Pindah ke", "Tgl", "Meninggal di", "Tgl")
B2 = Tata(
    "B.2", "Mutasi Penduduk Desa",
    (
        (*_tall("Nomor urut", "Nama lengkap / panggilan"), _LAHIR, *_tall("Jenis kelamin", "Kewarganegaraan"),
         _TAMBAH, _KURANG, *_tall("Ket")),
        (*_LAHIR_SUB, *_TAMBAH_SUB, *_KURANG_SUB),
    ),
    (Lajur(0.8, _C), Lajur(2.4), Lajur(1.4), Lajur(1.2), Lajur(0.9, _C), Lajur(1.5), Lajur(2), Lajur(1.2), Lajur(2),
     Lajur(1.2), Lajur(2), Lajur(1.2), Lajur(1.6)),
)
_JK, _JK_SUB = _two("Jenis kelamin", "L", "P")
_BANGSA, _BANGSA_SUB = _two("Kewarganegaraan", "Kebangsaan", "Keturunan")
B4 = Tata(
    "B.4", "Penduduk Sementara",
    (
        (*_tall("Nomor urut", "Nama lengkap"), _JK,
         *_tall("Nomor identitas / tanda pengenal", "Tempat dan tanggal lahir / umur", "Pekerjaan"), _BANGSA,
         *_tall("Datang dari", "Maksud dan tujuan kedatangan", "Nama dan alamat yang didatangi", "Datang tanggal",
                "Pergi tanggal", "Ket")),
        (*_JK_SUB, *_BANGSA_SUB),
    ),
    (Lajur(0.8, _C), Lajur(2.2), Lajur(0.4, _C), Lajur(0.4, _C), Lajur(1.9), Lajur(1.9), Lajur(1.4), Lajur(1.2),
     Lajur(1), Lajur(1.8), Lajur(1.8), Lajur(2), Lajur(1.15), Lajur(1.15), Lajur(1)),
    besar=7.5,
)
B5 = Tata(
    "B.5", "Kartu Tanda Penduduk dan Kartu Keluarga",
    (
        tuple(Sel(title) for title in (
            "Nomor urut", "Nomor KK", "Nama lengkap", "NIK", "Jenis kelamin", "Tempat / tanggal lahir",
            "Gol. darah", "Agama", "Pendidikan", "Pekerjaan", "Alamat", "Status perkawinan",
            "Tempat dan tanggal dikeluarkan", "Status hubungan keluarga", "Kewarganegaraan", "Ayah", "Ibu",
            "Tanggal mulai tinggal di desa", "Ket",
        )),
    ),
    (Lajur(0.8, _C), Lajur(2), Lajur(2), Lajur(2), Lajur(0.95, _C), Lajur(1.5), Lajur(0.8, _C), Lajur(0.95),
     Lajur(1.3), Lajur(1.3), Lajur(1.8), Lajur(1.2), Lajur(1.2), Lajur(1.25), Lajur(1.65), Lajur(1.4), Lajur(1.4),
     Lajur(1.2), Lajur(0.6)),
    besar=6.5,
)
