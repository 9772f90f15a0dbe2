"""Every sentence that the import says to the operator, by code: what is wrong, where, what to do next.

Sentences about a file and about other rows never carry a cell's content; the problem table shows the cell.
"""

from __future__ import annotations

from collections.abc import Mapping

_SIMPAN = (
    "Buka berkas itu di Excel atau LibreOffice, pilih Simpan Sebagai, jenis Excel (.xlsx), lalu unggah "
    "hasilnya."
)
_UNGGAH = "Unggah berkas Excel (.xlsx, .xls), LibreOffice (.ods), atau CSV."

FILE_ERRORS: Mapping[str, str] = {
    "tidak_terbuka": (
        "Berkas tidak bisa dibuka. Pastikan berkas masih ada dan tidak sedang dibuka program lain, lalu "
        "coba lagi."
    ),
    "berkas_kosong": "Berkas kosong. Pilih berkas yang berisi data penduduk.",
    "berkas_rusak": (
        "Berkas rusak atau terpotong, sehingga tidak bisa dibaca sampai habis. Salin atau unduh ulang dari "
        "sumbernya, atau buka di Excel lalu simpan ulang sebagai .xlsx."
    ),
    "berkas_besar": (
        "Berkas lebih besar dari 25 MB. Hapus gambar dan lembar yang tidak perlu, atau bagi menjadi "
        "beberapa berkas."
    ),
    "terkunci": (
        "Berkas ini dikunci dengan kata sandi. Buka di Excel, hapus kata sandinya (Berkas, Info, Lindungi "
        "Buku Kerja), simpan, lalu unggah lagi."
    ),
    "bom_zip": (
        "Isi berkas ini jauh lebih besar daripada ukurannya, sehingga tidak aman dibuka. Salin tabelnya ke "
        "buku kerja baru di Excel, simpan sebagai .xlsx, lalu unggah berkas baru itu."
    ),
    "banyak_baris": (
        "Berkas ini berisi lebih dari 200.000 baris. Bagi menjadi beberapa berkas, misalnya satu berkas per "
        "dusun."
    ),
    "banyak_kolom": (
        "Lembar ini berisi lebih dari 300 kolom. Hapus kolom yang tidak dipakai; mungkin ada isian nyasar "
        "jauh di sebelah kanan tabel."
    ),
    "tabel_besar": (
        "Tabel di berkas ini terlalu besar untuk dibaca. Hapus isian nyasar di luar tabel, atau bagi "
        "menjadi beberapa berkas."
    ),
    "bukan_tabel": "Ini {apa}, bukan tabel. " + _UNGGAH,
    "bukan_dikenal": "Isi berkas ini bukan tabel yang dikenal. " + _UNGGAH,
    "arsip": "Ini arsip ZIP. Ekstrak dahulu, lalu unggah berkas Excel yang ada di dalamnya.",
    "xlsb": "Jenis Excel biner (.xlsb) tidak didukung. " + _SIMPAN,
    "html": "Berkas ini halaman web yang diberi nama Excel. " + _SIMPAN,
    "xml": "Berkas ini berbentuk XML, bukan tabel biasa. " + _SIMPAN,
    "csv_kutip": (
        "Tanda kutip di sekitar baris {baris} tidak berpasangan, sehingga baris-baris sesudahnya tidak bisa "
        "dipisah. Hapus tanda kutip itu, atau simpan tabelnya sebagai Excel (.xlsx), lalu unggah lagi."
    ),
    "tanpa_judul": (
        "Baris judul kolom tidak ditemukan di 50 baris pertama. Baris judul harus memuat nama kolom seperti "
        "nama, nik, no_kk, sex, dan tanggallahir. Unduh contoh format impor, salin datanya ke sana, lalu "
        "unggah lagi."
    ),
    "kolom_wajib": (
        "Kolom {kolom} tidak ada di baris judul (baris {baris}). Tambahkan kolom itu dengan nama dalam "
        "kurung, lalu unggah lagi."
    ),
    "kolom_ganda": (
        "Kolom {kolom} ada dua kali, di kolom {satu} dan {dua}. Hapus salah satunya, lalu unggah lagi."
    ),
    "bentuk_lain": (
        "Berkas ini tampaknya cetakan Buku Induk Penduduk dari Dukcapil, bukan format impor penduduk. Pilih "
        "jenis berkas yang sesuai, atau pindahkan isinya ke format impor penduduk."
    ),
}

NOTICES: Mapping[str, str] = {
    "kolom_asing": (
        "Lembar '{lembar}': kolom {kolom} tidak dikenal dan tidak ikut diimpor. Kolom lain tetap dibaca."
    ),
    "kolom_tidak_ada": "Lembar '{lembar}': kolom {kolom} tidak ada; isinya dianggap kosong.",
    "kolom_tanpa_judul": (
        "Lembar '{lembar}': kolom {kolom} berisi data tetapi tidak punya judul, jadi tidak ikut diimpor."
    ),
    "lembar_tanpa_judul": (
        "Lembar '{lembar}' tidak dibaca karena tidak punya baris judul kolom seperti nama, nik, dan no_kk."
    ),
    "lembar_kurang_kolom": "Lembar '{lembar}' tidak dibaca karena kolom {kolom} tidak ada.",
    "berkas_perbaikan": (
        "Berkas ini hasil “Unduh baris yang perlu diperbaiki”, jadi dianggap hanya sebagian penduduk."
    ),
    "lembar_tersembunyi": (
        "Lembar '{lembar}' tersembunyi di Excel, tetapi ikut dibaca. Hapus lembar itu bila tidak dipakai "
        "lagi."
    ),
}

_DIGITS = "Ubah sel menjadi Teks, lalu ketik ulang 16 angkanya."
_HURUF = (
    "{label} berisi huruf atau tanda lain di antara angkanya. Tulis 16 angkanya saja; jangan sampai huruf O "
    "dipakai sebagai angka 0."
)
_ILMIAH = "{label} tersimpan sebagai angka dengan E+, sehingga angkanya terpotong. " + _DIGITS
_SEMENTARA = "{label} ini nomor sementara buatan aplikasi lain (diawali 0), jadi dianggap belum punya."

PROBLEMS: Mapping[str, str] = {
    # One cell.
    "rumus_galat": "{label} berisi galat rumus Excel. Ganti dengan isi yang sebenarnya.",
    "terlalu_panjang": "{label} lebih dari {maks} huruf. Persingkat; mungkin dua isian menyatu.",
    "sel_tanggal": (
        "{label} tersimpan sebagai tanggal di Excel; isinya mungkin diubah Excel. Bandingkan dengan dokumen "
        "aslinya."
    ),
    "nama_kosong": "Nama belum diisi. Isi nama sesuai KK.",
    "nama_tanpa_huruf": "{label} tidak berisi huruf. Tulis nama sesuai KK.",
    "nama_karakter": (
        "{label} berisi tanda yang tidak boleh ada dalam nama: {tanda} . Tulis nama dengan huruf, titik, "
        "koma, petik, atau strip saja."
    ),
    "rt_rw_tidak_terbaca": "{label} tidak bisa dibaca. Tulis nomornya saja, misalnya 003.",
    "nik_bukan_angka": "{label} bukan angka. Tulis 16 angkanya sebagai teks.",
    "nik_panjang": "{label} harus 16 angka, di sini {panjang} angka. Perbaiki sesuai KTP atau KK.",
    "nik_huruf": _HURUF,
    "nik_ilmiah": _ILMIAH,
    "nik_sementara": _SEMENTARA,
    "kk_bukan_angka": "{label} bukan angka. Tulis 16 angkanya sebagai teks.",
    "kk_panjang": "{label} harus 16 angka, di sini {panjang} angka. Perbaiki sesuai lembar KK.",
    "kk_huruf": _HURUF,
    "kk_ilmiah": _ILMIAH,
    "kk_sementara": _SEMENTARA + " Orang ini masuk tanpa keluarga.",
    "nik_digit_hilang": (
        "{label} tersimpan sebagai angka, padahal Excel hanya menyimpan 15 angka; angka terakhir mungkin "
        "hilang. "
        + _DIGITS
    ),
    "kode_tak_dikenal": (
        "{label} tidak ada di daftar. Tulis kode atau nama persis seperti di lembar Kode Data."
    ),
    "tag_kartu_salah": "{label} harus 10 sampai 17 huruf atau angka. Baca ulang kartunya.",
    "koordinat_salah": "{label} bukan derajat desimal. Tulis seperti -7.123456.",
    "tanggal_tidak_terbaca": (
        "{label} tidak bisa dibaca sebagai tanggal. Tulis tanggal-bulan-tahun, misalnya 10-03-1996."
    ),
    "tanggal_mustahil": (
        "{label} tidak ada di kalender. Periksa urutan tanggal-bulan-tahun dan jumlah hari bulan itu."
    ),
    "tahun_dua_angka": (
        "{label} ditulis dengan tahun dua angka, sehingga abadnya tidak jelas. Tulis tahun dengan empat "
        "angka."
    ),
    "tanggal_terlalu_lama": "{label} lebih lama dari tahun 1850. Periksa tahunnya.",
    "tanggal_masa_depan": "{label} setelah hari ini. Periksa tahunnya.",
    "tanggal_1970": (
        "{label} 1 Januari 1970 sering muncul karena aplikasi lain gagal membaca tanggal. Bandingkan dengan "
        "KK."
    ),
    # One row.
    "kosong": "{label} belum diisi. Lengkapi bila datanya ada.",
    "hamil_laki_laki": "Hamil diisi untuk laki-laki. Periksa jenis kelaminnya.",
    "kolom_bergeser": (
        "Baris ini punya lebih banyak isian daripada judul kolom; mungkin ada tanda pemisah di dalam "
        "alamat. Beri tanda kutip pada isian itu, atau simpan tabelnya sebagai .xlsx."
    ),
    # The whole file.
    "nik_ganda": (
        "NIK ini juga ada di {baris}. Sisakan satu baris yang benar, atau perbaiki NIK yang salah."
    ),
    "orang_ganda": (
        "Nama, tanggal lahir, dan nama ibu sama dengan {baris}, tanpa NIK yang membedakan. Hapus baris yang "
        "kembar atau isi NIK-nya."
    ),
    "orang_mungkin_ganda": (
        "Nama dan tanggal lahir sama dengan {baris}, dan nama ibu tidak diisi. Pastikan bukan orang yang "
        "sama."
    ),
    "kepala_ganda": (
        "Keluarga ini punya lebih dari satu kepala keluarga: juga {baris}. Sisakan satu kepala, atau "
        "perbaiki nomor KK yang salah."
    ),
    "tanpa_kepala": (
        "Keluarga ini tidak punya kepala keluarga di berkas. Periksa kolom hubungan (kk_level) anggotanya."
    ),
    "dusun_keluarga_beda": "Anggota satu KK ini berbeda dusun dengan {baris}. Pastikan memang begitu.",
    "dusun_mirip": (
        "Dusun '{dusun}' ({jumlah} baris) mirip dengan '{lain}' ({jumlah_lain} baris); mungkin salah ketik. "
        "Samakan tulisannya bila dusunnya sama."
    ),
    "dusun_terlalu_banyak": (
        "Ada {jumlah} dusun berbeda di berkas ini. Mungkin kolom dusun berisi alamat; periksa dahulu."
    ),
}

_BLANKED = " Kolom ini dikosongkan; baris tetap diimpor."


def write_problem(kode: str, **values: object) -> str:
    """Write the sentence of a problem."""
    return PROBLEMS[kode].format(**values)


def write_blanked(text: str) -> str:
    """Add to a sentence what happens: the column is emptied and the row still goes in."""
    return text + _BLANKED
