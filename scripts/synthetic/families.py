"""Knows who lives together on one family card: couples, widows, children, in-laws, grandparents.

Ages of parents and children fit each other, names and NIK of parents are those of the persons on the card.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from synthetic import biodata, lifelines, names
from synthetic.biodata import Weighted
from synthetic.codes import Hubungan, JenisKelamin, StatusKawin
from synthetic.model import Person, count_years
from synthetic.numbers import Numbers

_MAN, _WOMAN = JenisKelamin.LAKI_LAKI, JenisKelamin.PEREMPUAN
_AGE_MAX = 97

# First age of a band of five years (the last is longer) → share of heads.
_HEAD_AGES = Weighted({
    21: 2.6, 25: 8, 30: 12, 35: 13, 40: 13.5, 45: 12.5, 50: 11, 55: 9, 60: 7.2, 65: 5, 70: 3, 75: 1.7,
    80: 1.2, 85: 0.5,
})
_COUPLE, _WIDOW, _WIDOWER, _DIVORCED_WOMAN, _DIVORCED_MAN, _SINGLE = range(6)
# Last age of the head → kinds of family.
_KINDS = (
    (29, Weighted({_COUPLE: 82, _SINGLE: 12, _DIVORCED_WOMAN: 4, _DIVORCED_MAN: 2})),
    (59, Weighted({
        _COUPLE: 87, _WIDOW: 4.5, _WIDOWER: 1.7, _DIVORCED_WOMAN: 3.6, _DIVORCED_MAN: 1.2, _SINGLE: 2,
    })),
    (200, Weighted({_COUPLE: 62, _WIDOW: 26, _WIDOWER: 8, _DIVORCED_WOMAN: 2, _SINGLE: 2})),
)
_AGAMA = Weighted({1: 972, 2: 14, 3: 8, 4: 1, 5: 1.5, 6: 0.5, 7: 3})


@dataclass(frozen=True, slots=True)
class Parents:
    """What a person's row says of father and mother; a NIK only when they are on the same card."""

    nama_ayah: str
    nama_ibu: str
    ayah_nik: str = ""
    ibu_nik: str = ""


@dataclass(frozen=True, slots=True)
class Household:
    """The people of one card, head first, and the day before which the card cannot have been made."""

    anggota: tuple[Person, ...]
    since: date


class FamilyMaker:
    """Makes one household after another for one desa from a source of chance."""

    def __init__(self, rng: random.Random, numbers: Numbers, acuan: date) -> None:
        self._rng = rng
        self._numbers = numbers
        self._acuan = acuan
        self._agama = 1
        self._suku = "JAWA"
        self._members: list[Person] = []

    def make_household(self) -> Household:
        """Make the people of one family card."""
        self._agama = _AGAMA.draw(self._rng)
        self._suku = biodata.draw_suku(self._rng)
        self._members = []
        umur = _HEAD_AGES.draw(self._rng)
        umur += self._rng.randrange(5 if umur < 85 else 10)
        kind = next(kinds for last_age, kinds in _KINDS if umur <= last_age).draw(self._rng)
        born = lifelines.draw_birth(self._rng, umur, self._acuan)
        if kind == _COUPLE:
            since = self._make_couple_family(born)
        elif kind == _SINGLE:
            since = self._make_single(born)
        else:
            since = self._make_lone_parent(born, kind)
        self._add_others(born)
        self._members.sort(key=lambda person: (person.hubungan, person.tanggal_lahir))
        return Household(tuple(self._members), since)

    def _make_couple_family(self, born: date) -> date:
        rng = self._rng
        wife_born = lifelines.draw_wife_birth(rng, born, self._acuan)
        wedding = lifelines.draw_wedding(rng, born, wife_born, self._acuan)
        akta = self._numbers.next_akta_perkawinan(wedding)
        is_extended = 26 <= self._age(born) <= 60
        parents = self._make_elders(born, Hubungan.ORANGTUA, 0.075 if is_extended else 0.0)
        in_laws = self._make_elders(wife_born, Hubungan.MERTUA, 0.035 if is_extended else 0.0)
        head = self._add(born, _MAN, Hubungan.KEPALA, StatusKawin.KAWIN, parents, wedding=wedding, akta=akta)
        wife = self._add(wife_born, _WOMAN, Hubungan.ISTRI, StatusKawin.KAWIN, in_laws,
                         wedding=wedding, akta=akta)
        own = Parents(head.nama, wife.nama, head.nik, wife.nik)
        self._add_children(lifelines.draw_births(rng, wife_born, wedding, self._acuan), own)
        if self._age(born) >= 50 and rng.random() < 0.07:
            self._add_lone_cucu(wife_born)
        return wedding

    def _make_lone_parent(self, born: date, kind: int) -> date:
        rng = self._rng
        sex = _WOMAN if kind in (_WIDOW, _DIVORCED_WOMAN) else _MAN
        is_widowed = kind in (_WIDOW, _WIDOWER)
        if self._age(born) < 23:
            born = lifelines.draw_birth(rng, rng.randint(23, 27), self._acuan)
        spouse_born = lifelines.shift_years(born, -3 if sex is _WOMAN else 2)
        wife_born, husband_born = (born, spouse_born) if sex is _WOMAN else (spouse_born, born)
        wedding = lifelines.draw_wedding(rng, husband_born, wife_born, self._acuan - timedelta(days=400))
        ended = wedding + (self._acuan - wedding) * rng.uniform(0.3, 0.99)
        spouse = self._make_name(_MAN if sex is _WOMAN else _WOMAN, spouse_born)
        status = StatusKawin.CERAI_MATI if is_widowed else StatusKawin.CERAI_HIDUP
        head = self._add(born, sex, Hubungan.KEPALA, status, self._invent_parents(born),
                         wedding=wedding, akta=self._numbers.next_akta_perkawinan(wedding),
                         divorced=None if is_widowed else ended)
        own = Parents(head.nama, spouse, ayah_nik=head.nik)
        if sex is _WOMAN:
            own = Parents(spouse, head.nama, ibu_nik=head.nik)
        births = [day for day in lifelines.draw_births(rng, wife_born, wedding, self._acuan) if day <= ended]
        self._add_children(births, own)
        if self._age(born) >= 55 and rng.random() < 0.1:
            self._add_lone_cucu(wife_born)
        return wedding

    def _make_single(self, born: date) -> date:
        rng = self._rng
        sex = _MAN if rng.random() < 0.6 else _WOMAN
        head = self._add(born, sex, Hubungan.KEPALA, StatusKawin.BELUM, self._invent_parents(born))
        if rng.random() < 0.25:
            sibling_born = born + timedelta(days=rng.randint(500, 4000))
            if self._age(sibling_born) >= 6:
                shared = Parents(head.nama_ayah, head.nama_ibu)
                self._add(sibling_born, self._draw_sex(), Hubungan.FAMILI_LAIN, StatusKawin.BELUM, shared)
        return lifelines.shift_years(born, 18)

    def _make_elders(self, child_born: date, hubungan: Hubungan, share: float) -> Parents:
        """Return the parents of somebody, now and then added to the household."""
        parents = self._invent_parents(child_born)
        if self._rng.random() >= share:
            return parents
        kind = self._rng.choices(("ibu", "ayah", "both"), (62, 18, 20))[0]
        mother_born = lifelines.draw_parent_birth(self._rng, child_born, is_mother=True)
        father_born = min(lifelines.draw_parent_birth(self._rng, child_born, is_mother=False), mother_born)
        if self._age(father_born if kind != "ibu" else mother_born) > _AGE_MAX:
            return parents
        wedding = lifelines.shift_years(child_born, -1)
        akta = self._numbers.next_akta_perkawinan(wedding) if wedding.year > 1975 else ""
        status = StatusKawin.KAWIN if kind == "both" else StatusKawin.CERAI_MATI
        nama_ayah, nama_ibu, ayah_nik, ibu_nik = parents.nama_ayah, parents.nama_ibu, "", ""
        if kind != "ibu":
            father = self._add(father_born, _MAN, hubungan, status, self._invent_parents(father_born),
                               wedding=wedding, akta=akta)
            nama_ayah, ayah_nik = father.nama, father.nik
        if kind != "ayah":
            mother = self._add(mother_born, _WOMAN, hubungan, status, self._invent_parents(mother_born),
                               wedding=wedding, akta=akta)
            nama_ibu, ibu_nik = mother.nama, mother.nik
        return Parents(nama_ayah, nama_ibu, ayah_nik, ibu_nik)

    def _add_children(self, births: list[date], parents: Parents) -> None:
        """Add the children who still live at home; at most one of them brought a spouse."""
        rng = self._rng
        has_married = False
        for born in births:
            umur = self._age(born)
            sex = self._draw_sex()
            if not lifelines.is_at_home(rng, umur, sex is _WOMAN):
                continue
            if not has_married and umur >= 22 and rng.random() < 0.25:
                has_married = True
                self._add_young_couple(born, sex, parents)
            elif umur >= 24 and rng.random() < 0.05:
                wedding = lifelines.shift_years(born, 21)
                self._add(born, sex, Hubungan.ANAK, StatusKawin.CERAI_HIDUP, parents, wedding=wedding,
                          akta=self._numbers.next_akta_perkawinan(wedding),
                          divorced=wedding + (self._acuan - wedding) * rng.uniform(0.4, 0.98))
            else:
                self._add(born, sex, Hubungan.ANAK, StatusKawin.BELUM, parents)

    def _add_young_couple(self, born: date, sex: JenisKelamin, parents: Parents) -> None:
        rng = self._rng
        if sex is _MAN:
            husband_born, wife_born = born, lifelines.draw_wife_birth(rng, born, self._acuan)
        else:
            husband_born, wife_born = lifelines.shift_years(born, -rng.uniform(0, 6)), born
        wedding = lifelines.draw_wedding(rng, husband_born, wife_born, self._acuan)
        akta = self._numbers.next_akta_perkawinan(wedding)
        spouse_born = wife_born if sex is _MAN else husband_born
        child = self._add(born, sex, Hubungan.ANAK, StatusKawin.KAWIN, parents, wedding=wedding, akta=akta)
        spouse = self._add(spouse_born, _WOMAN if sex is _MAN else _MAN, Hubungan.MENANTU, StatusKawin.KAWIN,
                           self._invent_parents(spouse_born), wedding=wedding, akta=akta)
        father, mother = (child, spouse) if sex is _MAN else (spouse, child)
        own = Parents(father.nama, mother.nama, father.nik, mother.nik)
        for day in lifelines.draw_births(rng, wife_born, wedding, self._acuan):
            if self._age(day) < 18:
                self._add(day, self._draw_sex(), Hubungan.CUCU, StatusKawin.BELUM, own)

    def _add_lone_cucu(self, grandmother_born: date) -> None:
        """Add a grandchild whose parents work in a town."""
        born = lifelines.shift_years(grandmother_born, self._rng.uniform(40, 58))
        if 1 <= self._age(born) < 18:
            self._add(born, self._draw_sex(), Hubungan.CUCU, StatusKawin.BELUM, self._invent_parents(born))

    def _add_others(self, head_born: date) -> None:
        """Add a relative or a lodger to a few families."""
        if self._rng.random() > 0.035:
            return
        places = (Hubungan.FAMILI_LAIN, Hubungan.LAINNYA, Hubungan.PEMBANTU)
        hubungan = self._rng.choices(places, (92, 5, 3))[0]
        umur = self._rng.randint(6, 34) if hubungan is Hubungan.FAMILI_LAIN else self._rng.randint(18, 50)
        born = lifelines.draw_birth(self._rng, umur, self._acuan)
        self._add(born, self._draw_sex(), hubungan, StatusKawin.BELUM, self._invent_parents(born))

    def _add(self, born: date, sex: JenisKelamin, hubungan: Hubungan, status: StatusKawin,
             parents: Parents, *, wedding: date | None = None, akta: str = "",
             divorced: date | None = None) -> Person:
        """Make one person and put it on the card."""
        rng, umur, is_single = self._rng, self._age(born), status is StatusKawin.BELUM
        sekolah = biodata.draw_schooling(rng, umur, born.year, is_single)
        pekerjaan = biodata.draw_work(rng, umur, sex, sekolah, is_single)
        nama = names.add_title(rng, self._make_name(sex, born), sex, umur, self._agama == 1,
                               sekolah[0] >= 8, pekerjaan == 65)
        cara_kb, hamil = biodata.draw_kb_hamil(rng, umur, sex, status)
        ktp_el, status_rekam = biodata.draw_ktp(rng, umur)
        paspor, paspor_end = biodata.draw_paspor(rng, umur, self._acuan)
        asuransi, no_asuransi = biodata.draw_asuransi(rng)
        nik = self._numbers.next_nik(born, sex)
        is_foreign = hubungan is Hubungan.MENANTU and rng.random() < 0.004
        if is_foreign:
            paspor, paspor_end = f"N{rng.randrange(10**8):08}", self._acuan + timedelta(days=900)
        person = Person(
            nik=nik, nama=nama, jenis_kelamin=sex, tempat_lahir=biodata.draw_tempat(rng), tanggal_lahir=born,
            agama=self._agama, pendidikan_kk=sekolah[0], pendidikan_sedang=sekolah[1], pekerjaan=pekerjaan,
            status_kawin=status, hubungan=hubungan, nama_ayah=parents.nama_ayah, nama_ibu=parents.nama_ibu,
            ayah_nik=parents.ayah_nik, ibu_nik=parents.ibu_nik, warganegara=2 if is_foreign else 1,
            golongan_darah=biodata.draw_golongan_darah(rng), akta_lahir=self._make_akta_lahir(born),
            paspor=paspor, tanggal_akhir_paspor=paspor_end,
            kitas=f"2C{nik[-10:]}" if is_foreign else "",
            akta_perkawinan=akta, tanggal_perkawinan=wedding if akta else None,
            akta_perceraian=self._numbers.next_akta_perceraian(divorced) if divorced else "",
            tanggal_perceraian=divorced, cacat=biodata.draw_cacat(rng, umur), cara_kb=cara_kb, hamil=hamil,
            ktp_el=ktp_el, status_rekam=status_rekam,
            alamat_sekarang=biodata.draw_alamat_sekarang(rng, umur), suku=self._suku,
            # The last ten digits of a NIK name a birth and a serial, so the chip number is unique like it.
            tag_id_card=f"0499{nik[-10:]}" if ktp_el == 2 and rng.random() < 0.05 else "",
            asuransi=asuransi, no_asuransi=no_asuransi, telepon=biodata.draw_telepon(rng, umur),
        )
        self._members.append(person)
        return person

    def _make_akta_lahir(self, born: date) -> str:
        rng, umur = self._rng, self._age(born)
        if rng.random() > (0.96 if umur < 18 else 0.6 if umur < 35 else 0.15):
            return ""
        is_late = umur >= 10 and rng.random() < 0.6
        recorded = born + (self._acuan - born) * rng.random() if is_late else born + timedelta(
            days=min(rng.randint(2, 60), (self._acuan - born).days))
        return self._numbers.next_akta_lahir(recorded, is_late)

    def _invent_parents(self, born: date) -> Parents:
        return Parents(names.make_name(self._rng, _MAN, born.year - 28),
                       names.make_name(self._rng, _WOMAN, born.year - 25))

    def _make_name(self, sex: JenisKelamin, born: date) -> str:
        """Make a name that nobody else on the card has."""
        taken = {person.nama for person in self._members}
        while True:
            nama = names.make_name(self._rng, sex, born.year)
            if nama not in taken:
                return nama

    def _draw_sex(self) -> JenisKelamin:
        return _MAN if self._rng.random() < 0.511 else _WOMAN

    def _age(self, born: date) -> int:
        return count_years(born, self._acuan)
