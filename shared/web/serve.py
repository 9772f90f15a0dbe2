"""Serves an app with waitress on a small PC; tells commands where it listens; ends within two seconds.

Addresses are figures only: no name is ever looked up, since an office without internet would wait for it.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask

from shared.errors import EnvironmentProblem
from shared.web.crowd import CONNECTIONS_MAX, CROWDED, make_room
from shared.web.guards import check_policies
from shared.web.headers import SECURITY_HEADERS
from shared.web.services import Web

THREADS = 8
_STOP_S_MAX = 1.5
_M_ARENA_MAX = -8
_LOOP_S = 0.5
_log = logging.getLogger("sipande.web")
_UNREADABLE = "Permintaan tidak dapat dibaca. Muat ulang halamannya, lalu coba lagi."
_REFUSALS = {
    413: "Kiriman terlalu besar. Perkecil berkasnya atau kirim sebagian-sebagian, lalu coba lagi.",
    500: "Ada gangguan di program. Coba lagi.",
}


class _Refusal(ErrorTask):  # type: ignore[misc]
    """The answer to a request that never reaches Flask (malformed, too large), in the words of the house."""

    def execute(self) -> None:
        error = self.request.error
        body = _REFUSALS.get(error.code, _UNREADABLE).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(SECURITY_HEADERS)
        self.response_headers.append(("Content-Type", "text/plain; charset=utf-8"))
        self.response_headers.append(("Cache-Control", "no-store"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Switch:
    """A WSGI application whose app can be replaced while it is served, without a new start by hand."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._present: Callable[[Flask], None] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.app(environ, start_response)

    def change(self, app: Flask) -> None:
        """Let all further requests go to another app; long work of the former ends."""
        before = self.app
        if self._present is not None:
            self._present(app)
        self.app = app
        shell = before.extensions.get("sipande")
        if shell is not None:
            shell.stopping.set()

    def begin(self, present: Callable[[Flask], None]) -> None:
        """Present the first app, and from now on every other, to the server."""
        self._present = present
        present(self.app)

    def end(self) -> None:
        """Tell the present app that the server ends."""
        shell = self.app.extensions.get("sipande")
        if shell is not None:
            shell.stopping.set()
            shell.folder.remove_server_file()


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _Refusal


def serve(
    app: Flask | Switch,
    host: str,
    port: int,
    *,
    trusted_proxy: str | None = None,
    on_ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or ``stop``; the caller holds the folder lock and closes the database.

    ``on_ready`` gets the address that a browser on this machine opens. ``trusted_proxy`` is the address of
    a reverse proxy whose X-Forwarded-For and -Proto are believed. Raises EnvironmentProblem when it cannot
    listen.
    """
    switch = app if isinstance(app, Switch) else Switch(app)
    _keep_memory_together()
    sockets = open_sockets(host, port)
    stopping = stop or threading.Event()
    servers: dict[int, Any] = {}
    options: dict[str, Any] = {}
    if trusted_proxy is not None:
        options.update(
            trusted_proxy=trusted_proxy, trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"}
        )
    server = create_server(
        switch,
        map=servers,
        sockets=sockets,
        threads=THREADS,
        connection_limit=CONNECTIONS_MAX,
        backlog=64,
        channel_timeout=60,
        cleanup_interval=15,
        max_request_header_size=32000,
        # Flask answers first what is little too large; what is larger is not read to its end.
        max_request_body_size=_largest_body(switch.app) + 65536,
        asyncore_use_poll=os.name == "posix",
        ident=None,
        **options,
    )
    listeners = [item for item in servers.values() if isinstance(item, BaseWSGIServer)]
    for listener in listeners:
        listener.channel_class = _Channel
    first = sockets[0].getsockname()
    actual_port = first[1]
    address = f"http://{_own_address(sockets)}:{actual_port}"
    switch.begin(lambda current: _present(current, address, first))
    _log.info("listening on port %d", actual_port)
    try:
        with _signals(stopping, listeners[0].pull_trigger):
            if on_ready is not None:
                on_ready(address)
            while not stopping.is_set():
                wasyncore.loop(timeout=_LOOP_S, map=servers, use_poll=os.name == "posix", count=1)
                if len(servers) > CROWDED:
                    make_room(item for item in tuple(servers.values()) if isinstance(item, HTTPChannel))
    finally:
        switch.end()
        for listener in listeners:
            listener.accepting = False
        server.task_dispatcher.shutdown(timeout=_STOP_S_MAX)
        wasyncore.close_all(servers, ignore_all=True)
        _log.info("stopped")


def _present(app: Flask, address: str, first: tuple[Any, ...]) -> None:
    """Check an app and tell local commands where it listens; one without a data folder has none to tell.

    ``first`` is the name of the first socket: the address asked for, and the port.
    """
    shell: Web | None = app.extensions.get("sipande")
    if shell is not None:
        check_policies(app, shell.roles)
        # host and port tell other devices of the office how to come here (shared.web.lan).
        shell.folder.write_server_file({
            "address": address, "token": shell.random(32).hex(), "pid": os.getpid(), "host": str(first[0]),
            "port": first[1],
        })


def _keep_memory_together() -> None:
    """Let all threads share one malloc arena: with one each, a first sync left 35 MB of holes (glibc only)."""
    try:
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, 1)
    except (OSError, AttributeError):
        pass


def _largest_body(app: Flask) -> int:
    """Tell how much the largest route takes; which one a request is for is known to Flask alone."""
    sizes: list[int] = [app.config["MAX_CONTENT_LENGTH"] or 26_000_000, *app.config.get("BIG_UPLOADS", {}).values()]
    return max(sizes)


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Listen on an address, and on loopback too when it is another, so that local commands always reach us.

    Port 0 lets the system choose. Raises EnvironmentProblem with what to do.
    """
    wanted = _parse_host(host)
    first = _listen(str(wanted), port)
    sockets = [first]
    if not wanted.is_loopback and not (wanted.version == 4 and wanted.is_unspecified):
        try:
            sockets.append(_listen("127.0.0.1", first.getsockname()[1]))
        except EnvironmentProblem:
            first.close()
            raise
    return sockets


def _parse_host(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise EnvironmentProblem(
            "Alamat pada --host harus berupa angka, misalnya 127.0.0.1 (hanya komputer ini)"
            " atau 0.0.0.0 (semua komputer di jaringan kantor).",
            "alamat_salah",
        ) from error


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise EnvironmentProblem("Nomor pada --port harus antara 1 dan 65535, misalnya 8080.", "port_salah")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:  # pragma: no cover - on Windows REUSEADDR would let a second server steal the port
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        # Here and not later: two servers may bind one port, and only listening tells them.
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise _explain(error, host, port) from error
    return listener


def _explain(error: OSError, host: str, port: int) -> EnvironmentProblem:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8080
        return EnvironmentProblem(
            f"Port {port} sudah dipakai program lain di komputer ini (mungkin Sipande sudah berjalan)."
            f" Tutup program itu, atau pilih port lain dengan --port, misalnya --port {other}.",
            "port_dipakai",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return EnvironmentProblem(
            f"Port {port} tidak boleh dipakai oleh akun komputer ini."
            " Pilih port lain dengan --port, misalnya --port 8080.",
            "port_dilarang",
        )
    return EnvironmentProblem(
        f"Alamat {host} bukan alamat komputer ini. Pilih alamat lain dengan --host, misalnya --host 0.0.0.0.",
        "alamat_salah",
    )


def _own_address(sockets: list[socket.socket]) -> str:
    """Tell under which address this machine itself reaches one of the sockets."""
    address = str(sockets[-1].getsockname()[0])
    if address == "0.0.0.0":
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


@contextmanager
def _signals(stopping: threading.Event, wake: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the loop; only the main thread can ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        stopping.set()
        wake()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
