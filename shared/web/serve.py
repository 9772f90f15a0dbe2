"""Serves an app with waitress on a small PC; tells commands where it listens; ends within two seconds."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask

from shared.errors import EnvironmentProblem
from shared.web.crowd import CONNECTIONS_MAX, CROWDED, make_room
from shared.web.guards import check_policies
from shared.web.headers import SECURITY_HEADERS
from shared.web.secure import SecureWay, mark_office
from shared.web.services import Web
from shared.web.sockets import open_sockets, own_address

THREADS = 8
_STOP_S_MAX = 1.5
_M_ARENA_MAX = -8
_LOOP_S = 0.5
_BODY_BYTES = 26_000_000
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
        self._busy: dict[Flask, int] = {}
        self._one_less = threading.Condition()
        self._big: tuple[Flask | None, dict[str, int]] = (None, {})

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._one_less:
            app = self.app
            self._busy[app] = self._busy.get(app, 0) + 1
        try:
            answer = app(environ, start_response)
        except BaseException:
            self._note_end(app)
            raise
        if isinstance(answer, ReadOnlyFileBasedBuffer):
            # A file is sent by waitress itself, and needs nothing more of the app.
            self._note_end(app)
            return answer
        return _Answer(answer, lambda: self._note_end(app))

    def _note_end(self, app: Flask) -> None:
        with self._one_less:
            self._busy[app] -= 1
            if not self._busy[app]:
                del self._busy[app]
            self._one_less.notify_all()

    def wait_until_idle(self, app: Flask, wait_s: float) -> bool:
        """Wait until no request is in flight in an app that gets no more; False where that takes longer."""
        with self._one_less:
            return self._one_less.wait_for(lambda: app not in self._busy, wait_s)

    def lead(self, app: Flask) -> Flask:
        """Let all further requests go to another app, while the former may still finish its work; give the former."""
        if self._present is not None:
            self._present(app)
        with self._one_less:
            before, self.app = self.app, app
        return before

    def change(self, app: Flask) -> None:
        """Let all further requests go to another app; long work of the former ends."""
        shell = self.lead(app).extensions.get("sipande")
        if shell is not None:
            shell.stopping.set()

    def find_body_max(self, path: str) -> int:
        """Tell how much is read of a request for a path before the app is asked, in bytes."""
        app = self.app
        big = app.config.get("BIG_UPLOADS", {})
        if self._big[0] is not app:
            self._big = app, {
                rule.rule: big[rule.endpoint] for rule in app.url_map.iter_rules() if rule.endpoint in big
            }
        # Flask answers first what is little too large; what is larger is not read to its end.
        return int(self._big[1].get(path, app.config["MAX_CONTENT_LENGTH"] or _BODY_BYTES)) + 65536

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


class _Answer:
    """The body of an answer, which says once when it was given to its end, or given up."""

    def __init__(self, parts: Iterable[bytes], end: Callable[[], None]) -> None:
        self._parts, self._iterator = parts, iter(parts)
        self._end: Callable[[], None] | None = end

    def __iter__(self) -> _Answer:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._iterator)
        except BaseException:
            self._say_end()
            raise

    def close(self) -> None:
        """Let the app clean up behind its answer."""
        try:
            if hasattr(self._parts, "close"):
                self._parts.close()
        finally:
            self._say_end()

    def _say_end(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()


class _Narrow:
    """The settings of the server with another limit for the body of one request."""

    def __init__(self, settings: Any, body_max: int) -> None:
        self._settings = settings
        self.max_request_body_size = body_max

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)


def _make_channel(switch: Switch) -> type[HTTPChannel]:
    """Make the connections of a server, which read of a request what its route may take and no more.

    Whole backups come in at one address; elsewhere nobody, known or not, fills the disk with as much.
    """

    class Request(HTTPRequestParser):  # type: ignore[misc]
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            self.adj = _Narrow(self.adj, switch.find_body_max(self.path))

    class Channel(HTTPChannel):  # type: ignore[misc]
        error_task_class = _Refusal
        parser_class = Request

    return Channel


def serve(
    app: Flask | Switch,
    host: str,
    port: int,
    *,
    trusted_proxy: str | None = None,
    secure: SecureWay | None = None,
    on_ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or ``stop``; the caller holds the folder lock and closes the database.

    ``on_ready`` gets the address that a browser on this machine opens. ``trusted_proxy`` is the address of
    a reverse proxy whose X-Forwarded-For and -Proto are believed. ``secure`` is the second way in, for other
    devices of an office. Raises EnvironmentProblem when it cannot listen.
    """
    switch = app if isinstance(app, Switch) else Switch(app)
    _keep_memory_together()
    sockets, secured = _open_all(host, port, secure)
    stopping = stop or threading.Event()
    servers: dict[int, Any] = {}
    options: dict[str, Any] = {}
    if trusted_proxy is not None:
        options.update(
            trusted_proxy=trusted_proxy, trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"}
        )
    server, listeners = _make_server(switch, servers, sockets, **options)
    channel = _make_channel(switch)
    for listener in listeners:
        listener.channel_class = channel
    first = sockets[0].getsockname()
    actual_port = first[1]
    address = f"http://{own_address(sockets)}:{actual_port}"
    if secure is not None and secured:
        listeners += _add_secure(secure, switch, server, servers, secured, channel)
    switch.begin(lambda current: _present(current, address, first, secure))
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


def _make_server(
    app: Any, servers: dict[int, Any], sockets: list[socket.socket], **options: Any
) -> tuple[Any, list[BaseWSGIServer]]:
    """Put a server of these sockets into the loop; give it and its listeners."""
    before = set(servers.values())
    server = create_server(
        app,
        map=servers,
        sockets=sockets,
        threads=THREADS,
        connection_limit=CONNECTIONS_MAX,
        backlog=64,
        channel_timeout=60,
        cleanup_interval=15,
        max_request_header_size=32000,
        asyncore_use_poll=os.name == "posix",
        ident=None,
        **options,
    )
    added = [item for item in servers.values() if item not in before and isinstance(item, BaseWSGIServer)]
    return server, added


def _open_all(
    host: str, port: int, secure: SecureWay | None
) -> tuple[list[socket.socket], list[socket.socket]]:
    """Listen on the plain port, and on the one for TLS where there is to be one."""
    sockets = open_sockets(host, port)
    try:
        return sockets, [] if secure is None else secure.listen(host, sockets[0].getsockname()[1])
    except EnvironmentProblem:
        for opened in sockets:
            opened.close()
        raise


def _add_secure(
    secure: SecureWay, switch: Switch, server: Any, servers: dict[int, Any], sockets: list[socket.socket],
    channel: type[HTTPChannel],
) -> list[BaseWSGIServer]:
    """Serve the same app by TLS too, with the same workers and the same places for connections."""
    # Imported here: for this machine alone none of it is needed.
    from shared.web.tls import make_acceptor

    _, listeners = _make_server(
        mark_office(switch), servers, sockets, url_scheme="https", _dispatcher=server.task_dispatcher,
    )
    for listener in listeners:
        listener.channel_class = make_acceptor(channel, secure.find_context)
    return listeners


def _present(app: Flask, address: str, first: tuple[Any, ...], secure: SecureWay | None) -> None:
    """Check an app and tell local commands where it listens; one without a data folder has none to tell.

    ``first`` is the name of the first socket: the address asked for, and the port.
    """
    shell: Web | None = app.extensions.get("sipande")
    if shell is not None:
        check_policies(app, shell.roles)
        # host and ports tell other devices of the office how to come here (shared.web.lan).
        shell.folder.write_server_file({
            "address": address, "token": shell.random(32).hex(), "pid": os.getpid(), "host": str(first[0]),
            "port": first[1], "port_https": None if secure is None else secure.begin(shell),
        })


def _keep_memory_together() -> None:
    """Let all threads share one malloc arena: with one each, a first sync left 35 MB of holes (glibc only)."""
    try:
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, 1)
    except (OSError, AttributeError):
        pass


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
