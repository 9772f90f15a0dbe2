"""The example by which a template is looked at: an invented resident, so that nobody's data are shown for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.surat.fakta import isian_facts, letter_facts, office_facts, person_facts
from shared.surat.isi import fill
from shared.surat.jenis import Isian, JenisSurat

_PERSON = {
    "nama": "SITI CONTOH", "nik": "3303994107900001", "tempat_lahir": "Purbalingga", "tanggal_lahir": "1990-07-01",
    "jenis_kelamin": 2, "agama": 1, "status_kawin": 2, "pekerjaan": 9, "pendidikan": 5, "warganegara": 1,
    "golongan_darah": 13, "hubungan": 3, "rt": "02", "rw": "01", "ayah_nama": "AHMAD CONTOH", "ibu_nama": "SUMI CONTOH",
}


def make_example(jenis: JenisSurat, desa: str, office: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Make the snapshot of a letter about somebody invented, dated today."""
    person = person_facts(
        _PERSON, today=today, desa=desa, dusun="Contoh", no_kk="3303990101100001", kepala="BUDI CONTOH"
    )
    values = {one.nama: _example(one, today) for one in jenis.isian}
    others = {one.nama: {**person, "nama": "RINA CONTOH"} for one in jenis.isian if one.tipe == "penduduk"}
    places = office_facts(desa, str(office.get("alamat") or ""))
    signer = str(office.get("kepala_desa") or "NAMA KEPALA DESA")
    head = f"{places['jabatan_kepala']} {places['desa']}"
    facts = {
        **places, **person, **isian_facts(jenis, values, others),
        **letter_facts(jenis, today, keperluan="(keperluan)", tujuan="(tujuan)", penandatangan=signer, jabatan=head),
    }
    return {
        "jenis": jenis.slug, "judul": jenis.judul, "nomor": "", "kertas": jenis.kertas, "nama": person["nama"],
        "kop": {
            "kode": desa, "kabupaten": places["kabupaten"], "kecamatan": f"Kecamatan {places['kecamatan']}",
            "desa": f"{places['sebutan_desa']} {places['desa']}", "alamat": places["alamat_kantor"],
            "telepon": str(office.get("telepon") or ""), "email": str(office.get("email") or ""),
        },
        "bagian": list(fill(jenis, facts).bagian), "mengetahui_camat": jenis.mengetahui_camat,
        "tempat": places["desa"], "tanggal": today.isoformat(),
        "tanda_tangan": {"cara": "langsung", "jabatan": [head], "nama": signer, "nip": ""},
    }


def _example(one: Isian, today: date) -> str:
    if one.tipe == "tanggal":
        return today.isoformat()
    if one.tipe == "bilangan":
        return "1000"
    if one.tipe == "pilihan" and one.pilihan:
        return one.pilihan[0]
    return f"({one.label.lower()})"
