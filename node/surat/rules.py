"""Pure rules of letters: what may follow on what, who signs how, what stands on the lines of a signature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from shared.records.catalogue import CATALOGUE
from shared.records.penduduk import PendudukSchema
from shared.records.surat import CARA_TANDA_TANGAN

KONSEP = CATALOGUE["konsep_surat"]
SURAT = CATALOGUE["surat"]
SURAT_MASUK = CATALOGUE["surat_masuk"]
PENDUDUK = CATALOGUE[PendudukSchema.kind]

BARU, DIPERIKSA, DISETUJUI, DIKEMBALIKAN, DIBUANG = "konsep", "diperiksa", "disetujui", "dikembalikan", "dibuang"
TERBIT = "terbit"
TANPA_KONSEP = "surat_keluar"
"""In place of the kind: a letter that was written elsewhere. No slug of a kind can be this."""
KEADAAN = {
    BARU: "Konsep", DIPERIKSA: "Sudah diperiksa", DISETUJUI: "Disetujui, siap terbit", DIKEMBALIKAN: "Dikembalikan",
    DIBUANG: "Tidak jadi", TERBIT: "Sudah terbit",
}
OPEN = (BARU, DIPERIKSA, DISETUJUI, DIKEMBALIKAN)
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    DIPERIKSA: (BARU, DIKEMBALIKAN), DISETUJUI: (BARU, DIPERIKSA, DIKEMBALIKAN),
    DIKEMBALIKAN: (BARU, DIPERIKSA, DISETUJUI), DIBUANG: OPEN,
}
"""What a draft may become, and from where."""
ISI_DISETUJUI = "disetujui"
"""The field of a draft that keeps what was approved (node/surat/setuju.py)."""
ISI = KONSEP.groups["isi"] + KONSEP.groups["tanda_tangan"]
BUKAN_PENDUDUK = (
    "nama", "nik", "tempat_lahir", "tanggal_lahir", "jenis_kelamin", "agama", "status_kawin", "pekerjaan",
    "warganegara", "alamat",
)
"""What is asked about somebody who is no resident."""


class Signer(NamedTuple):
    """Somebody who may sign: ``id`` is his record as perangkat, empty for the name from the page of the office."""

    id: str
    nama: str
    sebutan: str
    nip: str
    jabatan: str


def take_sidik(values: Mapping[str, Any]) -> str:
    """Digest what a draft says, so that an approval names what it has seen."""
    content = {name: values.get(name) for name in ISI if values.get(name) not in (None, "", [], ())}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=list)
    return sha256(text.encode()).hexdigest()


def read_status(values: Mapping[str, Any]) -> str:
    """Tell how far a draft is; what was changed since somebody checked or approved it begins again."""
    status = values.get("status") or BARU
    if status in (DIPERIKSA, DISETUJUI) and values.get("sidik") != take_sidik(values):
        return BARU
    return str(status)


def write_jabatan(cara: str, signer: Signer, desa: str, atas_nama: Signer | None = None) -> list[str]:
    """Write the lines above the name of the signer; ``desa`` is what the office is called (Desa Selakambang)."""
    kepala = f"{'Lurah' if desa.startswith('Kelurahan') else 'Kepala Desa'} {desa.partition(' ')[2]}"
    if cara == "an":
        return [f"a.n. {kepala}", signer.sebutan]
    if cara == "ub":
        between = atas_nama.sebutan if atas_nama is not None else "Sekretaris Desa"
        return [f"a.n. {kepala}", between, "u.b.", signer.sebutan]
    if cara in ("plt", "plh"):
        return [f"{cara.title()}. {kepala}"]
    return [kepala]


TANPA_KEPALA = (
    "Tidak ada kepala desa yang berhak menandatangani surat, jadi surat tidak dapat ditandatangani langsung. Catat"
    " pejabat Plt. atau Plh. di Perangkat desa dan beri hak tanda tangan, lalu pilih orang dan caranya pada surat ini."
)
"""Said where a kepala desa is on record, but has left or was not given the right to sign."""


def find_signing_problem(
    cara: str, signer: Signer | None, atas_nama: Signer | None = None, *, is_headless: bool = False
) -> str:
    """Say why a letter cannot be signed like this; empty when it can. ``atas_nama`` stands in between for u.b.

    ``is_headless``: there is a kepala desa, and he may not sign.
    """
    if signer is None or not signer.nama:
        return TANPA_KEPALA if is_headless else (
            "Penanda tangan belum dipilih, atau tidak berhak lagi. Ubah konsepnya lalu pilih penanda tangan; nama"
            " kepala desa diisi di Pengaturan surat."
        )
    if cara not in CARA_TANDA_TANGAN:
        return "Cara tanda tangan belum dipilih. Ubah konsepnya, lalu pilih."
    if cara == "langsung" and signer.id and signer.jabatan != "kades":
        return f"{signer.nama} bukan kepala desa. Pilih cara a.n., u.b., Plt., atau Plh."
    if cara != "langsung" and (not signer.id or (cara in ("an", "ub") and signer.jabatan == "kades")):
        return f"{signer.nama} adalah kepala desa. Pilih cara Langsung."
    if cara == "ub":
        return _find_between_problem(signer, atas_nama)
    return ""


def _find_between_problem(signer: Signer, between: Signer | None) -> str:
    """Say why nobody stands between the kepala desa and who signs for u.b.; without a choice it is the sekretaris."""
    if between is not None and between.jabatan == "kades":
        return "Untuk u.b., Atas nama adalah pejabat di antara kepala desa dan penanda tangan; pilih pejabat lain."
    if signer.jabatan == "sekdes" if between is None else signer.id == between.id:
        return (
            f"{signer.nama} menandatangani sendiri, jadi tidak dapat u.b. dari jabatannya sendiri. Pilih cara a.n.,"
            " atau pilih pejabat lain pada Atas nama."
        )
    return ""


def order_kinds(slugs: Sequence[str], recent: Sequence[str]) -> list[str]:
    """Put the kinds that were used last in front."""
    known = set(slugs)
    first = [slug for slug in dict.fromkeys(recent) if slug in known]
    return first + [slug for slug in slugs if slug not in set(first)]
