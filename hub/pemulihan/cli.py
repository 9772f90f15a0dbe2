"""The commands of trust and recovery on the command line of the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from shared.cli_backup import ask_secret
from shared.store.folder import DataFolder

Run = Callable[[DataFolder, str, dict[str, Any]], dict[str, Any]]

_OFFICER = click.option("--petugas", required=True, help="Nama akun petugas yang bertindak.")


def add_commands(group: click.Group, run: Run) -> None:
    """Add the commands to a group; ``run`` carries one out and prints its answer."""

    @group.command(help="Tampilkan sampai mana tulisan satu komputer dapat dibatasi.")
    @click.argument("simpul")
    @click.pass_obj
    def batas(folder: DataFolder, simpul: str) -> None:
        run(folder, "batas", {"simpul": simpul})

    @group.command(help="Cabut kunci satu komputer desa yang dicuri, hilang, atau rusak.")
    @click.argument("simpul")
    @click.option("--sebab", required=True, help="Sebab pencabutan.")
    @click.option("--batas", multiple=True, help="catatan:jumlah dari perintah batas; bawaannya yang terakhir.")
    @_OFFICER
    @click.pass_obj
    def cabut(folder: DataFolder, simpul: str, sebab: str, batas: tuple[str, ...], petugas: str) -> None:
        run(folder, "cabut", {"simpul": simpul, "sebab": sebab, "batas": list(batas), "petugas": petugas})

    @group.command("pulihkan-simpul", help="Izinkan lagi komputer yang ditangguhkan.")
    @click.argument("simpul")
    @click.option("--sebab", default="", help="Keterangan.")
    @_OFFICER
    @click.pass_obj
    def lift(folder: DataFolder, simpul: str, sebab: str, petugas: str) -> None:
        run(folder, "pulihkan-simpul", {"simpul": simpul, "sebab": sebab, "petugas": petugas})

    @group.command(help="Daftar perubahan yang ada di karantina, dengan isinya; 200 setiap halaman.")
    @click.option("--desa", default="", help="Hanya satu desa.")
    @click.option("--halaman", type=click.IntRange(1), default=1, show_default=True, help="Halaman yang ditampilkan.")
    @click.pass_obj
    def karantina(folder: DataFolder, desa: str, halaman: int) -> None:
        run(folder, "karantina", {"desa": desa, "halaman": halaman})

    @group.command(help="Ambil satu perubahan dari karantina, sehingga berlaku.")
    @click.argument("perubahan")
    @click.option("--alasan", required=True, help="Alasan mengambil.")
    @_OFFICER
    @click.pass_obj
    def ambil(folder: DataFolder, perubahan: str, alasan: str, petugas: str) -> None:
        run(folder, "ambil", {"perubahan": perubahan, "alasan": alasan, "petugas": petugas})

    @group.command("ganti-kunci", help="Ganti kunci hub; komputer desa mengikuti sendiri.")
    @click.option("--pemulihan", is_flag=True, help="Dengan kunci pemulihan, bila hub kembali ke kunci lama.")
    @click.pass_obj
    def rotate(folder: DataFolder, pemulihan: bool) -> None:
        run(folder, "ganti-kunci", {"pemulihan": ask_secret("Kunci pemulihan")} if pemulihan else {})

    @group.command(help="Tampilkan keadaan pemulihan, riwayat kedua, dan kejadian.")
    @click.option("--selesai", is_flag=True, help="Tutup pemulihan.")
    @click.pass_obj
    def pemulihan(folder: DataFolder, selesai: bool) -> None:
        run(folder, "pemulihan", {"selesai": selesai})
