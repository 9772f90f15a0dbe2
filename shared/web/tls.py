"""Lets waitress speak TLS: a channel that shakes hands and decrypts without ever waiting for its peer.

waitress itself has no TLS and leaves it to a proxy, which no village office has. Servers that have it were weighed and
left (docs/adr/0018): there a phone that connects and says nothing holds up the others. Here a slow one holds a place
among the connections and nothing else, just as over plain HTTP, and the same limits count it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waitress.channel import HTTPChannel

from shared.web.headers import SECURITY_HEADERS

FindContext = Callable[[str], ssl.SSLContext | None]
"""Gives what speaks TLS at one of the own addresses; None where nothing can."""
_HANDSHAKE = b"\x16"
"""With this octet every TLS connection begins (RFC 8446 5.1); no request of HTTP does."""
_PLAIN_BODY = (
    "Alamat ini harus dibuka dengan https. Ketik https:// di depan alamatnya, atau pindai lagi kotak QR di halaman"
    " Buka dari HP atau komputer lain, lalu coba lagi."
).encode()
_PLAIN_HEADERS = (
    *SECURITY_HEADERS, ("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"),
    ("Content-Length", str(len(_PLAIN_BODY))), ("Connection", "close"),
)
_PLAIN_ANSWER = b"HTTP/1.1 400 Bad Request\r\n" + "".join(
    f"{name}: {value}\r\n" for name, value in _PLAIN_HEADERS
).encode() + b"\r\n" + _PLAIN_BODY


def make_acceptor(channel: type[HTTPChannel], find_context: FindContext) -> Callable[..., HTTPChannel | None]:
    """Make what a waitress server calls for each new connection in place of its channel class."""
    class Secured(TlsMixin, channel):  # type: ignore[misc]
        pass

    def accept(server: Any, conn: socket.socket, addr: Any, adj: Any, map: Any = None) -> HTTPChannel | None:
        # Nothing may be raised here: waitress would take it for a fault of the listener and close that.
        try:
            context = find_context(str(conn.getsockname()[0]))
            if context is not None:
                conn.setblocking(False)
                secured = context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False)
                return Secured(server, secured, addr, adj, map=map)
        except (OSError, ValueError):
            pass
        conn.close()
        return None

    return accept


class TlsMixin:
    """What differs from a plain channel; ``socket`` is an SSLSocket that never blocks.

    Two threads touch it: the loop reads and writes, a worker writes the answer. OpenSSL wants them one at a time.
    """

    socket: ssl.SSLSocket | None
    adj: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tls_lock = threading.Lock()
        self._has_begun = False
        self._is_open = False
        self._wants_write = False
        self._arrived = b""
        super().__init__(*args, **kwargs)

    def readable(self) -> bool:
        return not self._wants_write and bool(super().readable())  # type: ignore[misc]

    def writable(self) -> bool:
        return self._wants_write or bool(super().writable())  # type: ignore[misc]

    def handle_read(self) -> None:
        """Go on with the handshake, then read what has come; nothing yet is no end of the connection."""
        try:
            data = self._read()
        except ssl.SSLWantWriteError:
            self._wants_write = True
            return
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        except (OSError, ValueError):
            # No TLS, another version, a certificate that the phone does not take: nobody is there to be told.
            data = b""
        self._arrived = data
        super().handle_read()  # type: ignore[misc]

    def recv(self, buffer_size: int) -> bytes:
        """Give waitress what has been decrypted; nothing is the end."""
        data, self._arrived = self._arrived, b""
        if not data:
            self.handle_close()
        return data

    def handle_write(self) -> None:
        if self._wants_write:
            self._wants_write = False
            self.handle_read()
            return
        if not self._is_open:
            # Asked to close before there was anything to flush.
            self.handle_close()
            return
        super().handle_write()  # type: ignore[misc]

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the connection takes now; 0 when that is nothing."""
        try:
            with self._tls_lock:
                # After the goodbye the socket would send what it is given in the clear.
                return self.socket.send(data) if self.socket is not None and self._is_open else 0
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return 0
        except (OSError, ValueError):
            if do_close:
                self.handle_close()
            return 0

    def handle_close(self) -> None:
        self._say_goodbye()
        super().handle_close()  # type: ignore[misc]

    def close(self) -> None:
        self._say_goodbye()
        super().close()  # type: ignore[misc]

    def _say_goodbye(self) -> None:
        """Tell the peer that nothing was cut off (RFC 8446 6.1), once, where it still listens."""
        with self._tls_lock:
            if self.socket is not None and self._is_open:
                self._is_open = False
                with suppress(OSError, ValueError):
                    # Sends the notice at once; that the answer to it is not waited for shows as an error.
                    self.socket.unwrap()

    def _read(self) -> bytes:
        """Read one portion; empty at the end of the connection. Raises what OpenSSL says, also that more is needed."""
        with self._tls_lock:
            sock = self.socket
            if sock is None:
                return b""
            if not self._has_begun and not self._begin(sock):
                return b""
            if not self._is_open:
                sock.do_handshake()
                self._is_open = True
            data = sock.recv(self.adj.recv_bytes)
            # What OpenSSL has decrypted already is not seen by poll any more.
            while (left := sock.pending()) > 0:
                data += sock.recv(left)
            return data

    def _begin(self, sock: ssl.SSLSocket) -> bool:
        """Look at the first octet; whoever speaks plain HTTP is told in plain HTTP how to come in."""
        first = socket.socket.recv(sock, 1, socket.MSG_PEEK)
        self._has_begun = True
        if first == _HANDSHAKE:
            return True
        if first.isalpha():
            # Read first: what lies unread at the end would make the system tear down the answer.
            socket.socket.recv(sock, self.adj.max_request_header_size)
            socket.socket.send(sock, _PLAIN_ANSWER)
        return False
