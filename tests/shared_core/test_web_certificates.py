"""The certificates of an office: for whom they speak, when they are made anew, where their keys lie."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from shared.clock import SystemClock
from shared.web.certificates import LEAF_DAYS, Issued, is_private, load_issued, make_leaf, make_root
from shared.web.identity import LEAF_FILE, OfficeIdentity, read_public_root

DAY_S = 86_400
NOW_S = 1_795_000_000
"""November 2026; where OpenSSL judges, it is the clock of the machine that counts, so those make their own."""


class Hands:
    """A clock that a test sets."""

    def __init__(self, now_s: int = NOW_S) -> None:
        self.time_s = now_s

    def now_s(self) -> int:
        return self.time_s

    def monotonic_s(self) -> float:
        return float(self.time_s)


class Pc:
    """A computer whose addresses, clock and name change."""

    def __init__(self, keys: Path, *addresses: str, now_s: int = NOW_S) -> None:
        self.keys = keys
        self.addresses = list(addresses)
        self.clock = Hands(now_s)
        self.random = Random(7).randbytes
        self.restart()

    def restart(self) -> None:
        self.identity = OfficeIdentity(
            self.keys, "Sipande Desa Selakambang", self.clock, self.random, lambda: self.addresses,
            lambda: "PC_Desa 1.kantor",
        )

    def leaf(self) -> Issued:
        return load_issued((self.keys / LEAF_FILE).read_bytes())


@pytest.fixture
def pc(tmp_path: Path) -> Pc:
    return Pc(tmp_path, "192.168.7.9")


def test_the_root_may_sign_leaves_for_private_addresses_and_nothing_else() -> None:
    certificate = make_root("Sipande Desa Selakambang", NOW_S, Random(1).randbytes).certificate
    found = {item.oid._name: item for item in certificate.extensions}
    assert found["basicConstraints"].critical and found["basicConstraints"].value == x509.BasicConstraints(True, 0)
    usage = found["keyUsage"].value
    assert usage.key_cert_sign and not (usage.digital_signature or usage.crl_sign or usage.key_agreement)
    constraints = found["nameConstraints"]
    assert constraints.critical and constraints.value.excluded_subtrees is None
    assert {str(item.value) for item in constraints.value.permitted_subtrees} == {
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "local",
    }
    held = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert held == timedelta(days=3652)
    assert certificate.subject.rfc4514_string().startswith("CN=Sipande Desa Selakambang ")


def test_a_leaf_holds_at_most_397_days_half_a_year_to_both_sides_and_not_beyond_its_root() -> None:
    root = make_root("Uji", NOW_S, Random(1).randbytes)
    for passed_days in (0, 400, 3200):
        now_s = NOW_S + passed_days * DAY_S
        leaf = make_leaf(root, ["192.168.7.9"], now_s, Random(2).randbytes).certificate
        assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=LEAF_DAYS)
        assert leaf.not_valid_before_utc.timestamp() <= now_s - 179 * DAY_S
        assert leaf.not_valid_after_utc <= root.certificate.not_valid_after_utc
        assert leaf.not_valid_after_utc.timestamp() > now_s + 80 * DAY_S
        leaf.verify_directly_issued_by(root.certificate)


@contextmanager
def answering(context: ssl.SSLContext, address: str) -> Iterator[int]:
    """Take one TLS connection after the other at an address of this machine."""
    with socket.create_server((address, 0)) as listener:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    conn, _ = listener.accept()
                    with suppress(OSError), context.wrap_socket(conn, server_side=True) as secured:
                        secured.recv(1)

        Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def serve_leaf(folder: Path, root: Issued, *names: str) -> ssl.SSLContext:
    path = folder / "daun.pem"
    path.write_bytes(make_leaf(root, names, now(), Random(3).randbytes).dump())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def now() -> int:
    return SystemClock().now_s()


def trust(root: Issued) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cadata=root.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
    )
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize(
    ("names", "asked", "says"),
    [
        (["127.0.0.2"], "127.0.0.2", ""),
        (["192.168.7.9", "127.0.0.2", "pc-desa.local"], "pc-desa.local", ""),
        (["127.0.0.2"], "127.0.0.3", "IP address mismatch"),
        # Beyond what the root may speak for, and be it one name of several.
        (["127.0.0.2", "8.8.8.8"], "127.0.0.2", "permitted subtree violation"),
        (["127.0.0.2", "172.32.0.1"], "127.0.0.2", "permitted subtree violation"),
        (["bank.co.id"], "bank.co.id", "permitted subtree violation"),
        (["127.0.0.2", "kantor.localdomain"], "127.0.0.2", "permitted subtree violation"),
        (["::1"], "::1", "permitted subtree violation"),
    ],
)
def test_openssl_takes_what_the_root_may_speak_for_and_refuses_all_else(
    tmp_path: Path, names: list[str], asked: str, says: str
) -> None:
    root = make_root("Uji", now(), Random(1).randbytes)
    with answering(serve_leaf(tmp_path, root, *names), "127.0.0.2") as port:
        with socket.create_connection(("127.0.0.2", port), timeout=5) as conn:
            if says:
                with pytest.raises(ssl.SSLCertVerificationError, match=says):
                    trust(root).wrap_socket(conn, server_hostname=asked)
            else:
                with trust(root).wrap_socket(conn, server_hostname=asked) as secured:
                    assert secured.getpeercert()


def test_a_leaf_signs_no_further_certificate(tmp_path: Path) -> None:
    root = make_root("Uji", now(), Random(1).randbytes)
    leaf = make_leaf(root, ["127.0.0.2"], now(), Random(2).randbytes)
    forged = make_leaf(Issued(leaf.certificate, leaf.key), ["127.0.0.2"], now(), Random(3).randbytes)
    path = tmp_path / "palsu.pem"
    path.write_bytes(forged.dump())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with answering(context, "127.0.0.2") as port, socket.create_connection(("127.0.0.2", port), timeout=5) as conn:
        with pytest.raises(ssl.SSLCertVerificationError, match="invalid CA certificate"):
            trust(root).wrap_socket(conn, server_hostname="127.0.0.2")


@pytest.mark.parametrize(
    ("address", "expected"),
    [("192.168.1.4", True), ("10.9.8.7", True), ("172.31.0.1", True), ("127.0.0.1", True), ("169.254.3.3", True),
     ("172.32.0.1", False), ("203.0.113.7", False), ("fd00::5", False), ("kantor", False)],
)
def test_private_is_what_the_root_may_speak_for(address: str, expected: bool) -> None:
    assert is_private(address) is expected


# Made when needed, anew when it no longer fits -----------------------------------------------------------------


def test_root_and_leaf_are_made_once_for_their_owner_alone_and_kept_over_a_restart(pc: Pc) -> None:
    assert pc.identity.find_context() is not None
    files = {path.name: path for path in pc.keys.iterdir()}
    assert files.keys() == {"kantor-akar-1.pem", LEAF_FILE}
    assert all(path.stat().st_mode & 0o077 == 0 for path in files.values())
    assert pc.leaf().addresses() == {"127.0.0.1", "192.168.7.9", "pc-desa-1.local"}
    before = [path.read_bytes() for path in files.values()]
    assert pc.identity.find_context("192.168.7.9") is pc.identity.find_context()
    pc.restart()
    assert pc.identity.find_context("192.168.7.9") is not None
    assert [path.read_bytes() for path in files.values()] == before


def test_a_connection_at_a_new_address_gets_a_leaf_that_names_it_without_a_restart(pc: Pc) -> None:
    first = pc.identity.find_context("192.168.7.9")
    root = read_public_root(pc.keys)
    pc.addresses = ["10.0.0.4"]
    second = pc.identity.find_context("10.0.0.4")
    assert second is not first and pc.leaf().addresses() >= {"10.0.0.4", "127.0.0.1"}
    assert "192.168.7.9" not in pc.leaf().addresses() and read_public_root(pc.keys) == root
    # An address in a second network that the system did not name, and one for which there is no certificate.
    assert pc.identity.find_context("172.20.3.3") is not second and "172.20.3.3" in pc.leaf().addresses()
    assert "172.20.4.4" not in pc.leaf().addresses() and pc.identity.find_context("172.20.4.4") is not None
    third = pc.identity.find_context("172.20.3.3")
    assert pc.leaf().addresses() >= {"172.20.3.3", "172.20.4.4"} and pc.identity.find_context("172.20.4.4") is third
    assert pc.identity.find_context("203.0.113.7") is third
    assert third is pc.identity.find_context() and "203.0.113.7" not in pc.leaf().addresses()


def test_an_address_that_changed_while_the_program_was_off_is_in_the_leaf_at_the_start(pc: Pc) -> None:
    pc.identity.find_context()
    pc.addresses = ["10.0.0.4"]
    pc.restart()
    pc.identity.find_context()
    assert "10.0.0.4" in pc.leaf().addresses()


def test_thirty_days_before_its_end_the_leaf_is_made_anew_under_the_same_root(pc: Pc) -> None:
    first, root = pc.identity.find_context(), read_public_root(pc.keys)
    end_s = int(pc.leaf().certificate.not_valid_after_utc.timestamp())
    pc.clock.time_s = end_s - 31 * DAY_S
    assert pc.identity.find_context() is first
    pc.clock.time_s = end_s - 29 * DAY_S
    assert pc.identity.find_context() is not first
    assert pc.leaf().certificate.not_valid_after_utc.timestamp() > end_s + 150 * DAY_S
    assert read_public_root(pc.keys) == root


def test_an_empty_battery_changes_nothing_for_phones(pc: Pc) -> None:
    pc.identity.find_context()
    pc.clock.time_s = NOW_S + 200 * DAY_S
    first, before = pc.identity.find_context(), pc.leaf()
    pc.clock.time_s = 1_262_304_000  # 2010
    assert pc.identity.find_context() is first
    pc.restart()
    assert pc.identity.find_context() is not None and pc.leaf().certificate == before.certificate
    # A new address all the same: by the time of the last leaf, for by the clock nothing would hold.
    pc.addresses = ["10.0.0.4"]
    assert pc.identity.find_context("10.0.0.4") is not None and "10.0.0.4" in pc.leaf().addresses()
    assert pc.leaf().certificate.not_valid_after_utc == before.certificate.not_valid_after_utc


def test_a_clock_far_ahead_costs_phones_their_way_only_until_it_is_right_again(pc: Pc) -> None:
    pc.identity.find_context()
    root = read_public_root(pc.keys)
    pc.clock.time_s = NOW_S + 20 * 365 * DAY_S
    pc.identity.find_context()
    assert read_public_root(pc.keys) != root
    for restart in (pc.restart, lambda: None):
        pc.clock.time_s = NOW_S + DAY_S
        restart()
        pc.identity.find_context()
        assert read_public_root(pc.keys) == root
        assert pc.leaf().certificate.not_valid_before_utc.timestamp() <= NOW_S


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(b""), lambda path: path.write_bytes(path.read_bytes()[:700]),
    lambda path: path.unlink(),
])
def test_a_lost_leaf_is_made_again_and_a_lost_root_too(pc: Pc, spoil: Callable[[Path], None]) -> None:
    pc.identity.find_context()
    root = read_public_root(pc.keys)
    spoil(pc.keys / LEAF_FILE)
    pc.restart()
    assert pc.identity.find_context() is not None and read_public_root(pc.keys) == root
    spoil(pc.keys / "kantor-akar-1.pem")
    pc.restart()
    assert pc.identity.find_context() is not None and read_public_root(pc.keys) not in (None, root)


def test_without_a_folder_to_write_to_there_is_no_certificate_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pc = Pc(tmp_path / "tidak" / "ada", "192.168.7.9")
    assert pc.identity.find_context() is None and read_public_root(pc.keys) is None
    assert "no certificate for the office network: FileNotFoundError" in caplog.text


def test_people_compare_the_fingerprint_that_phones_show(pc: Pc) -> None:
    pc.identity.find_context()
    public = read_public_root(pc.keys)
    assert public is not None
    root = load_issued((pc.keys / "kantor-akar-1.pem").read_bytes()).certificate
    assert bytes.fromhex(public.fingerprint) == root.fingerprint(hashes.SHA256())
    assert public.fingerprint.count(" ") == 31 and len(public.words.split()) == 6
    assert b"PRIVATE" not in public.der and x509.load_der_x509_certificate(public.der) == root
