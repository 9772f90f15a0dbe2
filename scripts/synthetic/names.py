"""Knows how invented Javanese and Indonesian names are put together, by sex and year of birth.

There is no surname: a child shares no word with its parents. Older people mostly carry a single name made of
Javanese syllables, younger ones two or three words. The words are common ones; nobody is meant.
"""

from __future__ import annotations

import random

from synthetic.codes import JenisKelamin

_HEADS = "SU SA TU PA WA KA MI NGA RA JU MU RU SI LA DA SO".split()
_MIDDLES = "KI GI TA PA NA WA JI MA DI RI TI NI MI SI".split()
_TAILS = {
    JenisKelamin.LAKI_LAKI: "MAN MIN RAN NO TO YO DI JO WAN".split(),
    JenisKelamin.PEREMPUAN: "YEM NEM NAH TI NI MI SIH YAH KEM".split(),
}
_TAILS_AFTER_R = ("MAN", "MIN", "NO", "TO", "DI", "JO", "WAN", "NAH", "TI", "NI", "MI", "SIH")

_ELDER_SECOND = {
    JenisKelamin.LAKI_LAKI: "DIHARJO WIJAYA MULYONO SUWITO HADI PRAWIRO SANTOSO UTOMO SISWOYO ROHMAN".split(),
    JenisKelamin.PEREMPUAN: "RAHAYU LESTARI FATIMAH SUHARTI KHOTIMAH MUTMAINAH ASIH UTAMI ROHMAH".split(),
}

_ADULT_FIRST = {
    JenisKelamin.LAKI_LAKI: (
        "AGUS BUDI SLAMET TRI DWI EKO HERI BAMBANG JOKO YUDI TEGUH IMAM AHMAD MUHAMAD ABDUL NUR ARIS ANDI "
        "DEDI RUDI HENDRA IWAN WAHYU SIGIT TOTO PURWO EDI KHOIRUL AKHMAD FAJAR ARIF RIYAN DIDIK GUNAWAN "
        "SUGENG TARYONO WARSITO YULI SOLIKHIN MA'RUF SAIFUL UNTUNG WIDI ROHMAT MUSTOFA ZAENAL"
    ).split(),
    JenisKelamin.PEREMPUAN: (
        "SRI SITI DWI TRI NUR ENDANG RINI YULI WIWIT ENI RETNO WAHYU EKA INDAH TITIN LILIS DEWI RATNA YANTI "
        "UMI KHOMSATUN IKA ANI DIAN FITRI WATI TUTI SULIS ANIS NURUL LINA RINA DESI ISTI MUJI ROSIDAH "
        "PUJI NANI HESTI ARI KARTINI WINARSIH MARYATI NI'MAH SA'DIYAH"
    ).split(),
}
_ADULT_SECOND = {
    JenisKelamin.LAKI_LAKI: (
        "SETIAWAN PRASETYO WIBOWO NUGROHO SANTOSO RIYADI SUSANTO HIDAYAT KURNIAWAN PURNOMO SAPUTRA UTOMO "
        "WALUYO HARYANTO RAHMAN FAUZI MUSTAKIM SUPRIYADI WIJAYANTO CAHYONO PAMBUDI HARTONO MULYADI ROHMAN "
        "SUDARSONO SUPARDI YULIANTO ARIFIN ISKANDAR SISWANTO SUBEKTI FIRMANSYAH MAULANA PRAYITNO KUNCORO "
        "GUNAWAN SOLEH ANWAR MUNAWAR SUTRISNO TRIYONO WIDODO LEGOWO RAHARJO"
    ).split(),
    JenisKelamin.PEREMPUAN: (
        "WAHYUNI LESTARI RAHAYU UTAMI HANDAYANI NINGSIH SUSANTI ASTUTI SETYOWATI WULANDARI PUJIATI HIDAYAH "
        "ROHMAH AMINAH KHASANAH FATIMAH LISTIYANI PURWANTI SUPRIYATI MARYAM NURJANAH SULASTRI MULYANI "
        "KURNIASIH WIJAYANTI ANGGRAENI PRATIWI YULIANTI ISTIQOMAH MUTMAINAH SOLIKHAH KHOTIMAH SUGIARTI "
        "RATNASARI PANGESTUTI MARLINA AGUSTINA DARYANTI SEPTIANI KOMALASARI"
    ).split(),
}

_YOUNG_FIRST = {
    JenisKelamin.LAKI_LAKI: (
        "RIZKY BAGAS DIMAS FAJAR ARYA RAFI ALDI GALIH ILHAM REZA NAUFAL FARHAN YOGA ADITYA RAKA GILANG "
        "HAFIZ FADHIL DAFFA RAIHAN ZIDAN AZKA ABIYAN KENZO ARKA ALVIN KEVIN SATRIA BIMA ZAKI IQBAL FAHRI "
        "HABIB ATHALLAH RASYA AKBAR RADIT FAIZ IBNU HAIKAL NIZAM UBAID YUSUF DANISH RAMA VINO"
    ).split(),
    JenisKelamin.PEREMPUAN: (
        "NAILA AULIA ZAHRA KEYLA PUTRI NABILA SALSA AISYAH ANISA SYIFA ALYA NADIA TIARA INTAN BUNGA CITRA "
        "FEBI AMELIA DINDA AZZAHRA KIRANA KHANZA ADELIA SHAFA RANIA QUEENA ALIKA HANIFAH MELATI AYU LAILA "
        "SEKAR VANIA NAURA ASYIFA CANTIKA FELISA ZHAFIRA MAYRA ELVINA YASMIN RAISA"
    ).split(),
}
_YOUNG_SECOND = {
    JenisKelamin.LAKI_LAKI: (
        "PRATAMA MAULANA RAMADHAN SAPUTRA PUTRA NUGRAHA KURNIAWAN HIDAYAT ALFATIH AKBAR WIJAYA PRASETYA "
        "FIRMANSYAH ALFARIZI ARDIANSYAH PAMUNGKAS RAMADHANI FEBRIAN SETIAWAN MAHENDRA WIBISONO ABDILLAH "
        "RABBANI SYAHPUTRA PERMANA ALFIANSYAH DWI TRI KHOIRUL ZULFIKAR ADI SURYA BAYU HAMDANI GHIFARI"
    ).split(),
    JenisKelamin.PEREMPUAN: (
        "RAMADHANI SALSABILA AZZAHRA MAHARANI PUTRI AULIA KHAIRUNNISA PERMATASARI LESTARI SAFITRI OKTAVIANI "
        "NURAINI FEBRIANI RAHMAWATI KAMILA NADHIFA PRATIWI ANGGRAINI HUMAIRA AZKIYA WULANDARI SEPTIANI "
        "DWI NUR KHUMAIRA ZALFA APRILIA NOVITASARI CAHYANI MAULIDA FADHILAH QONITA RIZQIYANI JULIANA ARSYILA"
    ).split(),
}

# Upper year of birth → shares of one, two and three words.
_LENGTHS: tuple[tuple[int, tuple[int, int, int]], ...] = (
    (1964, (78, 21, 1)),
    (1984, (42, 52, 6)),
    (1999, (12, 70, 18)),
    (2012, (3, 50, 47)),
    (9999, (1, 31, 68)),
)

_DEGREES_GURU = ("S.PD", "S.PD.I", "S.PD.SD")
_DEGREES_OTHER = ("S.E", "S.SOS", "S.KOM", "S.H", "S.T")


def make_name(rng: random.Random, jenis_kelamin: JenisKelamin, tahun_lahir: int) -> str:
    """Make up a name in capitals, of one to three words, as people of that sex and year are called."""
    shares = next(shares for last_year, shares in _LENGTHS if tahun_lahir <= last_year)
    words = rng.choices((1, 2, 3), shares)[0]
    if tahun_lahir <= 1984 and words == 1:
        return _make_syllable_name(rng, jenis_kelamin)
    if tahun_lahir <= 1964:
        first = _make_syllable_name(rng, jenis_kelamin)
        if words == 3:
            first = f"{first} {_make_syllable_name(rng, jenis_kelamin)}"
        return f"{first} {rng.choice(_ELDER_SECOND[jenis_kelamin])}"
    firsts, seconds = _ADULT_FIRST[jenis_kelamin], _ADULT_SECOND[jenis_kelamin]
    if tahun_lahir > 1999:
        firsts, seconds = _YOUNG_FIRST[jenis_kelamin], _YOUNG_SECOND[jenis_kelamin]
    if words == 1:
        return rng.choice(firsts)
    chosen = [rng.choice(firsts)]
    while len(chosen) < words:
        word = rng.choice(seconds if len(chosen) == words - 1 else firsts + seconds)
        if word not in chosen:
            chosen.append(word)
    return " ".join(chosen)


def add_title(rng: random.Random, nama: str, jenis_kelamin: JenisKelamin, umur: int, is_haji: bool,
              is_sarjana: bool, is_guru: bool) -> str:
    """Give a few names the title of a pilgrim or a degree, as people write them on forms."""
    if is_haji and umur >= 48 and rng.random() < 0.03:
        nama = ("H. " if jenis_kelamin is JenisKelamin.LAKI_LAKI else "HJ. ") + nama
    if is_sarjana and rng.random() < 0.25:
        nama = f"{nama}, {rng.choice(_DEGREES_GURU if is_guru else _DEGREES_OTHER)}"
    return nama


def _make_syllable_name(rng: random.Random, jenis_kelamin: JenisKelamin) -> str:
    """Join syllables to a name like SUKIRMAN or WAGIYEM that can be said."""
    while True:
        head, middle = rng.choice(_HEADS), rng.choice(_MIDDLES)
        tail = rng.choice(_TAILS[jenis_kelamin])
        if middle[0] in (head[0], tail[0]):
            continue
        joint = "R" if tail in _TAILS_AFTER_R and rng.random() < 0.35 else ""
        return head + middle + joint + tail
