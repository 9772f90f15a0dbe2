"""The second way in: the same app by TLS, with the same limits and refusals, and nobody who holds up the others."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPSConnection
from pathlib import Path
from random import Random

import pytest
from flask import Flask

from shared.errors import EnvironmentProblem
from shared.web.crowd import CONNECTIONS_MAX
from shared.web.headers import SECURITY_HEADERS
from shared.web.identity import read_public_root
from shared.web.mulai import make_waiting_app
from shared.web.secure import SecureWay
from tests.support.serving import Running, talk


class Office(Running):
    """A server for other devices too, whose root a client may trust."""

    def __init__(self, path: Path, first: Flask | None = None) -> None:
        self.way = SecureWay(0)
        super().__init__(path, {}, "0.0.0.0", self.way, first)

    @property
    def https(self) -> int:
        assert self.way.port is not None
        return self.way.port

    def trust(self) -> ssl.SSLContext:
        root = read_public_root(self.folder.keys)
        assert root is not None
        return ssl.create_default_context(cadata=root.der)

    def connect(self, address: str = "127.0.0.1", source: str = "127.0.0.1") -> ssl.SSLSocket:
        plain = socket.create_connection((address, self.https), timeout=5, source_address=(source, 0))
        # Whoever is cut off hears it as an error and not as the end.
        return self.trust().wrap_socket(plain, server_hostname=address, suppress_ragged_eofs=False)

    def ask(self, request: bytes) -> str:
        """Say something by TLS and hear all of the answer."""
        with self.connect() as secured:
            secured.sendall(request)
            answer = b""
            while piece := secured.recv(65536):
                answer += piece
        return answer.decode()

    def get(self, path: str, address: str = "127.0.0.1") -> tuple[int, dict[str, str], bytes]:
        client = HTTPSConnection(address, self.https, timeout=10, context=self.trust())
        client.request("GET", path)
        answer = client.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        client.close()
        return found


def read_front(secured: ssl.SSLSocket) -> bytes:
    """Read one answer of the front page; head and body may come apart."""
    answer = b""
    while not answer.endswith(b"halaman depan"):
        answer += secured.recv(65536)
    return answer


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("kantor") / "data")
    yield made
    made.close()


def test_whoever_trusts_the_root_opens_the_app_by_address_and_it_knows_that_it_is_https(office: Office) -> None:
    for address in ("127.0.0.1", "127.0.0.9"):  # the second is in no leaf before it is asked for
        status, _, body = office.get("/skema", address)
        assert (status, body) == (200, b"https 127.0.0.1")
    assert talk(office.port, b"GET /skema HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").endswith("http 127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate"):
        with socket.create_connection(("127.0.0.1", office.https), timeout=5) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")


def test_cookies_are_secure_and_no_header_closes_the_plain_address(office: Office) -> None:
    status, headers, _ = office.get(office.get("/masuk")[1]["Location"])
    assert status == 200 and headers["Set-Cookie"].startswith("__Host-") and "Secure" in headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in headers
    assert headers["Content-Security-Policy"] == dict(SECURITY_HEADERS)["Content-Security-Policy"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_today_are_spoken(office: Office, version: ssl.TLSVersion) -> None:
    context = office.trust()
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", office.https), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            assert secured.version() == version.name.replace("_", ".")
            for _ in range(3):  # one connection, several requests
                secured.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert read_front(secured).startswith(b"HTTP/1.1 200")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_older_versions_are_refused(office: Office) -> None:
    context = office.trust()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", office.https), timeout=5) as plain:
        with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
            context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_large_answers_and_bodies_come_through_whole_at_any_speed(office: Office) -> None:
    status, _, body = office.get("/besar")
    assert status == 200 and body == b"0123456789abcdef" * 200_000
    with office.connect() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 60_000)
        slow.sendall(b"GET /besar HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(0.3)
        got = b""
        while piece := slow.recv(65536):
            got += piece
    assert got.endswith(b"\r\n\r\n" + body)
    with office.connect() as bit:
        sent = b"POST /masuk HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n" + b"x" * 90_000
        for at in range(0, len(sent), 7001):
            bit.sendall(sent[at:at + 7001])
        assert bit.recv(65536).startswith(b"HTTP/1.1 400")  # the token of the form is missing: Flask has read it all
    with office.connect() as whole:
        # Its last record, of 12,000 octets, is decrypted at once and read in two portions: no poll tells of the second.
        head = b"POST /masuk HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 61000\r\n\r\n"
        whole.sendall(head + b"x" * (3 * 16384 - len(head)))
        whole.sendall(b"x" * (61_000 - 3 * 16384 + len(head)))
        assert whole.recv(65536).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 32100 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
)
def test_what_never_reaches_flask_is_refused_as_on_the_plain_port(office: Office, request_bytes: bytes) -> None:
    answer = office.ask(request_bytes)
    head, _, body = answer.partition("\r\n\r\n")
    assert answer.startswith(("HTTP/1.1 4", "HTTP/1.0 4")) and "lalu coba lagi" in body
    for name, value in SECURITY_HEADERS:
        assert f"{name.lower()}: {value}".lower() in head.lower()


def test_who_speaks_plain_http_to_the_port_is_told_to_say_https(office: Office) -> None:
    answer = talk(office.https, b"GET /penduduk/ HTTP/1.1\r\nHost: 192.168.7.9:8643\r\n\r\n")
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400") and "https://" in body and "penduduk" not in answer.lower()
    for name, value in SECURITY_HEADERS:
        assert f"{name}: {value}" in head


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\xff\xff" + b"\x00" * 300, b"\x80\x2e\x01", b"\x00" * 50, b""])
def test_noise_ends_its_own_connection_and_nothing_else(office: Office, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", office.https), timeout=5) as loud:
        rest = b""
        with suppress(ConnectionError):
            loud.sendall(noise)
            while noise and (piece := loud.recv(4096)):
                rest += piece
    assert b"HTTP" not in rest
    assert office.get("/")[2] == b"halaman depan"


def test_those_who_never_finish_leave_workers_and_places_for_others(office: Office) -> None:
    """Silent before the handshake, silent in the middle of it, silent in the middle of a body."""
    with ExitStack() as stack:
        for number in range(CONNECTIONS_MAX + 30):
            plain = socket.create_connection(("127.0.0.1", office.https), timeout=5, source_address=("127.0.0.1", 0))
            stack.enter_context(plain)
            if number % 3 == 1:
                plain.sendall(b"\x16\x03\x01\x02\x00\x01")
        started = time.monotonic()
        with office.connect(source="127.0.0.2") as honest:
            honest.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert honest.recv(65536).startswith(b"HTTP/1.1 200")
        for _ in range(20):
            begun = stack.enter_context(office.connect())
            begun.sendall(b"POST /masuk HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx")
        assert office.get("/")[2] == b"halaman depan"
        assert talk(office.port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").endswith("halaman depan")
        assert time.monotonic() - started < 5


def test_many_at_once_get_each_their_own_answer(office: Office) -> None:
    wrong: list[object] = []

    def ask() -> None:
        for _ in range(5):
            status, _, body = office.get("/besar")
            if (status, len(body)) != (200, 3_200_000):
                wrong.append((status, len(body)))

    askers = [threading.Thread(target=ask) for _ in range(10)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    assert wrong == []


def test_the_server_ends_within_two_seconds_with_open_connections(tmp_path: Path) -> None:
    office = Office(tmp_path / "data")
    content = office.folder.read_server_file() or {}
    assert content["port_https"] == office.https
    with office.connect() as idle, socket.create_connection(("127.0.0.1", office.https)):
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_front(idle)
        started = time.monotonic()
        office.close()
        assert time.monotonic() - started < 2.0
        assert idle.recv(65536) == b"", "it says goodbye: nothing was cut off"


def test_before_the_first_start_is_done_the_port_is_mute_and_then_it_speaks_without_a_restart(tmp_path: Path) -> None:
    office = Office(tmp_path / "data", make_waiting_app("uji", "Uji", Random(1).randbytes))
    with socket.create_connection(("127.0.0.1", office.https), timeout=5) as early:
        assert early.recv(1) == b""
    assert read_public_root(office.folder.keys) is None and office.folder.read_server_file() is None
    office.switch.change(office.app)
    assert office.get("/skema")[2] == b"https 127.0.0.1"
    assert (office.folder.read_server_file() or {})["port_https"] == office.https
    office.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_for_this_machine_alone_there_is_neither_port_nor_certificate(tmp_path: Path, host: str) -> None:
    way = SecureWay(0)
    running = Running(tmp_path / "data", {}, host, way)
    assert way.port is None and (running.folder.read_server_file() or {})["port_https"] is None
    assert {path.name for path in running.folder.keys.iterdir()} == {"web.key"}
    running.close()


def test_a_port_that_was_asked_for_and_is_taken_is_explained_another_is_done_without(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentProblem, match="--port-https"):
            SecureWay(port).listen("0.0.0.0", 8600)
        way = SecureWay()
        assert way.listen("0.0.0.0", port - 43) == [] and way.port is None
