"""Runs a command line and turns what goes wrong into one Indonesian sentence and an exit code.

What a person can cause never shows a traceback, and no sentence repeats what was typed: it may be a token
or a NIK. The exit codes are those of shared.errors. The commands that both sides have are made here, once.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from shared.cli_backup import Run, add_backup_commands
from shared.clock import SystemClock, system_random
from shared.errors import EXIT_CODES, DamageError, EnvironmentProblem, SipandeError, UserError
from shared.explain import explain_error, explain_system
from shared.help import Group
from shared.store.folder import DataFolder

EXIT_DEFECT = 1
EXIT_USAGE = UserError.exit_code
EXIT_INTERRUPTED = 130

EPILOG = "\b\nKode keluar:\n" + "\n".join(f"{code:>5}  {arti}" for code, (_, arti) in EXIT_CODES.items())

__all__ = [
    "add_common_commands", "explain_error", "explain_usage", "make_group", "run_and_print", "run_cli", "set_up_logging",
]

_log = logging.getLogger("sipande.cli")


def run_cli(
    command: click.Command, arguments: Sequence[str] | None = None, *, name: str | None = None
) -> int:
    """Run a command and return its exit code; without arguments those of the process are read."""
    try:
        outcome = command.main(
            args=None if arguments is None else list(arguments), prog_name=name, standalone_mode=False
        )
    except click.Abort:
        return _say("Dibatalkan.", EXIT_INTERRUPTED)
    except NoArgsIsHelpError as error:
        return _say(error.ctx.get_help() if error.ctx else "", EXIT_USAGE)
    except click.ClickException as error:
        return _say(explain_usage(error), EXIT_USAGE)
    except SipandeError as error:
        return _say(explain_error(error), error.exit_code)
    except OSError as error:
        return _say(explain_system(error), EnvironmentProblem.exit_code)
    except Exception as error:
        _log_defect(error)
        return _say(
            "Ada gangguan di program, jadi perintah ini berhenti. Coba lagi; bila tetap gagal, catat jamnya"
            " dan kirimkan catatan (log) kepada pengelola program.",
            EXIT_DEFECT,
        )
    # A command answers None when all went well; click hands back the code of --help and ctx.exit().
    return outcome if type(outcome) is int else 0


def make_group(help: str, data: Path, data_help: str) -> Group:
    """Make the command line of one side; its commands get the data folder as their object."""

    @click.group(cls=Group, help=help, epilog=EPILOG)
    @click.option("--data", "folder", type=click.Path(readable=False, path_type=Path), default=data, help=data_help)
    @click.pass_context
    def group(context: click.Context, folder: Path) -> None:
        context.obj = DataFolder(folder)

    return group


class RoleName(click.ParamType[str]):
    """The name of a role; the roles of a side are loaded when one is typed or listed, not at every start."""

    name = "peran"

    def __init__(self, load_roles: Callable[[], Sequence[str]]) -> None:
        self._load_roles = load_roles

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self._load_roles())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self._load_roles():
            self.fail("unknown role", param, ctx)
        return value


def add_common_commands(
    group: Group, run: Run, *, load_roles: Callable[[], Sequence[str]], role: str, status_help: str
) -> None:
    """Add the commands that both sides have; ``role`` is what a new account gets where none is named."""

    @group.command("lepas-kode", help="Lepas kode HP sebuah akun yang HP dan kertas kodenya hilang.")
    @click.argument("pengguna")
    @click.pass_obj
    def lepas_kode(folder: DataFolder, pengguna: str) -> None:
        run(folder, "lepas-kode", {"pengguna": pengguna})

    @group.command(help="Tambah akun untuk masuk; kata sandi diketik atau lewat masukan standar.")
    @click.argument("pengguna")
    @click.option("--nama", required=True, help="Nama lengkap petugas.")
    @click.option("--jabatan", default="", help="Jabatan petugas.")
    @click.option("--peran", type=RoleName(load_roles), default=role, show_default=True, help="Peran akun.")
    @click.pass_obj
    def akun(folder: DataFolder, /, **args: str) -> None:
        password = click.prompt("Kata sandi", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
        run(folder, "akun", {**args, "kata_sandi": password.rstrip("\n")})

    @group.command(help=status_help)
    @click.pass_obj
    def status(folder: DataFolder) -> None:
        run(folder, "status", {})

    @group.command(help="Periksa semua catatan dan tabel; sebutkan yang rusak.")
    @click.pass_obj
    def verify(folder: DataFolder) -> None:
        try:
            answer = run(folder, "verify", {})
        except Exception as error:
            answer = _verify_unopened(folder, error)
        if not answer["baik"]:
            sys.exit(DamageError.exit_code)

    @group.command(help="Susun ulang semua tabel dari catatan.")
    @click.pass_obj
    def rebuild(folder: DataFolder) -> None:
        if not run(folder, "rebuild", {}).get("baik", True):
            sys.exit(DamageError.exit_code)

    @group.command("bersihkan-lampiran", help="Buang foto dan pindaian yang sudah lama tidak dipakai data mana pun.")
    @click.pass_obj
    def sweep(folder: DataFolder) -> None:
        run(folder, "bersihkan-lampiran", {})

    @group.command(help="Tampilkan alamat untuk komputer dan HP lain di kantor, beserta kode QR-nya.")
    @click.pass_obj
    def alamat(folder: DataFolder) -> None:
        from shared.web.lan import draw_qr_text, find_office_url, find_secure_url

        url = find_office_url(folder)
        if url is None:
            raise EnvironmentProblem(
                "Sipande tidak sedang berjalan, atau hanya untuk komputer ini (serve --host 0.0.0.0 membukanya).",
                "tanpa_alamat",
            )
        click.echo(url)
        click.echo(draw_qr_text(url))
        secure = find_secure_url(folder)
        if secure is not None:
            click.echo(f"Untuk HP yang sudah dipasangi sertifikat kantor: {secure}")

    add_backup_commands(group, run)


def run_and_print(
    folder: DataFolder,
    perintah: str,
    args: dict[str, Any],
    open_side: Callable[..., Any],
    commands: Mapping[str, Callable[..., dict[str, Any]]],
) -> dict[str, Any]:
    """Run one command of a side, here or through its running server; print the answer as one JSON line.

    ``open_side(path, clock=, random=)`` opens the data folder where no server has it.
    """
    # Imported here: --help and usage errors need neither Flask nor SQLite.
    from shared.store.side import open_folder
    from shared.web.local import run_command

    open_folder(folder.path)  # a missing folder is told before it is locked
    answer = run_command(
        folder, perintah, args,
        lambda: closing(open_side(folder.path, clock=SystemClock(), random=system_random)),
        commands, _show_progress,
    )
    click.echo(json.dumps(answer, ensure_ascii=False))
    return answer


def _verify_unopened(folder: DataFolder, error: Exception) -> dict[str, Any]:
    """Say what is damaged where that keeps the data from being opened; raise ``error`` where it is something else."""
    from shared.commands import check_unopened
    from shared.store.telling import is_damage

    if not is_damage(error) or not folder.lock():
        raise error
    try:
        answer = check_unopened(folder, error)
    except Exception:
        raise error from None
    finally:
        folder.unlock()
    if answer["baik"]:
        raise error
    click.echo(json.dumps(answer, ensure_ascii=False))
    return answer


def _show_progress(report: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        click.echo("\r" + " ".join(f"{name} {value}" for name, value in report.items()) + "  ", err=True, nl=False)


def set_up_logging() -> None:
    """Log to standard error what an operator may need; libraries speak only when something is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in ("apscheduler", "waitress", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def explain_usage(error: click.ClickException) -> str:
    """Say in Indonesian what is wrong with a command line, without the values in it."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" Lihat contohnya dengan: {context.command_path} --help" if context else " Tambahkan --help untuk contoh."
    if isinstance(error, click.MissingParameter):
        return f"Bagian {_name_parameter(error)} wajib diisi.{hint}"
    if isinstance(error, click.NoSuchOption):
        return f"Ada pilihan yang tidak dikenal.{hint}"
    if isinstance(error, click.BadOptionUsage):
        return f"Isian {error.option_name} tidak ada atau berlebih.{hint}"
    if isinstance(error, click.BadParameter):
        return f"Isian {_name_parameter(error)} tidak dapat dipakai; periksa lagi.{hint}"
    if isinstance(error, click.FileError):
        return "Berkas itu tidak dapat dibuka. Periksa nama dan hak aksesnya."
    return f"Perintah tidak dikenali atau tidak lengkap.{hint}"


def _name_parameter(error: click.BadParameter) -> str:
    if error.param is None:
        return "perintah"
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.human_readable_name


def _log_defect(error: BaseException) -> None:
    """Log where a defect is, not its message: that may hold a NIK."""
    frames = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-12:])
    )
    _log.error("defect %s: %s", type(error).__name__, frames)


def _say(sentence: str, exit_code: int) -> int:
    click.echo(sentence, err=True)
    return exit_code
