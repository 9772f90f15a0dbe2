"""A link that dies: a TCP relay on loopback that counts bytes and cuts connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Link:
    """Relays to one address; ``cut_every`` bytes up kill a connection, ``cut_at`` bytes in all kill one once."""

    target: tuple[str, int]
    cut_every: int = 0
    cut_at: int = 0
    up: int = 0
    down: int = 0
    cuts: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            threading.Thread(target=self._relay, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._relay, args=(server, client, False), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, is_up: bool) -> None:
        own = 0
        try:
            while data := source.recv(4096):
                own += len(data)
                if self._count(len(data), own, is_up):
                    break
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def _count(self, size: int, own: int, is_up: bool) -> bool:
        """Count bytes; tell whether this connection dies now."""
        with self._lock:
            before = self.up
            if is_up:
                self.up += size
            else:
                self.down += size
            dies = is_up and (0 < self.cut_every < own or before < self.cut_at <= self.up)
            self.cuts += dies
            return dies


@contextmanager
def linked(address: str, *, cut_every: int = 0, cut_at: int = 0) -> Iterator[Link]:
    """Put a link before a server at ``http://host:port`` until the block ends."""
    host, port = address.removeprefix("http://").rsplit(":", 1)
    link = Link((host, int(port)), cut_every, cut_at)
    threading.Thread(target=link.run, daemon=True).start()
    try:
        yield link
    finally:
        link.listener.close()
