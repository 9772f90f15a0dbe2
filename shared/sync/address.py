"""Where a hub may be called: over HTTPS anywhere, in the clear here or in an office network on purpose; pure.

What travels is sealed and signed on every road (sync_protocol.md 6.4, 8.0). What HTTPS adds: nobody on the way sees
who talks to whom, or puts a false refusal on a screen. So plain HTTP is for networks that somebody answers for.
"""

from __future__ import annotations

import ipaddress
from enum import Enum
from urllib.parse import urlsplit

from shared.errors import UserError

_OFFICE = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10",
)))
"""RFC 1918, RFC 3927, RFC 4193, RFC 4291: addresses that no router of the internet forwards."""
OPEN_ROAD, OFFICE_ROAD = "alamat_terbuka", "jaringan_kantor"
"""What the refusals of :func:`check_address` are called."""


class Road(Enum):
    """How an address is reached."""

    HTTPS = "https"
    MACHINE = "machine"
    OFFICE = "office"
    OPEN = "open"


def judge_address(address: str) -> Road:
    """Tell how an address is reached. In the clear a name is open: what it stands for, others decide."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return Road.HTTPS
    host = parts.hostname or ""
    if host == "localhost":
        return Road.MACHINE
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return Road.OPEN
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback:
        return Road.MACHINE
    is_office = any(found.version == network.version and found in network for network in _OFFICE)
    return Road.OFFICE if is_office else Road.OPEN


def check_address(address: str, *, allow_office: bool) -> None:
    """Refuse to call a hub in the clear, but on this machine, or in an office network that a person allowed.

    Raises UserError: ``alamat_terbuka`` where nobody can allow it, ``jaringan_kantor`` where a person may.
    """
    road = judge_address(address)
    if road is Road.OPEN:
        raise UserError(
            "Alamat kecamatan ini tidak memakai https://, jadi sambungannya dapat dilihat dan diganggu orang di jalan."
            " Minta operator kecamatan membuat kode baru dengan alamat https://.",
            OPEN_ROAD,
        )
    if road is Road.OFFICE and not allow_office:
        raise UserError(
            "Alamat kecamatan ini hanya untuk jaringan kantor sendiri dan tidak memakai https://. Bila komputer ini"
            " memang satu jaringan dengan hub kecamatan, nyatakan itu lalu coba lagi; bila tidak, minta kode baru"
            " dengan alamat https://.",
            OFFICE_ROAD,
        )
