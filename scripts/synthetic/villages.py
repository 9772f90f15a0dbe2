"""Knows how households become a desa: dusun, rw, rt, addresses, family cards, village officials."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from synthetic.codes import StatusKawin
from synthetic.families import FamilyMaker, Household
from synthetic.model import ACUAN, Family, Village
from synthetic.numbers import Numbers, find_serial_block, parse_kode_desa

_DUSUN_FIRST = "KARANG KALI SIDA BANJAR KEDUNG GUNUNG WATU SUMBER TEGAL PEKUNDEN LEMAH RANDU".split()
_DUSUN_SECOND = "JATI WUNI SARI MULYA REJA GEDE LOR KIDUL ANYAR PUCUNG BENDA NANGKA DAWA SALAM TENGAH".split()
_STREETS = "MELATI MAWAR KENANGA PATIMURA MERDEKA SEDAPMALAM ANGGREK FLAMBOYAN PRAMUKA MASJID SAWAH".split()
_RT_FAMILIES = 38
_RT_PER_RW = 3
_PERANGKAT_DESA, _KEPALA_DESA = 85, 86
_PERANGKAT_COUNT_MAX = 9
_LAT, _LNG = -7.39, 109.40

KALIGONDANG = {
    "33.03.04.2001": "LAMONGAN", "33.03.04.2002": "TEJASARI", "33.03.04.2003": "CILAPAR",
    "33.03.04.2004": "PENOLIH", "33.03.04.2005": "SINDURAJA", "33.03.04.2006": "SELAKAMBANG",
    "33.03.04.2007": "SELANEGARA", "33.03.04.2008": "KALIGONDANG", "33.03.04.2009": "BRECEK",
    "33.03.04.2010": "SEMPOR LOR", "33.03.04.2011": "PENARUBAN", "33.03.04.2012": "KALIKAJAR",
    "33.03.04.2013": "KEMBARAN WETAN", "33.03.04.2014": "SLINGA", "33.03.04.2015": "ARENAN",
    "33.03.04.2016": "SIDANEGARA", "33.03.04.2017": "PAGERANDONG", "33.03.04.2018": "SIDAREJA",
}


def generate_village(kode_desa: str, penduduk: int, seed: int, acuan: date = ACUAN) -> Village:
    """Make a village of exactly that many people, all alive, without any fault.

    The same arguments always give the same village; another desa of the same seed shares nothing with it.
    Raise ValueError for a code without serials, no people, or more births on one day than serials.
    """
    kode = parse_kode_desa(kode_desa)
    if penduduk < 1:
        raise ValueError("a village needs at least one person")
    rng = random.Random(f"{seed}/{kode}")
    numbers = Numbers(kode)
    maker = FamilyMaker(rng, numbers, acuan)
    households = _make_households(maker, penduduk)
    dusun = _make_dusun_names(rng)
    places = _make_places(rng, dusun, len(households))
    families = []
    for household in households:
        families.append(_settle(rng, numbers, household, rng.choice(places), find_serial_block(kode), acuan))
    families.sort(key=lambda family: (family.dusun, family.rw, family.rt))
    return Village(kode, KALIGONDANG.get(kode, f"DESA UJI {kode[-4:]}"), seed, acuan, dusun,
                   tuple(_appoint_officials(rng, families, acuan)))


def _make_households(maker: FamilyMaker, penduduk: int) -> list[Household]:
    """Make households until the number of people is met exactly; too large ones are left out at the end."""
    households: list[Household] = []
    missing = penduduk
    while missing:
        household = maker.make_household()
        if len(household.anggota) <= missing:
            households.append(household)
            missing -= len(household.anggota)
    return households


def _make_dusun_names(rng: random.Random) -> tuple[str, ...]:
    """Return four to six names that stay apart even without spaces."""
    firsts = rng.sample(_DUSUN_FIRST, rng.randint(4, 6))
    seconds = rng.sample(_DUSUN_SECOND, len(firsts))
    return tuple(sorted(f"{first}{rng.choice(('', ' '))}{second}" for first, second in zip(firsts, seconds)))


def _make_places(rng: random.Random, dusun: tuple[str, ...], family_count: int) -> list[tuple[str, str, str]]:
    """Return (dusun, rw, rt) of every rt; rt start again at 001 in each rw."""
    rt_total = max(len(dusun), round(family_count / _RT_FAMILIES))
    places: list[tuple[str, str, str]] = []
    rw = 0
    for index, name in enumerate(dusun):
        rt_count = rt_total // len(dusun) + (index < rt_total % len(dusun))
        for number in range(rt_count):
            if number % _RT_PER_RW == 0:
                rw += 1
            places.append((name, f"{rw:03}", f"{number % _RT_PER_RW + 1:03}"))
    return places


def _settle(rng: random.Random, numbers: Numbers, household: Household, place: tuple[str, str, str],
            first_serial: int, acuan: date) -> Family:
    """Give a household a card and an address."""
    earliest = min(max(household.since, date(2006, 1, 1)), acuan - timedelta(days=20))
    recorded = earliest + timedelta(days=rng.randrange((acuan - earliest).days))
    lat = lng = ""
    if rng.random() < 0.3:
        # Invented points in a patch of its own for each desa: good for a map, true of no house.
        lat = f"{_LAT - first_serial / 1e5 + rng.uniform(-0.006, 0.006):.6f}"
        lng = f"{_LNG + first_serial % 500 / 1e4 + rng.uniform(-0.006, 0.006):.6f}"
    dusun, rw, rt = place
    alamat = f"RT {rt} RW {rw}"
    if rng.random() < 0.6:
        alamat = f"JL. {rng.choice(_STREETS)} NO. {rng.randint(1, 99)}"
    return Family(numbers.next_no_kk(recorded), alamat, dusun, rw, rt, lat, lng, household.anggota)


def _appoint_officials(rng: random.Random, families: list[Family], acuan: date) -> list[Family]:
    """Make one head of family kepala desa and a few perangkat desa."""
    fit = [index for index, family in enumerate(families)
           if 28 <= family.kepala.age_on(acuan) <= 58 and family.kepala.pendidikan_kk >= 4
           and family.kepala.status_kawin is StatusKawin.KAWIN]
    perangkat = min(_PERANGKAT_COUNT_MAX, len(families) // 50)
    chosen = rng.sample(fit, min(len(fit), 1 + perangkat))
    for order, index in enumerate(chosen):
        family = families[index]
        head = replace(family.kepala, pekerjaan=_PERANGKAT_DESA if order else _KEPALA_DESA)
        families[index] = replace(family, anggota=(head, *family.anggota[1:]))
    return families
