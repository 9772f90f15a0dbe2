"""A day at the counter of a village office, through its pages: events, letters, the month for the kecamatan."""

from __future__ import annotations

from datetime import date
from typing import Any

from demonstration.stage import Person, Stage
from shared.lampid.book import write_bulan
from shared.lampid.month import move_month

MOTHERS = (
    "hubungan = 3 AND jenis_kelamin = 2 AND status_dasar = 1 AND keluarga IS NOT NULL"
    " AND tanggal_lahir BETWEEN '1984-01-01' AND '2002-01-01'"
)
LETTERS = ("keterangan-domisili-usaha", "pengantar-umum")


def open_counter(stage: Stage, name: str) -> dict[str, int]:
    """Let a child be born, somebody die and a man arrive, issue letters and cancel one, close the month before.

    Counts what was done, by the table that has it.
    """
    clerk = stage.log_in(stage.nodes[name], stage.accounts[name])
    day = date.today().strftime("%d-%m-%Y")
    clerk.press("/surat/pengaturan", "Simpan", kepala_desa="WIRYO UTOMO", alamat="Jalan Raya Nomor 1")
    _report_events(stage, name, clerk, day)
    asker = stage.people(name, "status_dasar = 1 AND hubungan = 1", 20)[10]
    letters = [_issue(clerk, slug, asker) for slug in LETTERS]
    clerk.press(letters[-1], "Batalkan surat ini", alasan="Salah keperluan")
    month = _month_before()
    clerk.press(f"/laporan/{month}/tutup", f"Tutup {write_bulan(month)}", benar="1")
    return {"peristiwa": 3, "surat": len(letters), "laporan_lampid": 1}


def examine_month(stage: Stage, desa: str) -> None:
    """Let the kecamatan find the month before in order."""
    officer = stage.log_in(stage.hub, stage.accounts["hub"])
    officer.press(f"/lampid/{_month_before()}/{desa}", "Sudah diperiksa, benar")


def _month_before() -> str:
    return move_month(date.today().isoformat()[:7], -1)


def _report_events(stage: Stage, name: str, clerk: Person, day: str) -> None:
    mother = stage.people(name, MOTHERS, 1)[0]
    clerk.press(
        f"/peristiwa/catat/lahir/{mother['keluarga']}", "Catat kelahiran", nama="BUNGA MELATI",
        jenis_kelamin="PEREMPUAN", tanggal_peristiwa=day, jam="04.30",
    )
    dead = stage.people(name, "status_dasar = 1 AND hubungan = 4 AND nik IS NOT NULL", 40)[30]
    clerk.press(f"/peristiwa/catat/mati/{dead['id']}", "Catat kematian", tanggal_peristiwa=day, pelapor="PAK RT")
    clerk.press("/peristiwa/catat/datang", "Catat pindah masuk", **{
        "tanggal_peristiwa": day, "tujuan": "Menjadi keluarga baru", "alamat": "JL. MELATI", "dusun": mother["dusun"],
        "o0-nama": "JOKO SUSILO", "o0-jenis_kelamin": "LAKI-LAKI", "o0-tanggal_lahir": "05-05-1985",
        "o0-hubungan": "KEPALA KELUARGA",
    })


def _issue(clerk: Person, slug: str, asker: dict[str, Any]) -> str:
    """Write a letter, approve and issue it; give its page."""
    page = f"/surat/baru/{slug}/isi?penduduk={asker['id']}"
    empty = {name: "WARUNG BERKAH" for name in clerk.list_empty(page, "Simpan konsep") if name.startswith("isian")}
    draft = clerk.press(page, "Simpan konsep", keperluan="mengurus pinjaman usaha", **empty)
    return clerk.press(draft, "Setujui dan terbitkan")
