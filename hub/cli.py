"""The command ``sipande-hub``. What writes goes through the running server where there is one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.pemulihan.cli import add_commands
from hub.simpul.refusal import REASONS
from shared.cli import add_common_commands, make_group, run_and_print, run_cli, set_up_logging
from shared.cli_backup import ask_secret, holding, restore_and_print
from shared.clock import SystemClock, system_random
from shared.help import Group
from shared.store.folder import DataFolder

if TYPE_CHECKING:
    from shared.store.backup.restore import Restored

DATA = Path.home() / ".local" / "share" / "sipande-hub"


group = make_group("Sipande untuk kantor kecamatan.", DATA, "Folder data hub ini.")


def _run(folder: DataFolder, perintah: str, args: dict[str, Any]) -> dict[str, Any]:
    """Run one command and print its answer as one JSON line."""
    from hub.commands import COMMANDS
    from hub.services import open_hub

    return run_and_print(folder, perintah, args, open_hub, COMMANDS)


def _load_roles() -> list[str]:
    from hub.roles import ROLES

    return [role.name for role in ROLES]


add_common_commands(
    group, _run, load_roles=_load_roles, role="wali_data",
    status_help="Tampilkan keadaan hub dan simpul-simpulnya.",
)


@group.command(help="Siapkan hub baru untuk satu kecamatan.")
@click.option("--kecamatan", required=True, help="Kode kecamatan, misalnya 33.03.04.")
@click.option("--percobaan", is_flag=True, help="Untuk mencoba dengan data karangan: kode HP tidak diwajibkan.")
@click.pass_obj
def init(folder: DataFolder, kecamatan: str, percobaan: bool) -> None:
    from hub.commands import make_hub
    from hub.pemulihan.keys import name_check_words, read_recovery_key

    with holding(folder):
        services, recovery = make_hub(folder.path, kecamatan, SystemClock(), system_random, is_practice=percobaan)
        services.close()
    public = services.keys.signing.public
    click.echo(json.dumps({
        "data": str(folder.path), "nama": services.nama, "kunci_pemulihan": recovery, "kunci": public.hex(),
        "kata_periksa": name_check_words(read_recovery_key(recovery).public, public),
    }))
    click.echo(
        "Cetak kunci pemulihan, kunci hub, dan kata periksa ini, simpan di amplop tersegel, lalu hapus dari layar.",
        err=True,
    )


@group.command("ambil-alih", help="Siapkan hub baru menggantikan hub yang hancur, dengan kunci pemulihannya.")
@click.option("--kecamatan", required=True, help="Kode kecamatan, misalnya 33.03.04.")
@click.option("--kunci-lama", required=True, help="Kunci hub lama, dari lembar yang dicetak dulu.")
@click.option("--kata-periksa", default="", help="Dua kata periksa dari lembar itu; menemukan salah ketik.")
@click.pass_obj
def take_over(folder: DataFolder, kecamatan: str, kunci_lama: str, kata_periksa: str) -> None:
    from hub.mulai.make import replace_hub
    from hub.pemulihan.keys import read_sheet

    with holding(folder):
        sheet = read_sheet(ask_secret("Kunci pemulihan"), kunci_lama, kata_periksa)
        kunci = replace_hub(folder, kecamatan, sheet, SystemClock(), system_random)
    click.echo(json.dumps({"data": str(folder.path), "kunci": kunci.hex()}))
    click.echo("Hub baru siap. Jalankan serve; komputer desa mengembalikan datanya saat menyambung.", err=True)


@group.command(help="Pulihkan data dari berkas cadangan; data yang ada tidak dihapus. Hub harus berhenti dulu.")
@click.argument("berkas", type=click.Path(path_type=Path))
@click.option("--kunci-pemulihan", is_flag=True, help="Folder kunci hilang: minta juga kunci dari amplop tersegel.")
@click.pass_obj
def pulihkan(folder: DataFolder, berkas: Path, kunci_pemulihan: bool) -> None:
    from hub.pemulihan.cadangan import explain, restore_hub

    def restore(source: Path, typed: str) -> Restored:
        recovery = ask_secret("Kunci pemulihan") if kunci_pemulihan else ""
        return restore_hub(folder, source, typed, SystemClock(), system_random, recovery)

    restore_and_print(folder, berkas, restore, explain)


@group.command(help="Buka slot pendaftaran untuk satu komputer desa; kode tampil sekali.")
@click.argument("desa")
@click.option("--alamat", required=True, help="Alamat hub seperti dilihat dari desa, misalnya https://hub.go.id")
@click.option("--petugas", default="", help="Nama akun petugas yang membuka slot.")
@click.option("--usb", is_flag=True, help="Untuk desa tanpa internet: kode berlaku lebih lama.")
@click.pass_obj
def slot(folder: DataFolder, desa: str, alamat: str, petugas: str, usb: bool) -> None:
    _run(folder, "slot", {"desa": desa, "alamat": alamat, "petugas": petugas, "usb": usb})


@group.group("usb", cls=Group, help="Terima kiriman desa lewat stik USB.", no_args_is_help=False)
def usb_group() -> None:
    pass


@usb_group.command("terima", help="Ambil kiriman dari berkas, atau semua yang belum dijawab di folder stik.")
@click.argument("dari", metavar="BERKAS|FOLDER", type=click.Path(path_type=Path))
@click.pass_obj
def usb_terima(folder: DataFolder, dari: Path) -> None:
    answer = _run(folder, "usb-terima", {"dari": str(dari.absolute())})
    if not all(found["diambil"] for found in answer["berkas"]):
        click.echo(" ".join(sentence for found in answer["berkas"] for sentence in found["kalimat"]), err=True)
        sys.exit(2)


@group.command(help="Daftar komputer yang menunggu enam kata dicocokkan.")
@click.pass_obj
def calon(folder: DataFolder) -> None:
    _run(folder, "calon", {})


@group.command(help="Setujui komputer yang enam katanya sama dengan di desa.")
@click.argument("simpul")
@click.option("--kata", required=True, help="Enam kata yang dibacakan dari desa.")
@click.option("--petugas", default="", help="Nama akun petugas.")
@click.pass_obj
def setujui(folder: DataFolder, simpul: str, kata: str, petugas: str) -> None:
    _run(folder, "setujui", {"simpul": simpul, "kata": kata, "petugas": petugas})


@group.command(help="Tolak komputer yang menunggu; kodenya ditutup, kecuali dengan --buka.")
@click.argument("simpul")
@click.option("--sebab", required=True, type=click.Choice(list(REASONS)), help="Sebabnya.")
@click.option("--catatan", default="", help="Catatan untuk kecamatan; wajib bila sebabnya lain.")
@click.option("--buka", is_flag=True, help="Kodenya boleh dipakai lagi sampai kedaluwarsa.")
@click.option("--petugas", default="", help="Nama akun petugas.")
@click.pass_obj
def tolak(folder: DataFolder, /, **args: Any) -> None:
    _run(folder, "tolak", args)


@group.command(help="Tarik slot pendaftaran yang belum dipakai; kodenya langsung tidak berlaku.")
@click.argument("slot_id", metavar="SLOT")
@click.pass_obj
def tarik(folder: DataFolder, slot_id: str) -> None:
    _run(folder, "tarik", {"slot": slot_id})


@group.command(help="Daftar temuan verval beserta versi dan kasusnya.")
@click.option("--kode", default="", help="Hanya satu kode, misalnya V1.")
@click.pass_obj
def temuan(folder: DataFolder, kode: str) -> None:
    _run(folder, "temuan", {"kode": kode})


@group.command(help="Putuskan satu temuan.")
@click.argument("temuan_id", metavar="TEMUAN")
@click.option("--petugas", required=True, help="Nama akun petugas yang memutuskan.")
@click.option(
    "--jenis", required=True, help="Jenis putusan.",
    type=click.Choice(["pilih", "tautkan", "bukan-ganda", "kembalikan"]),
)
@click.option("--pilih", default="", help="A atau B, atau per bagian: nik=A,alamat=B.")
@click.option("--dihitung", default="", help="Desa tempat orang itu dihitung (untuk tautkan).")
@click.option("--desa", default="", help="Desa tujuan (untuk kembalikan).")
@click.option("--batas", default="", help="Batas waktu, tahun-bulan-tanggal (untuk kembalikan).")
@click.option("--alasan", default="", help="Alasan; untuk kembalikan sebuah kode alasan.")
@click.option("--catatan", default="", help="Catatan untuk desa.")
@click.option("--kepala", multiple=True, help="Versi yang dilihat saat memutuskan (dari perintah temuan).")
@click.pass_obj
def putus(folder: DataFolder, /, temuan_id: str, kepala: tuple[str, ...], **args: str) -> None:
    _run(folder, "putus", {"temuan": temuan_id, "kepala": list(kepala), **args})


@group.command(help="Terbitkan program bantuan ke semua desa.")
@click.option("--nama", required=True, help="Nama program.")
@click.option("--sasaran", type=int, default=1, help="1 penduduk, 2 keluarga.")
@click.option("--mulai", default=None, help="Tanggal mulai, tahun-bulan-tanggal.")
@click.option("--selesai", default=None, help="Tanggal selesai, tahun-bulan-tanggal.")
@click.option("--kuota", type=int, default=None, help="Kuota penerima.")
@click.option("--petugas", default="", help="Nama akun petugas.")
@click.pass_obj
def program(folder: DataFolder, /, **args: Any) -> None:
    _run(folder, "program", args)


@group.command(help="Buat token untuk penarik data kabupaten; tampil sekali.")
@click.argument("nama")
@click.option("--beridentitas", is_flag=True, help="Boleh menarik data beridentitas dengan alasan.")
@click.option("--saksi", default="", metavar="VKEY", help="Kunci saksi kabupaten (dari sipande-kabupaten saksi).")
@click.pass_obj
def token(folder: DataFolder, nama: str, beridentitas: bool, saksi: str) -> None:
    _run(folder, "token", {"nama": nama, "beridentitas": beridentitas, "saksi": saksi})


@group.command("cabut-token", help="Cabut token seorang penarik data; seketika tidak berlaku lagi.")
@click.argument("nama")
@click.pass_obj
def revoke_token(folder: DataFolder, nama: str) -> None:
    _run(folder, "cabut-token", {"nama": nama})


@group.command(help="Jalankan hub untuk desa-desa dan peramban kantor kecamatan.")
@click.option("--host", default="127.0.0.1", help="Alamat untuk didengarkan, misalnya 0.0.0.0.")
@click.option("--port", default=8700, help="Nomor port; 0 berarti pilih sendiri.")
@click.option("--proksi", default=None, help="Alamat proksi TLS di depan hub ini, misalnya 127.0.0.1.")
@click.option("--otomatis/--tanpa-otomatis", default=True, help="Cadangan berkala di latar belakang.")
@click.option("--cadangan", type=click.Path(path_type=Path), help="Folder cadangan (biasa: di sebelah folder data).")
@click.pass_obj
def serve(
    folder: DataFolder, host: str, port: int, proksi: str | None, otomatis: bool, cadangan: Path | None
) -> None:
    from hub.server import run_server

    set_up_logging()
    run_server(folder, host, port, lambda text: click.echo(text), proksi, cadangan, otomatis)


add_commands(group, _run)


def main() -> int:
    """Entry point of ``sipande-hub``."""
    return run_cli(group)
