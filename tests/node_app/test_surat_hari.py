"""The day of the week in a letter follows from its date."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from node.surat.hari import pair_days, settle_days
from shared.surat.fakta import HARI
from shared.surat.jenis import Isian, JenisSurat, shipped
from tests.node_app.test_pages_kit import Browser, Desa, read_form
from tests.node_app.test_pages_surat import say

SHIPPED = {
    "keterangan-kematian": ("hari_meninggal", "tanggal_meninggal"),
    "keterangan-kelahiran": ("hari_lahir", "tanggal_lahir_anak"),
    "keterangan-lahir-mati": ("hari_kejadian", "tanggal_kejadian"),
    "pengantar-izin-keramaian": ("hari_acara", "tanggal_acara"),
}


def make_kind(*fields: Isian) -> JenisSurat:
    return replace(next(iter(shipped().values())), isian=fields)


def test_every_day_of_a_shipped_letter_has_its_date() -> None:
    found = {slug: pair_days(jenis) for slug, jenis in shipped().items() if pair_days(jenis)}
    assert found == {slug: {day: date} for slug, (day, date) in SHIPPED.items()}
    days = {slug for slug, jenis in shipped().items() if any("Jumat" in one.pilihan for one in jenis.isian)}
    assert days == set(SHIPPED)


def test_the_days_of_an_own_letter_are_paired_by_name_or_place() -> None:
    day, date = Isian("hari_akad", "Hari", "pilihan", True, HARI), Isian("tanggal_akad", "Tanggal", "tanggal")
    other = Isian("tanggal_resepsi", "Tanggal", "tanggal")
    assert pair_days(make_kind(other, date, day)) == {"hari_akad": "tanggal_akad"}
    assert pair_days(make_kind(replace(day, nama="waktu"), other)) == {"waktu": "tanggal_resepsi"}
    assert pair_days(make_kind(replace(day, nama="hari_pasaran"), Isian("x", "X"), other)) == {}
    assert pair_days(make_kind(replace(day, pilihan=("Senin", "Kamis")), date)) == {}


def test_a_day_is_filled_in_kept_or_refused() -> None:
    kind = make_kind(Isian("hari", "Hari", "pilihan", True, tuple(map(str.upper, HARI))),
                     Isian("tanggal", "Tanggal", "tanggal"))
    assert settle_days(kind, {"tanggal": "2026-09-18"}) == ({"tanggal": "2026-09-18", "hari": "JUMAT"}, {})
    assert settle_days(kind, {"tanggal": "2026-09-18", "hari": "JUMAT"})[1] == {}
    _, problems = settle_days(kind, {"tanggal": "2026-09-18", "hari": "SENIN"})
    assert "18-09-2026 jatuh pada hari JUMAT" in problems["hari"]
    assert settle_days(kind, {"hari": "SENIN"}) == ({"hari": "SENIN"}, {})


@pytest.mark.parametrize("slug", SHIPPED)
def test_the_form_computes_the_day_and_refuses_another(desa: Desa, siti: Browser, slug: str) -> None:
    day, date = SHIPPED[slug]
    path = f"/surat/baru/{slug}/isi"
    page = siti.get(f"{path}?penduduk={desa.ayah}")
    assert "dihitung dari tanggalnya" in say(page)
    form = read_form(page, path)
    choices = {one.nama: one.pilihan[0] for one in shipped()[slug].isian if one.pilihan and one.nama != day}
    texts = {name: "1" for name, text in form.items() if name.startswith("isian_") and not text and "nik" not in name}
    form |= texts | {f"isian_{name}": text for name, text in choices.items()}
    form |= {f"isian_{one.nama}": "18-09-2026" for one in shipped()[slug].isian if one.tipe == "tanggal"}
    wrong = siti.post(path, form | {f"isian_{day}": "Senin"})
    assert wrong.status_code == 400 and "18-09-2026 jatuh pada hari Jumat" in say(wrong)
    for chosen in ("", "Jumat"):
        answer = siti.post(path, form | {f"isian_{day}": chosen})
        assert answer.status_code == 303, say(answer)
        kept = json.loads(desa.value("konsep_surat", answer.headers["Location"].rsplit("/", 1)[1], "isian"))
        assert (kept[day], kept[date]) == ("Jumat", "2026-09-18")
