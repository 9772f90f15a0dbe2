"""The second way into a node: a port of its own where phones and other PCs of the office come in by TLS.

Browsers install an app, and keep what is typed from the Wi-Fi, at https alone. Where a node listens for its own machine
only, nothing of this exists: no port, no certificate, no memory.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.errors import EnvironmentProblem
from shared.web.headers import OFFICE_TLS
from shared.web.identity import OfficeIdentity
from shared.web.services import Web
from shared.web.sockets import open_sockets

PORT_DISTANCE = 43
"""From the plain port to this one: 8600 has 8643 beside it."""
_PORT_MAX = 65535
_log = logging.getLogger("sipande.web")


class SecureWay:
    """The port that was asked for (None: the one beside the plain port; 0: any) and what speaks TLS on it.

    ``keys`` is the key folder with the certificates, where it is not that of the app that is served.
    """

    def __init__(self, port: int | None = None, keys: Path | None = None) -> None:
        self._wanted = port
        self._keys = keys
        self._identity: OfficeIdentity | None = None
        self.port: int | None = None

    def listen(self, host: str, plain_port: int) -> list[socket.socket]:
        """Open the port; no sockets where other devices are not served, or cannot have a certificate for the host.

        Raises EnvironmentProblem when a port that was asked for by its number cannot be had.
        """
        if not _may_have_certificate(host):
            return []
        wanted = self._wanted
        if wanted is None:
            wanted = plain_port + PORT_DISTANCE if plain_port + PORT_DISTANCE <= _PORT_MAX else 0
        try:
            sockets = open_sockets(host, wanted)
        except EnvironmentProblem as error:
            if self._wanted is not None:
                raise EnvironmentProblem(
                    f"Port {wanted} untuk https tidak dapat dipakai di komputer ini. Pilih port lain dengan"
                    " --port-https, misalnya --port-https 8643, atau jalankan dengan --tanpa-https.",
                    "port_https",
                ) from error
            # The office works on over its plain address; the page for phones does not offer this one.
            _log.warning("port %d for https is taken", wanted)
            return []
        self.port = int(sockets[0].getsockname()[1])
        return sockets

    def begin(self, shell: Web) -> int | None:
        """Make or take the certificates of an app that has a data folder; tell the port where phones may come in."""
        if self.port is None:
            return None
        keys = self._keys or shell.folder.keys
        self._identity = OfficeIdentity(keys, shell.title, shell.clock, shell.random)
        return self.port if self._identity.find_context() is not None else None

    def find_context(self, address: str) -> ssl.SSLContext | None:
        """Give what speaks TLS at one of the own addresses; None before there is an app with a data folder."""
        identity = self._identity
        return None if identity is None else identity.find_context(address)


def mark_office(app: Callable[..., Any]) -> Callable[..., Any]:
    """Let an app know of each request that it came in by the TLS of the office."""

    def marked(environ: dict[str, Any], start_response: Any) -> Any:
        environ[OFFICE_TLS] = True
        return app(environ, start_response)

    return marked


def _may_have_certificate(host: str) -> bool:
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if address.version != 4 or address.is_loopback:
        return False
    if address.is_unspecified:
        return True
    from shared.web.certificates import is_private

    return is_private(str(address))
