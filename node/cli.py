"""The command ``sipande-node``. What writes goes through the running server where there is one."""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO

import click

from shared.cli import add_common_commands, make_group, run_and_print, run_cli, set_up_logging
from shared.cli_backup import holding, restore_and_print
from shared.clock import SystemClock, system_random
from shared.errors import ProtocolError, TransportError
from shared.help import Group
from shared.store.folder import DataFolder

DATA = Path.home() / ".local" / "share" / "sipande-node"


group = make_group("Sipande untuk kantor desa.", DATA, "Folder data simpul ini.")


def _run(folder: DataFolder, perintah: str, args: dict[str, Any]) -> dict[str, Any]:
    """Run one command and print its answer as one JSON line."""
    from node.commands import COMMANDS
    from node.services import open_node

    return run_and_print(folder, perintah, args, open_node, COMMANDS)


def _load_roles() -> list[str]:
    from node.roles import ROLES

    return [role.name for role in ROLES]


add_common_commands(
    group, _run, load_roles=_load_roles, role="operator",
    status_help="Tampilkan keadaan simpul ini.",
)


@group.command(help="Siapkan simpul baru untuk satu desa.")
@click.option("--desa", required=True, help="Kode desa, misalnya 33.03.04.2006.")
@click.option("--nama", required=True, help="Nama komputer ini, misalnya 'PC Pelayanan'.")
@click.pass_obj
def init(folder: DataFolder, desa: str, nama: str) -> None:
    from node.commands import make_node

    with holding(folder):
        make_node(folder.path, desa, nama, SystemClock(), system_random).close()
    click.echo(json.dumps({"data": str(folder.path), "desa": desa, "nama": nama}, ensure_ascii=False))


@group.command(help="Daftarkan simpul ini ke kecamatan dengan kode dari operator; tanpa internet dengan --ke.")
@click.argument("kode", required=False)
@click.option("--kode", "pilihan", help="Kode dari operator kecamatan, sebagai ganti KODE.")
@click.option("--ke", type=click.Path(path_type=Path), help="Tanpa internet: tulis permintaan ke folder stik ini.")
@click.option(
    "--jaringan-kantor", "is_office", is_flag=True,
    help="Hub kecamatan ada di jaringan kantor yang sama; alamatnya boleh tanpa https.",
)
@click.pass_context
def enrol(context: click.Context, kode: str | None, pilihan: str | None, ke: Path | None, is_office: bool) -> None:
    code = pilihan if kode is None else kode
    if code is None:
        raise click.MissingParameter(ctx=context, param=context.command.params[0])
    if ke is None:
        _run(context.obj, "enrol", {"kode": code, "jaringan_kantor": is_office})
    else:
        _run(context.obj, "daftar-usb", {"kode": code, "ke": str(ke.absolute()), "jaringan_kantor": is_office})


@group.group(cls=Group, help="Kirim dan terima lewat stik USB, tanpa internet.", no_args_is_help=False)
def usb() -> None:
    pass


@usb.command("kirim", help="Tulis semua yang belum diterima kecamatan ke folder stik.")
@click.argument("folder_stik", metavar="FOLDER", type=click.Path(path_type=Path))
@click.pass_obj
def usb_kirim(folder: DataFolder, folder_stik: Path) -> None:
    _run(folder, "usb-kirim", {"ke": str(folder_stik.absolute())})


@usb.command("terima", help="Baca jawaban kecamatan dari berkas, atau dari folder stik.")
@click.argument("dari", metavar="BERKAS|FOLDER", type=click.Path(path_type=Path))
@click.pass_obj
def usb_terima(folder: DataFolder, dari: Path) -> None:
    _run(folder, "usb-terima", {"dari": str(dari.absolute())})


@group.command(help="Masukkan data penduduk dari lembar kerja (xlsx, xlsm, csv).")
@click.argument("berkas", type=click.Path(path_type=Path))
@click.option("--periksa", is_flag=True, help="Hanya periksa; tidak ada yang disimpan.")
@click.option("--sebagian", is_flag=True, help="Berkas ini hanya sebagian penduduk; yang lain tidak dianggap hilang.")
@click.option("--tolak", type=click.Path(path_type=Path), help="Tulis baris yang ditolak ke berkas ini.")
@click.pass_obj
def impor(folder: DataFolder, berkas: Path, periksa: bool, sebagian: bool, tolak: Path | None) -> None:
    args = {"berkas": str(berkas.absolute()), "periksa": periksa, "sebagian": sebagian}
    _run(folder, "impor", {**args, "tolak": str(tolak.absolute()) if tolak else None})


@group.command(help="Buat satu data baru, atau ubah bidangnya: nama='SITI' pekerjaan='#9' (kosong menghapus isi).")
@click.argument("jenis")
@click.argument("isian", nargs=-1, required=True)
@click.option("--id", "record", default="", help="Nomor data yang diubah; tanpa ini dibuat baru.")
@click.pass_obj
def tulis(folder: DataFolder, jenis: str, isian: tuple[str, ...], record: str) -> None:
    values = {name: _read_value(text) for name, _, text in (item.partition("=") for item in isian)}
    _run(folder, "tulis", {"jenis": jenis, "id": record, "nilai": values})


def _read_value(text: str) -> Any:
    """Read a typed value: ``#9`` is a number (a code), empty is None, the rest is text."""
    if text.startswith("#") and text[1:].isdigit():
        return int(text[1:])
    return text or None


@group.command(help="Jawab kasus yang dikembalikan kecamatan.")
@click.argument("kasus")
@click.argument("jawaban")
@click.pass_obj
def jawab(folder: DataFolder, kasus: str, jawaban: str) -> None:
    _run(folder, "jawab", {"kasus": kasus, "jawaban": jawaban})


@group.command("ganti-kunci", help="Ganti kunci komputer ini; kecamatan diberi tahu saat menyambung.")
@click.pass_obj
def rotate(folder: DataFolder) -> None:
    _run(folder, "ganti-kunci", {})


@group.command(help="Kirim dan terima perubahan sekarang.")
@click.pass_obj
def sync(folder: DataFolder) -> None:
    answer = _run(folder, "sync", {})
    if answer["hasil"] != "selesai":
        click.echo(answer["kalimat"], err=True)
        sys.exit(ProtocolError.exit_code if _is_refusal(answer) else TransportError.exit_code)


def _is_refusal(answer: dict[str, Any]) -> bool:
    """Tell a refusal that people must act on from a hub that is busy, full or broken just now."""
    from shared.sync.codes import CODES

    code = CODES.get(answer["kode"])
    return answer["hasil"] == "ditolak" and (code is None or code.status < HTTPStatus.TOO_MANY_REQUESTS)


@group.command(help="Hitung jumlah dan sidik baris untuk dicocokkan dengan kecamatan.")
@click.pass_obj
def paritas(folder: DataFolder) -> None:
    _run(folder, "paritas", {})


@group.command("periksa-surat", help="Periksa keaslian surat dari isi QR atau kodenya; tanpa TEKS dibaca dari masukan.")
@click.argument("teks", required=False)
@click.option("--berkas", type=click.File("r", encoding="utf-8", errors="replace"), help="Baca isi QR dari berkas ini.")
@click.pass_obj
def periksa_surat(folder: DataFolder, teks: str | None, berkas: TextIO | None) -> None:
    from shared.surat.tanda import TEXT_MAX

    typed = teks if teks is not None else (berkas or sys.stdin).read(2 * TEXT_MAX)
    _run(folder, "periksa-surat", {"teks": typed})


@group.command(help="Pulihkan data dari berkas cadangan; data yang ada tidak dihapus. Sipande harus berhenti dulu.")
@click.argument("berkas", type=click.Path(path_type=Path))
@click.pass_obj
def pulihkan(folder: DataFolder, berkas: Path) -> None:
    from node.pulihkan.restore import explain, restore_node

    restore_and_print(
        folder, berkas, lambda source, typed: restore_node(folder, source, typed, SystemClock(), system_random), explain
    )


@group.command(help="Jalankan aplikasi desa untuk peramban di komputer dan jaringan kantor.")
@click.option("--host", default="127.0.0.1", help="Alamat untuk didengarkan, misalnya 0.0.0.0.")
@click.option("--port", default=None, type=int, help="Nomor port (8600, latihan 8601); 0: pilih sendiri.")
@click.option(
    "--port-https", default=None, type=int,
    help="Nomor port https untuk HP dan komputer lain (43 di atas --port, biasanya 8643); 0: pilih sendiri.",
)
@click.option("--https/--tanpa-https", default=True, help="Layani HP dan komputer lain lewat https juga.")
@click.option("--otomatis/--tanpa-otomatis", default=True, help="Sinkronisasi dan cadangan berkala di latar belakang.")
@click.option("--cadangan", type=click.Path(path_type=Path), help="Folder cadangan (biasa: di sebelah folder data).")
@click.option("--latihan", is_flag=True, help="Buka tempat latihan dengan penduduk karangan; tidak pernah dikirim.")
@click.pass_obj
def serve(
    folder: DataFolder, host: str, port: int | None, port_https: int | None, https: bool, otomatis: bool,
    cadangan: Path | None, latihan: bool,
) -> None:
    from node.latihan.make import practice_folder
    from node.server import run_server
    from shared.web.secure import SecureWay

    set_up_logging()
    if latihan:
        folder = DataFolder(practice_folder(folder.path))
    if port is None:
        port = 8601 if latihan else 8600
    secure = SecureWay(port_https) if https and not latihan else None
    run_server(folder, host, port, otomatis, lambda text: click.echo(text), latihan, cadangan, secure)


def main() -> int:
    """Entry point of ``sipande-node``."""
    return run_cli(group)
