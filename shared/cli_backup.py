"""The commands of backups, which both sides have: make one, the code on paper, the rehearsal, the restore."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.help import Group
from shared.store.folder import DataFolder

if TYPE_CHECKING:
    from shared.store.backup.restore import Restored

Run = Callable[[DataFolder, str, dict[str, Any]], dict[str, Any]]
"""Runs one command with its arguments on a data folder, prints and returns its answer."""


def add_backup_commands(group: Group, run: Run) -> None:
    """Add the commands to a group; ``run`` carries one out and prints its answer."""

    @group.command(help="Tulis cadangan data ke sebuah berkas, atau ke folder (yang lama dibuang, sisakan N terbaru).")
    @click.argument("tujuan", type=click.Path(path_type=Path))
    @click.option("--simpan", default=14, help="Berapa cadangan terbaru yang tinggal di folder; 0 berarti semua.")
    @click.pass_obj
    def cadangan(folder: DataFolder, tujuan: Path, simpan: int) -> None:
        run(folder, "cadangan", {"tujuan": str(tujuan.absolute()), "simpan": simpan})

    @group.command("kode-cadangan", help="Buat kode cadangan yang baru; tampil sekali, lalu diketik ulang dari kertas.")
    @click.option("--yakin", is_flag=True, help="Jangan minta kode diketik ulang (untuk skrip).")
    @click.pass_obj
    def kode_cadangan(folder: DataFolder, yakin: bool) -> None:
        from shared.clock import system_random
        from shared.store.backup.kode import make_code, read_code

        code = make_code(system_random)
        click.echo(json.dumps({"kode_cadangan": code}))
        public = read_code(code).public
        if not yakin:
            click.echo("Tulis kode itu di kertas. Tanpa kode, cadangan tidak dapat dibuka siapa pun.", err=True)
            if read_code(ask_code("Sekarang ketik kodenya dari kertas")).public != public:
                raise UserError("Yang diketik bukan kode tadi. Kode lama tetap berlaku; ulangi.", "kode_beda")
        run(folder, "kode-cadangan", {"kunci": public.hex()})
        click.echo("Kode ini berlaku untuk cadangan berikutnya. Simpan kertasnya di luar kantor ini juga.", err=True)

    @group.command("uji-pulih", help="Uji: apakah kode di kertas membuka cadangan terbaru, dan isinya utuh.")
    @click.argument("berkas", required=False, type=click.Path(path_type=Path))
    @click.pass_obj
    def uji_pulih(folder: DataFolder, berkas: Path | None) -> None:
        args = {"berkas": str(berkas.absolute()) if berkas else "", "kode": ask_code("Kode cadangan")}
        if not run(folder, "uji-pulih", args)["baik"]:
            sys.exit(DamageError.exit_code)


def ask_code(label: str) -> str:
    """Read a code from who sits at the keyboard, or a line from what is piped in; empty where there is none."""
    if sys.stdin.isatty():
        return str(click.prompt(label, default="", show_default=False, err=True))
    return sys.stdin.readline().strip()


def ask_secret(label: str) -> str:
    """Read what nobody should see on the screen, or a line from what is piped in."""
    return str(click.prompt(label, hide_input=True, err=True)) if sys.stdin.isatty() else sys.stdin.readline()


@contextmanager
def holding(folder: DataFolder) -> Iterator[None]:
    """Hold a data folder, made where it is missing, against a running server; EnvironmentProblem when there is one.

    Where the work fails, a folder that was made for it goes again.
    """
    from shared.store.backup.placing import heal

    is_new = not folder.path.exists()
    folder.make()
    heal(folder)
    if not folder.lock():
        raise EnvironmentProblem(
            "Sipande sedang berjalan di atas data ini. Hentikan dulu (misalnya: sudo systemctl stop sipande-desa, atau"
            " sipande-hub), lalu ulangi.",
            "folder_dipakai",
        )
    try:
        yield
    except BaseException:
        if is_new:
            folder.unmake()
        raise
    finally:
        folder.unlock()


def restore_and_print(
    folder: DataFolder, source: Path, restore: Callable[[Path, str], Restored],
    explain: Callable[[Restored], list[str]],
) -> None:
    """Put a backup in the place of what a folder holds, and say what that means; nothing may have the folder open."""
    # Imported here: --help and usage errors need neither Flask nor SQLite.
    from shared.store.backup.restore import explaining, needs_code

    with holding(folder):
        with explaining():
            typed = ask_code("Kode cadangan") if needs_code(source) else ""
        done = restore(source, typed)
    click.echo(json.dumps({
        "wilayah": done.wilayah, "waktu": done.waktu_s, "kunci_tetap": done.keeps_keys, "gambar": done.pictures,
        "gambar_hilang": done.missing, "data_lama": None if done.aside is None else str(done.aside),
        "kalimat": explain(done),
    }, ensure_ascii=False))
    for sentence in explain(done):
        click.echo(sentence, err=True)
