"""The ways in for phones and other PCs: what the page at the office shows, and what a phone gets without an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha1, sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from node.cli import group
from shared.web.headers import OFFICE_TLS
from shared.web.identity import OfficeIdentity
from shared.web.pengguna import _find_password_url
from tests.node_app.test_pages_kit import Desa, make_desa, read_text


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    made = make_desa(tmp_path / "desa")
    yield made
    made.node.close()


def listen(desa: Desa, host: str = "192.168.7.9", port_https: int | None = 8643) -> None:
    desa.node.folder.write_server_file({"host": host, "port": 8600, "port_https": port_https})


def certify(desa: Desa) -> None:
    keys = desa.node.folder.keys
    OfficeIdentity(keys, "Sipande Desa", desa.node.clock, desa.node.random, list).find_context("192.168.7.9")


def test_the_page_shows_both_ways_and_by_what_the_certificate_is_compared(desa: Desa) -> None:
    listen(desa)
    certify(desa)
    page = desa.browser("siti").get("/alamat")
    der = desa.app.test_client().get("/hp/sertifikat.crt").data
    text = read_text(page)
    for address in ("http://192.168.7.9:8600", "http://192.168.7.9:8600/hp", "https://192.168.7.9:8643"):
        assert f'aria-label="Kode QR untuk alamat {address}"' in page.text
    close = text.replace(" ", "").lower()
    assert sha256(der).hexdigest() in close and sha1(der).hexdigest() in close
    assert "Pasang aplikasi" in text and "tidak dapat dibaca orang lain" in text and "Kredensial tepercaya" in text


@pytest.mark.parametrize(
    ("host", "port_https", "is_certified", "says"),
    [
        ("127.0.0.1", None, False, "hanya dapat dibuka di komputer ini sendiri"),
        ("192.168.7.9", None, True, "http://192.168.7.9:8600"),
        ("192.168.7.9", 8643, False, "http://192.168.7.9:8600"),
    ],
)
def test_without_port_or_certificate_there_is_the_plain_way_alone(
    desa: Desa, host: str, port_https: int | None, is_certified: bool, says: str
) -> None:
    listen(desa, host, port_https)
    if is_certified:
        certify(desa)
    text = read_text(desa.browser("siti").get("/alamat"))
    assert says in text and "https" not in text and "Cara 2" not in text
    assert "belum punya alamat yang aman" in read_text(desa.app.test_client().get("/hp"))


def test_a_phone_without_an_account_gets_steps_and_certificate_and_never_the_key(desa: Desa) -> None:
    listen(desa)
    certify(desa)
    stranger = desa.app.test_client()
    page = stranger.get("/hp")
    assert page.status_code == 200 and "Setelan › Keamanan" in read_text(page)
    assert 'href="/hp/sertifikat.crt"' in page.text
    assert "https://192.168.7.9:8643" in page.text
    answer = stranger.get("/hp/sertifikat.crt")
    assert answer.mimetype == "application/x-x509-ca-cert" and "sertifikat-sipande.crt" in answer.headers[
        "Content-Disposition"
    ]
    root = x509.load_der_x509_certificate(answer.data)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    words = re.search(r'<p class="kata">([a-z ]+)</p>', page.text)
    assert words and words[1] in desa.browser("siti").get("/alamat").text
    assert "Set-Cookie" not in answer.headers


def test_without_a_certificate_there_is_none_to_download(desa: Desa) -> None:
    assert desa.app.test_client().get("/hp/sertifikat.crt").status_code == 404


def test_the_login_offers_it_where_the_password_would_travel_in_the_clear(desa: Desa) -> None:
    from_phone = {"REMOTE_ADDR": "192.168.7.20"}
    client = desa.app.test_client()
    assert 'href="/hp"' not in client.get("/masuk", environ_base=from_phone).text
    listen(desa)
    assert 'href="/hp"' in client.get("/masuk", environ_base=from_phone).text
    assert 'href="/hp"' not in client.get("/masuk").text
    assert 'href="/hp"' not in client.get("/masuk", environ_base=from_phone, base_url="https://192.168.7.9:8643").text


def test_a_code_for_a_new_password_comes_with_the_address_that_needs_no_certificate(desa: Desa) -> None:
    listen(desa)
    for base, is_office, address in (
        ("https://192.168.7.9:8643", True, "http://192.168.7.9:8600/sandi-baru"),
        ("http://localhost", False, "http://192.168.7.9:8600/sandi-baru"),
        ("https://desa.contoh.go.id", False, "https://desa.contoh.go.id/sandi-baru"),
    ):
        with desa.app.test_request_context(base_url=base, environ_base={OFFICE_TLS: True} if is_office else {}):
            assert _find_password_url() == address


def test_the_command_names_both_addresses(desa: Desa) -> None:
    listen(desa)
    said = CliRunner().invoke(group, ["--data", str(desa.node.folder.path), "alamat"]).output
    assert said.startswith("http://192.168.7.9:8600\n") and said.rstrip().endswith(": https://192.168.7.9:8643")
