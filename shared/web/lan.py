"""Tells under which address other devices of the office reach this program, as text and as a QR code.

No name is looked up and nothing is sent: the system is only asked which of its addresses it would use.
"""

from __future__ import annotations

import io
import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from shared.store.folder import DataFolder

# The first stands for "anywhere" (RFC 5737); the others for offices whose network leads nowhere.
_TOWARDS = ("192.0.2.1", "192.168.0.1", "192.168.1.1", "10.0.0.1", "172.16.0.1")


def find_lan_address() -> str | None:
    """Find the address of this machine in the network of the office; None when it has none."""
    return next(_ask_addresses(), None)


def list_lan_addresses() -> list[str]:
    """List the addresses of this machine from which it would answer, that of its way out first."""
    return list(dict.fromkeys(_ask_addresses()))


def _ask_addresses() -> Iterator[str]:
    for towards in _TOWARDS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect((towards, 9))
                found = str(asked.getsockname()[0])
            except OSError:
                continue
        address = ipaddress.ip_address(found)
        if not address.is_loopback and not address.is_unspecified:
            yield found


def find_office_url(folder: DataFolder) -> str | None:
    """Give the address for other devices; None when the running server is for this machine alone, or none runs."""
    return _find_url(folder, "http", "port")


def find_secure_url(folder: DataFolder) -> str | None:
    """Give the https address for devices that have the certificate of this computer; None when there is none."""
    return _find_url(folder, "https", "port_https")


def _find_url(folder: DataFolder, scheme: str, port_member: str) -> str | None:
    content = folder.read_server_file() or {}
    host, port = content.get("host"), content.get(port_member)
    return make_office_url(host, port, scheme) if isinstance(host, str) and isinstance(port, int) else None


def make_office_url(host: str, port: int, scheme: str = "http") -> str | None:
    """Give the address for other devices of a server that listens there; None when it is for this machine alone."""
    address = ipaddress.ip_address(host)
    if address.is_loopback:
        return None
    reached = find_lan_address() if address.is_unspecified else host
    if reached is None:
        return None
    return f"{scheme}://[{reached}]:{port}" if ":" in reached else f"{scheme}://{reached}:{port}"


def is_loopback(url: str) -> bool:
    """Tell whether an address leads nowhere but to the machine it is opened on."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def draw_qr_text(url: str) -> str:
    """Draw a QR code of characters, for a terminal."""
    # Imported here and below: only those two need it, and a small PC has little memory.
    import segno

    out = io.StringIO()
    segno.make(url, micro=False).terminal(out, compact=True)
    return out.getvalue()


def draw_qr_svg(text: str) -> str:
    """Draw a QR code as SVG to stand inside a page; no inline style is in it."""
    import segno

    return segno.make(text, micro=False).svg_inline(scale=6, border=4, dark="#000", light="#fff", unit="px")
