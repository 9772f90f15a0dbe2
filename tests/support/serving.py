"""A small app on real sockets, in a thread of the test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from random import Random

from flask import Blueprint, Flask, request

from shared.clock import SystemClock
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.migrations import apply_migrations
from shared.web.accounts import Role
from shared.web.factory import make_app
from shared.web.guards import UMUM, Registration
from shared.web.local import Command
from shared.web.passwords import Cost
from shared.web.secure import SecureWay
from shared.web.serve import Switch, serve


class Running:
    """The app and its server; three pages, one of 3.2 MB, one that says how it was asked for."""

    def __init__(
        self, path: Path, commands: Mapping[str, Command], host: str = "127.0.0.1", secure: SecureWay | None = None,
        first: Flask | None = None,
    ) -> None:
        """Serve; ``first`` is another app that is there before this one, until the switch changes."""
        self.host, self.secure, self.first = host, secure, first
        self.folder = DataFolder(path)
        self.folder.make()
        assert self.folder.lock()
        self.database = Database(self.folder.database)
        apply_migrations(self.database)
        pages = Blueprint("halaman", __name__)
        pages.add_url_rule("/", "depan", lambda: "halaman depan")
        pages.add_url_rule("/besar", "besar", lambda: b"0123456789abcdef" * 200_000)
        pages.add_url_rule("/skema", "skema", lambda: f"{request.scheme} {request.remote_addr}")
        self.app = make_app(
            __name__, title="Uji", database=self.database, folder=self.folder, clock=SystemClock(),
            random=Random(5).randbytes, roles=[Role("admin", "Admin")], cost=Cost(32, 1),
            registry=[Registration(pages, UMUM)], commands=commands, command_services="server",
            upload_bytes_max=100_000,
        )
        self.stop = threading.Event()
        self.ready = threading.Event()
        self.address = ""
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.ready.wait(10)

    def run(self) -> None:
        self.switch = Switch(self.first or self.app)
        serve(self.switch, self.host, 0, secure=self.secure, stop=self.stop, on_ready=self.note)

    def note(self, address: str) -> None:
        self.address = address
        self.ready.set()

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def close(self) -> None:
        self.stop.set()
        self.thread.join(10)
        self.folder.unlock()
        self.database.close()


def talk(port: int, request: bytes) -> str:
    """Say something in the clear to a port of this machine, and hear all of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode()
