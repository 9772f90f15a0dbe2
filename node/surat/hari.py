"""The day of the week beside a date of a letter: it follows from the date, so nobody has to look it up. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.surat.fakta import HARI, read_date
from shared.surat.jenis import JenisSurat
from shared.web.forms import write_date

HELP = "Boleh kosong: dihitung dari tanggalnya."
_DAY, _DATE = "hari_", "tanggal_"


def pair_days(jenis: JenisSurat) -> dict[str, str]:
    """Pair the choices of a day with their dates: name of the day's field → name of the date's.

    ``hari_meninggal`` belongs to ``tanggal_meninggal``, ``hari_lahir`` to ``tanggal_lahir_anak``; where no name fits,
    a date that stands right behind the day does. A day without a date is a choice like any other.
    """
    dates = [one.nama for one in jenis.isian if one.tipe == "tanggal"]
    found = {}
    for at, one in enumerate(jenis.isian):
        if one.tipe != "pilihan" or {text.capitalize() for text in one.pilihan} != set(HARI):
            continue
        wanted = _DATE + one.nama.removeprefix(_DAY)
        behind = [other.nama for other in jenis.isian[at + 1:at + 2] if other.nama in dates]
        named = [name for name in dates if name == wanted or name.startswith(f"{wanted}_")]
        for name in [*named, *behind][:1]:
            found[one.nama] = name
    return found


def find_day(jenis: JenisSurat, nama: str, day: Any) -> str:
    """Find the choice of a field that a date (ISO) falls on; "" where it is none."""
    date = read_date(day)
    options = next((one.pilihan for one in jenis.isian if one.nama == nama), ())
    return next((text for text in options if date and text.capitalize() == HARI[date.weekday()]), "")


def settle_days(jenis: JenisSurat, extra: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Fill in the days that were left empty, and say which were chosen that do not fit: field → sentence."""
    filled, problems = dict(extra), {}
    for name, date in pair_days(jenis).items():
        right = find_day(jenis, name, extra.get(date))
        if right and not extra.get(name):
            filled[name] = right
        elif right and extra[name] != right:
            problems[name] = (
                f"{write_date(str(extra[date]))} jatuh pada hari {right}. Kosongkan harinya, atau perbaiki tanggalnya."
            )
    return filled, problems
