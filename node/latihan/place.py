"""The practice village beside a running node: opened when somebody asks for it, on a port of its own.

It runs in the same process with a data folder, a database and keys of its own; nothing of the desa is in it but the
accounts, so that people log in as always.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from node.latihan.make import list_people, practice_folder, take_people
from node.services import NodeServices, Ports
from shared.errors import EnvironmentProblem, UserError
from shared.store.folder import DataFolder
from shared.web.secure import SecureWay
from shared.web.serve import Switch, serve

log = logging.getLogger("sipande.node")
_START_S_MAX = 30.0
_END_S_MAX = 3.0


class Office(Protocol):
    """What runs on the folder of the practice (node.server)."""

    services: NodeServices | None

    def begin(self, say: Callable[[str], None], latihan: bool = False) -> Switch: ...

    def close(self) -> None: ...


class PracticePlace:
    """Opens and closes the practice village that belongs to a node."""

    def __init__(self, node: NodeServices, make_office: Callable[[DataFolder, Ports], Office]) -> None:
        self._node = node
        self._make_office = make_office
        self._lock = threading.Lock()
        self._running: _Running | None = None

    @property
    def ports(self) -> Ports | None:
        """Tell where the open practice listens; None while it is closed."""
        running = self._running
        return running.ports if running is not None and running.is_alive else None

    def open(self) -> None:
        """Open it, or let new people into the one that is open; UserError says why it cannot be."""
        with self._lock:
            if self.ports is None:
                self._running = self._start()
            assert self._running is not None
            self._running.let_in(self._node)

    def close(self) -> None:
        """Close it; what was practised stays for the next time."""
        with self._lock:
            if self._running is not None:
                self._running.end()
                self._running = None

    def _start(self) -> _Running:
        content = self._node.folder.read_server_file() or {}
        host, port, https = content.get("host"), content.get("port"), content.get("port_https")
        if not isinstance(host, str) or not isinstance(port, int):
            raise _cannot_open()
        folder = DataFolder(practice_folder(self._node.folder.path))
        folder.make()
        if not folder.lock():
            raise EnvironmentProblem(
                "Tempat latihan sedang dipakai program Sipande yang lain di komputer ini. Tutup dulu yang itu.",
                "latihan",
            )
        try:
            office = self._make_office(folder, Ports(port, https if isinstance(https, int) else None))
            switch = office.begin(lambda text: None, latihan=True)
        except BaseException:
            folder.unlock()
            raise
        for wanted in (port + 1, 0):
            # By TLS with the certificates of the desa: the passwords are those of the desa too.
            secure = None if https is None else SecureWay(0 if wanted == 0 else None, self._node.folder.keys)
            running = _Running(folder, office, switch, host, wanted, secure)
            if running.begin():
                return running
        running.clean_up()
        raise running.problem or _cannot_open()


class _Running:
    """One practice that is served in a thread of its own; ``port`` 0 lets the system choose."""

    def __init__(
        self, folder: DataFolder, office: Office, switch: Switch, host: str, port: int, secure: SecureWay | None
    ) -> None:
        self._folder = folder
        self._office = office
        self._switch = switch
        self._host = host
        self.ports = Ports(port)
        self._secure = secure
        self.problem: UserError | None = None
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="latihan", daemon=True)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive() and not self._stop.is_set()

    def begin(self) -> bool:
        """Start serving; False when the port is taken."""
        self._thread.start()
        return self._ready.wait(_START_S_MAX) and self.problem is None

    def let_in(self, node: NodeServices) -> None:
        """Let the people of a node log in with the passwords that they have there."""
        assert self._office.services is not None
        take_people(self._office.services, list_people(node))

    def end(self) -> None:
        """Stop serving; returns when the folder is free again."""
        self._stop.set()
        self._thread.join(_END_S_MAX)

    def clean_up(self) -> None:
        """Close what the practice had open."""
        self._office.close()
        self._folder.unlock()

    def _serve(self) -> None:
        try:
            serve(
                self._switch, self._host, self.ports.plain, secure=self._secure, on_ready=self._note_port,
                stop=self._stop,
            )
        except EnvironmentProblem as error:
            self.problem = error
        except Exception as error:  # noqa: BLE001 - the desa itself goes on
            log.error("defect %s in the practice", type(error).__name__)
            self.problem = _cannot_open()
        finally:
            if self._ready.is_set():
                self.clean_up()
            # Otherwise it never began, and whoever waits may try another port with the same folder.
            self._ready.set()

    def _note_port(self, address: str) -> None:
        https = None if self._secure is None else self._secure.port
        self.ports = Ports(int(address.rsplit(":", 1)[1]), https)
        self._ready.set()


def _cannot_open() -> EnvironmentProblem:
    return EnvironmentProblem("Tempat latihan belum dapat dibuka. Tunggu sebentar, lalu coba lagi.", "latihan")
