"""Opens the sockets on which a server listens, and says in plain words why it cannot.

Addresses are figures only: no name is ever looked up, since an office without internet would wait for it.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from shared.errors import EnvironmentProblem


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


def own_address(sockets: list[socket.socket]) -> str:
    """Tell under which address this machine itself reaches one of the sockets."""
    address = str(sockets[-1].getsockname()[0])
    if address == "0.0.0.0":
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address
