"""Keeps the certificates of this computer in the key folder and hands out what speaks TLS with them.

``kantor-akar-N.pem`` holds a root with its key, ``kantor-https.pem`` the present leaf with its key and the root that
signed it: for their owner alone, and like everything in ``kunci/`` never in a backup. No name is looked up.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha1, sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shared.changelog.keys import six_words
from shared.clock import Clock, Randomness
from shared.store.connection import write_private
from shared.web.lan import list_lan_addresses

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    # Imported where it is needed: a node for this machine alone keeps the memory that it takes.
    from shared.web.certificates import Issued

LEAF_FILE = "kantor-https.pem"
LOOPBACK = "127.0.0.1"
_UNLISTED_MAX = 8
_ROOT_FILE = re.compile(r"kantor-akar-([0-9]{1,4})\.pem")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.S)
_log = logging.getLogger("sipande.web")


class PublicRoot(NamedTuple):
    """What other devices get of the root: the certificate as DER, and by what people compare it."""

    der: bytes

    @property
    def fingerprint(self) -> str:
        """Write the SHA-256 as phones show it: 32 groups of two hex digits."""
        return _write_groups(sha256(self.der))

    @property
    def thumbprint(self) -> str:
        """Write the SHA-1, all that Windows shows when it asks; nobody finds a second text for a given one."""
        return _write_groups(sha1(self.der, usedforsecurity=False))

    @property
    def words(self) -> str:
        """Name it by six words."""
        return " ".join(six_words(self.der))


def _write_groups(digest: Hash) -> str:
    return digest.digest().hex(" ").upper()


def read_public_root(keys: Path) -> PublicRoot | None:
    """Read the root of the leaf in use from a key folder; None while there is none."""
    try:
        found = _CERTIFICATE.findall((keys / LEAF_FILE).read_bytes())
        return PublicRoot(b64decode(found[-1])) if len(found) > 1 else None
    except (OSError, ValueError):
        return None


class OfficeIdentity:
    """The certificates of one computer, made when they are first needed and anew when they no longer fit."""

    def __init__(
        self, keys: Path, name: str, clock: Clock, random: Randomness,
        list_addresses: Callable[[], Iterable[str]] = list_lan_addresses,
        find_hostname: Callable[[], str] = socket.gethostname,
    ) -> None:
        self._keys = keys
        self._name = name
        self._clock = clock
        self._random = random
        self._list_addresses = list_addresses
        self._find_hostname = find_hostname
        self._lock = threading.Lock()
        self._unlisted: list[str] = []
        self._leaf: Issued | None = None
        self._context: ssl.SSLContext | None = None

    def find_context(self, address: str = LOOPBACK) -> ssl.SSLContext | None:
        """Give what speaks TLS at one of this computer's own addresses; None where there is no certificate.

        A connection says at which address it came in, so a changed address needs no watching: a leaf that does not
        speak for it, or no longer holds, is made anew before the first byte is answered.
        """
        with self._lock:
            try:
                if not self._fits(address):
                    self._renew(address)
            except (OSError, ValueError) as error:
                # A full disk, or files that somebody has changed: the plain address goes on.
                _log.warning("no certificate for the office network: %s", type(error).__name__)
            return self._context

    def _fits(self, address: str) -> bool:
        from shared.web.certificates import ROOT_BACK_DAYS, has_held, is_private

        leaf, now_s = self._leaf, self._clock.now_s()
        if leaf is None or leaf.issuer is None or is_private(address) and address not in leaf.addresses():
            return False
        if not has_held(leaf.issuer, ROOT_BACK_DAYS, now_s):
            # Before the root was made it is certainly the clock that is wrong (an empty battery): phones know better.
            return True
        return has_held(leaf.certificate, 0, now_s) and not leaf.is_near_its_end(now_s)

    def _renew(self, address: str) -> None:
        """Take the leaf of the last run where it still speaks for all that is asked for, or make one."""
        from shared.web.certificates import is_private, load_issued, make_leaf

        root, path = self._find_root(), self._keys / LEAF_FILE
        wanted = self._list_wanted()
        if is_private(address) and address not in wanted:
            # Of a network that the system does not name; two of them must not take the leaf from each other.
            self._unlisted = [*self._unlisted[1 - _UNLISTED_MAX:], address]
        wanted.update(self._unlisted)
        stored: Issued | None = None
        with suppress(FileNotFoundError, ValueError):
            stored = load_issued(path.read_bytes())
        if stored is not None and stored.issuer != root.certificate:
            stored = None
        if self._leaf is None and stored is not None and wanted <= stored.addresses():
            self._leaf, self._context = stored, _make_context(path)
            if self._fits(address):
                return
        leaf = make_leaf(root, wanted, self._judge_time(root, stored), self._random)
        write_private(path, leaf.dump())
        self._leaf, self._context = leaf, _make_context(path)

    def _judge_time(self, root: Issued, stored: Issued | None) -> int:
        """Tell what time it is (seconds): a clock before the root was made is wrong, the last leaf knows better."""
        from shared.web.certificates import LEAF_BACK_DAYS, ROOT_BACK_DAYS, has_held, tell_begin

        now_s = self._clock.now_s()
        if has_held(root.certificate, ROOT_BACK_DAYS, now_s):
            return now_s
        made_s = tell_begin(root.certificate, ROOT_BACK_DAYS)
        return made_s if stored is None else max(made_s, tell_begin(stored.certificate, LEAF_BACK_DAYS))

    def _find_root(self) -> Issued:
        """Take the first root that has not run out, or make one: when the clock is right again, it is the former."""
        from shared.web.certificates import load_issued, make_root

        now_s, number = self._clock.now_s(), 0
        found = [(int(match[1]), path) for path in self._keys.iterdir() if (match := _ROOT_FILE.fullmatch(path.name))]
        for number, path in sorted(found):
            try:
                root = load_issued(path.read_bytes())
            except ValueError:
                continue
            if not root.is_near_its_end(now_s):
                return root
        root = make_root(self._name, now_s, self._random)
        write_private(self._keys / f"kantor-akar-{number + 1}.pem", root.dump())
        return root

    def _list_wanted(self) -> set[str]:
        """List what the leaf should speak for: this machine, its private addresses now, its name in the network."""
        from shared.web.certificates import LOCAL, is_private

        # No "localhost": the root may not speak for it, and this machine has its plain address.
        wanted = {LOOPBACK, *filter(is_private, self._list_addresses())}
        name = re.sub("[^a-z0-9-]+", "-", self._find_hostname().split(".")[0].lower()).strip("-")[:63].strip("-")
        return wanted | ({f"{name}.{LOCAL}"} if name and name != "localhost" else set())


def _make_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(path)
    return context
