"""The served app over real sockets, and commands that run here or inside the running server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.test import Client

from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.store.folder import DataFolder
from shared.web.crowd import CONNECTIONS_MAX
from shared.web.headers import SECURITY_HEADERS
from shared.web.local import Progress, RemoteError, call_server, run_command
from shared.web.serve import Switch
from shared.web.sockets import open_sockets
from tests.support.serving import Running, talk

Args = dict[str, Any]


def count(services: Any, args: Args, progress: Progress) -> Args:
    for number in range(args["sampai"]):
        progress({"baris": number})
    return {"jumlah": args["sampai"], "layanan": services}


def fail(services: Any, args: Args, progress: Progress) -> Args:
    progress({"baris": 1})
    errors = {
        "orang": UserError("Berkas salah.", "berkas"), "mesin": EnvironmentProblem("Disk penuh.", "disk"),
        "rusak": DamageError("leaf 7"), "cacat": ValueError("NIK 3303990101800001"),
    }
    raise errors[args["jenis"]]


def linger(services: Any, args: Args, progress: Progress) -> Args:
    while True:
        progress({})
        time.sleep(0.01)


COMMANDS = {"hitung": count, "gagal": fail, "lama": linger}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("server") / "data", COMMANDS)
    yield running
    running.close()


@contextmanager
def here() -> Iterator[str]:
    yield "sini"


def nothing(report: Args) -> None:
    pass


def test_a_command_goes_through_the_running_server_with_progress(running: Running) -> None:
    reports: list[Args] = []
    other = DataFolder(running.folder.path)
    result = run_command(other, "hitung", {"sampai": 3}, here, COMMANDS, reports.append)
    assert result == {"jumlah": 3, "layanan": "server"}
    assert reports == [{"baris": 0}, {"baris": 1}, {"baris": 2}]


def test_a_command_runs_here_when_the_folder_is_free(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    assert run_command(folder, "hitung", {"sampai": 1}, here, COMMANDS, nothing)["layanan"] == "sini"
    assert folder.lock()
    folder.unlock()


@pytest.mark.parametrize(
    ("kind", "kode", "exit_code"),
    [("orang", "berkas", 2), ("mesin", "disk", 3), ("rusak", "DamageError", 6), ("cacat", "cacat", 1)],
)
def test_an_error_inside_the_server_arrives_with_its_exit_code(
    running: Running, kind: str, kode: str, exit_code: int
) -> None:
    with pytest.raises(RemoteError) as caught:
        call_server(running.folder, "gagal", {"jenis": kind}, nothing)
    assert (caught.value.kode, caught.value.exit_code) == (kode, exit_code)
    assert "3303990101800001" not in caught.value.pesan


def test_an_unknown_command_is_an_error_and_no_silence(running: Running) -> None:
    with pytest.raises(RemoteError):
        call_server(running.folder, "tidak_ada", {}, nothing)


def test_a_busy_folder_without_server_is_explained(tmp_path: Path) -> None:
    folder, other = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data")
    folder.make()
    assert folder.lock()
    with pytest.raises(EnvironmentProblem, match="sedang dipakai"):
        run_command(other, "hitung", {"sampai": 1}, here, COMMANDS, nothing)
    # A server file that a crash left behind: nobody listens there.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        folder.write_server_file({"address": address, "token": "a" * 64, "pid": 1})
        with pytest.raises(EnvironmentProblem, match="sedang dipakai"):
            run_command(other, "hitung", {"sampai": 1}, here, COMMANDS, nothing)
    folder.unlock()


def test_the_end_of_the_server_ends_a_running_command_within_two_seconds(tmp_path: Path) -> None:
    running = Running(tmp_path / "data", COMMANDS)
    begun = threading.Event()
    errors: list[BaseException] = []

    def call() -> None:
        try:
            call_server(running.folder, "lama", {}, lambda report: begun.set())
        except UserError as error:
            errors.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert begun.wait(10)
    start = time.monotonic()
    running.stop.set()
    running.thread.join(10)
    assert time.monotonic() - start < 2.5
    caller.join(10)
    assert len(errors) == 1 and not running.folder.server_file.exists()
    running.close()


def test_the_server_file_is_private_and_names_this_process(running: Running) -> None:
    content = running.folder.read_server_file() or {}
    assert content["pid"] == os.getpid() and content["address"] == running.address
    assert len(bytes.fromhex(content["token"])) == 32
    assert running.folder.server_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 32100 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
    ],
)
def test_what_never_reaches_flask_is_refused_in_indonesian_with_all_headers(
    running: Running, request_bytes: bytes
) -> None:
    answer = talk(running.port, request_bytes)
    assert answer.startswith(("HTTP/1.1 4", "HTTP/1.0 4", "HTTP/1.1 501", "HTTP/1.0 501"))
    head, _, body = answer.partition("\r\n\r\n")
    for name, value in SECURITY_HEADERS:
        assert f"{name.lower()}: {value}".lower() in head.lower()
    assert "lalu coba lagi" in body and "waitress" not in answer.lower()


def test_flask_answers_413_for_what_is_a_little_too_large(running: Running) -> None:
    answer = requests.post(running.address + "/masuk", data=b"x" * 120_000, timeout=5)
    assert answer.status_code == 413 and "terlalu besar" in answer.text


def test_a_taken_port_is_explained_with_what_to_do(running: Running) -> None:
    with pytest.raises(EnvironmentProblem, match="--port"):
        open_sockets("127.0.0.1", running.port)


@pytest.mark.parametrize("host", ["komputer-desa", "203.0.113.7", "::g"])
def test_a_host_that_is_no_address_of_this_machine_is_explained(host: str) -> None:
    with pytest.raises(EnvironmentProblem, match="--host"):
        open_sockets(host, 0)


def test_a_server_on_another_address_is_reached_over_loopback_too() -> None:
    sockets = open_sockets("127.0.0.2", 0)
    addresses = [item.getsockname()[0] for item in sockets]
    for item in sockets:
        item.close()
    assert addresses == ["127.0.0.2"]


PROGRAM = """
    import sys
    from pathlib import Path
    from flask import Blueprint
    from shared.clock import SystemClock, system_random
    from shared.store.connection import Database
    from shared.store.folder import DataFolder
    from shared.store.migrations import apply_migrations
    from shared.web.accounts import Role
    from shared.web.factory import make_app
    from shared.web.guards import UMUM, Registration
    from shared.web.serve import serve

    folder = DataFolder(Path(sys.argv[1]))
    folder.make()
    database = Database(folder.database)
    apply_migrations(database)
    app = make_app("uji", title="Uji", database=database, folder=folder, clock=SystemClock(),
                   random=system_random, roles=[Role("admin", "Admin")],
                   registry=[Registration(Blueprint("kosong", "uji"), UMUM)])
    serve(app, "127.0.0.1", 0, on_ready=lambda address: print(address, flush=True))
    database.close()
    print("selesai", "requests" in sys.modules, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly_within_two_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "data")],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with requests.Session() as session:
            # The connection stays open, as that of a browser does.
            assert session.get(address + "/masuk", timeout=5).status_code == 200
            start = time.monotonic()
            process.send_signal(number)
            rest = process.stdout.read()
            assert process.wait(10) == 0 and time.monotonic() - start < 2.0
    assert rest == "selesai False\n"
    assert not (tmp_path / "data" / "server.json").exists()


def test_many_slow_connections_of_one_address_leave_places_for_others(running: Running) -> None:
    head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    with ExitStack() as stack:

        def connect(source: str) -> socket.socket:
            made = socket.create_connection(("127.0.0.1", running.port), timeout=5, source_address=(source, 0))
            return stack.enter_context(made)

        honest = connect("127.0.0.2")
        honest.sendall(head)
        for _ in range(CONNECTIONS_MAX + 50):
            connect("127.0.0.1").sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx")
        late = connect("127.0.0.2")
        late.sendall(head)
        # Both are slow themselves, and finish in their own time.
        for line in (late, honest):
            line.sendall(b"\r\n")
            assert line.recv(65536).startswith(b"HTTP/1.1 ")


def test_a_large_body_is_read_at_the_one_address_that_takes_it_and_nowhere_else(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(running.app.config, "BIG_UPLOADS", {"halaman.depan": 50_000_000})
    monkeypatch.setattr(running.switch, "_big", (None, {}))
    head = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n"
    assert "413" in talk(running.port, head.format("/masuk").encode()).split("\r\n")[0]
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
        connection.sendall(head.format("/").encode())
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


# The switch ------------------------------------------------------------------------------------------------------


def _make_held_app(inside: threading.Event, go_on: threading.Event) -> Flask:
    app = Flask(__name__)

    def answer() -> Iterator[bytes]:
        yield b"a"
        inside.set()
        assert go_on.wait(10)
        yield b"b"

    app.add_url_rule("/", "depan", lambda: app.response_class(answer()))
    app.add_url_rule("/cacat", "cacat", lambda: 1 // 0)
    return app


def test_a_switch_knows_when_the_app_before_has_given_its_last_answer_to_the_end() -> None:
    inside, go_on = threading.Event(), threading.Event()
    first, second = _make_held_app(inside, go_on), Flask(__name__)
    second.add_url_rule("/", "depan", lambda: "kedua")
    switch, answers = Switch(first), list[str]()
    assert switch.wait_until_idle(first, 0)
    work = threading.Thread(target=lambda: answers.append(Client(switch).get("/", buffered=True).text))
    work.start()
    assert inside.wait(10)
    assert switch.lead(second) is first and not switch.wait_until_idle(first, 0.05)
    assert Client(switch).get("/", buffered=True).text == "kedua", "others go to the next app already"
    go_on.set()
    assert switch.wait_until_idle(first, 10)
    work.join(10)
    assert answers == ["ab"] and switch.wait_until_idle(second, 0)


def test_an_answer_that_is_given_up_or_never_begins_is_over_too() -> None:
    inside, go_on = threading.Event(), threading.Event()
    app = _make_held_app(inside, go_on)
    switch = Switch(app)
    answer = Client(switch).get("/")
    assert not switch.wait_until_idle(app, 0)
    answer.close()
    assert switch.wait_until_idle(app, 0)
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        Client(switch).get("/cacat")
    assert switch.wait_until_idle(app, 0)
