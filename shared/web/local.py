"""Commands that need the data folder: run here when it is free, or inside the running server.

`POST /_lokal/v1/<perintah>` takes JSON and streams lines of JSON: ``{"progres": …}`` as often as the command
reports, ``{}`` as a sign of life, and at the end ``{"hasil": …}`` or ``{"galat": …, "kode": …, "exit": n}``.
Only this machine may call it, with the token of ``server.json``, which its owner alone can read.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from flask import Blueprint, Response, abort, request

from shared.errors import EnvironmentProblem, SipandeError, UserError
from shared.explain import explain_error, explain_system
from shared.store.folder import DataFolder
from shared.web.services import Web, web

Progress = Callable[[dict[str, Any]], None]
Command = Callable[[Any, dict[str, Any], Progress], dict[str, Any]]

_log = logging.getLogger("sipande.web")
_PREFIX = "/_lokal/v1"
_LIFE_SIGN_S = 5.0
_SILENCE_S_MAX = 60.0
_QUEUE_MAX = 1000
# For a defect. Its text is English, meant for logs, and may hold data.
_FAILED = "Perintah gagal dan yang belum selesai tidak disimpan. Ulangi; bila gagal lagi, hubungi admin."


class CommandStopped(SipandeError):
    """The server ends or nobody listens any more; raised inside a command by its report of progress."""


class RemoteError(UserError):
    """The running server could not do a command; ``exit_code`` is what the command itself would give."""

    def __init__(self, pesan: str, kode: str, exit_code: int) -> None:
        super().__init__(pesan, kode)
        self.exit_code = exit_code


def make_local_blueprint(commands: Mapping[str, Command], services: Any) -> Blueprint:
    """Make the endpoint for the commands; register it with the guard LOKAL and no other."""
    blueprint = Blueprint("lokal", __name__)

    @blueprint.post(f"{_PREFIX}/<perintah>")
    def run(perintah: str) -> Response:
        command = commands.get(perintah)
        if command is None:
            abort(404)
        args = request.get_json(silent=True)
        if not isinstance(args, dict):
            abort(400)
        return Response(_stream(web(), command, services, args), mimetype="application/x-ndjson")

    return blueprint


def run_command(
    folder: DataFolder,
    perintah: str,
    args: dict[str, Any],
    open_services: Callable[[], AbstractContextManager[Any]],
    commands: Mapping[str, Command],
    on_progress: Progress,
) -> dict[str, Any]:
    """Run a command under the folder lock, or through the running server when that has the folder.

    Raises the SipandeError of the command; EnvironmentProblem when the folder is busy with something else.
    """
    if folder.lock():
        try:
            with open_services() as services:
                return commands[perintah](services, args, on_progress)
        finally:
            folder.unlock()
    return call_server(folder, perintah, args, on_progress)


def call_server(
    folder: DataFolder, perintah: str, args: dict[str, Any], on_progress: Progress
) -> dict[str, Any]:
    """Let the running server do a command and hand on its progress; raises what run_command raises."""
    # Imported here: a server never needs it for this, and it costs several megabytes.
    import requests

    content = folder.read_server_file()
    if content is None:
        raise _folder_busy()
    with requests.Session() as session:
        # No proxy and no .netrc of the environment: the server is this machine.
        session.trust_env = False
        try:
            with session.post(
                f"{content.get('address')}{_PREFIX}/{perintah}",
                json=args,
                headers={"Authorization": f"Bearer {content.get('token')}"},
                stream=True,
                allow_redirects=False,
                timeout=(5, _SILENCE_S_MAX),
            ) as answer:
                return _read_answer(answer.status_code, answer.iter_lines(chunk_size=None), on_progress)
        except requests.exceptions.ConnectTimeout as error:
            raise _folder_busy() from error
        except requests.exceptions.ConnectionError as error:
            # A refused connection proves that nothing was begun; a broken one proves nothing.
            refused = "NewConnectionError" in repr(error)
            raise (_folder_busy() if refused else _broken_off()) from error
        except requests.exceptions.RequestException as error:
            raise _broken_off() from error


def _stream(shell: Web, command: Command, services: Any, args: dict[str, Any]) -> Iterator[bytes]:
    lines: queue.Queue[tuple[bool, dict[str, Any]]] = queue.Queue(_QUEUE_MAX)
    gone = threading.Event()

    def progress(report: dict[str, Any]) -> None:
        if gone.is_set() or shell.stopping.is_set():
            raise CommandStopped("nobody waits for this command any more")
        try:
            lines.put_nowait((False, {"progres": report}))
        except queue.Full:
            pass  # the reader is slow; a missed report of progress hurts nobody

    def work() -> None:
        final = _run_safely(command, services, args, progress)
        while not gone.is_set():
            try:
                lines.put((True, final), timeout=1)
                return
            except queue.Full:
                continue

    threading.Thread(target=work, name="lokal", daemon=True).start()
    try:
        while True:
            try:
                is_last, line = lines.get(timeout=_LIFE_SIGN_S)
            except queue.Empty:
                is_last, line = False, {}
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
            if is_last:
                return
    finally:
        gone.set()


def _run_safely(command: Command, services: Any, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    try:
        return {"hasil": command(services, args, progress)}
    except UserError as error:
        return {"galat": error.pesan, "kode": error.kode, "exit": error.exit_code}
    except CommandStopped:
        return {"galat": "Perintah dihentikan sebelum selesai.", "kode": "dihentikan", "exit": 3}
    except SipandeError as error:
        return {"galat": explain_error(error), "kode": type(error).__name__, "exit": error.exit_code}
    except OSError as error:
        _log.warning("%s in a local command", type(error).__name__)
        return {"galat": explain_system(error), "kode": "mesin", "exit": EnvironmentProblem.exit_code}
    except Exception as error:  # noqa: BLE001 - a defect of one command must not end the server
        _log.error("defect %s in a local command", type(error).__name__)
        return {"galat": _FAILED, "kode": "cacat", "exit": 1}


def _read_answer(status: int, lines: Iterator[bytes], on_progress: Progress) -> dict[str, Any]:
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            break
        if not isinstance(line, dict):
            break
        if "progres" in line:
            on_progress(line["progres"])
        elif isinstance(line.get("hasil"), dict) and status == 200:
            return dict(line["hasil"])
        elif "galat" in line:
            raise RemoteError(str(line["galat"]), str(line.get("kode", "")), int(line.get("exit", 1)))
    raise _broken_off()


def _folder_busy() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Folder data sedang dipakai program Sipande lain yang belum siap menerima perintah."
        " Tunggu sampai selesai, lalu ulangi perintah ini.",
        "folder_dipakai",
    )


def _broken_off() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Sambungan ke Sipande yang sedang berjalan terputus sebelum perintah selesai."
        " Periksa dulu hasilnya di layar, baru ulangi bila perlu.",
        "server_putus",
    )
