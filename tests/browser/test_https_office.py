"""A phone at the https address of the office: a secure context, an app to install, a form that keeps its text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, Error, Page, expect

from demonstration.reading import read_rows
from running.processes import Server, serving
from shared.web.identity import read_public_root
from tests.browser.kecamatan import PASSWORD, SELAKAMBANG, make_fresh_node
from tests.browser.windows import BROWSER_ARGS, CHROMIUM, PHONE, SHOTS, WAIT_MS, shoot_page

AWAY = "Belum terkirim: komputer kantor tidak terjangkau. Isian tetap di sini."
LAN = "127.0.0.2"
"""Stands for 192.168…: another address of this machine, for which the leaf is made when somebody comes in by it."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium dari Debian belum dipasang; scripts/test memasangnya")
    folder = make_fresh_node(tmp_path_factory.mktemp("kantor") / "pc", SELAKAMBANG, "PC kantor")
    with serving("sipande-node", folder, "--tanpa-otomatis", "--host", "0.0.0.0", "--port-https", "0") as server:
        server.call("akun", pengguna="siti", nama="SITI OPERATOR", jabatan="Operator", peran="operator",
                    kata_sandi=PASSWORD)
        yield server


def find_https(office: Server) -> str:
    content = office.folder.read_server_file() or {}
    return f"https://{LAN}:{content['port_https']}"


def name_key(office: Server) -> str:
    """Name the key of the root as Chromium wants it: it then takes this one authority, as a phone that has it would."""
    root = read_public_root(office.folder.keys)
    assert root is not None
    public = x509.load_der_x509_certificate(root.der).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(sha256(public).digest()).decode("ascii")


@pytest.fixture(scope="module")
def phone(office: Server, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A phone that has the root of the office, logged in at its https address."""
    args = [arg for arg in BROWSER_ARGS if "host-resolver" not in arg]
    args += [f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE {LAN}",
             f"--ignore-certificate-errors-spki-list={name_key(office)}"]
    opened = browser.browser_type.launch_persistent_context(
        tmp_path_factory.mktemp("hp"), executable_path=str(CHROMIUM), args=args, viewport=PHONE, locale="id-ID",
        base_url=find_https(office),
    )
    try:
        page = opened.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto("/masuk")
        assert "tidak disandikan" not in page.locator("main").inner_text()
        page.locator("#nama_pengguna").fill("siti")
        page.locator("#kata_sandi").fill(PASSWORD)
        page.get_by_role("button", name="Masuk").click()
        page.wait_for_url("**/")
        yield page
    finally:
        opened.close()


def test_a_phone_without_the_certificate_is_warned_and_goes_no_further(office: Server, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE)
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        context.new_page().goto(find_https(office).replace(LAN, "127.0.0.1") + "/masuk")
    context.close()


def test_at_the_https_address_the_worker_is_ready_and_cookies_are_secure(phone: Page) -> None:
    assert phone.evaluate("isSecureContext") is True
    assert phone.evaluate("navigator.serviceWorker.ready.then(found => found.active.scriptURL)").endswith("/pekerja.js")
    cookies = phone.context.cookies()
    assert cookies and all(cookie["secure"] and cookie["name"].startswith("__Host-") for cookie in cookies)


def test_the_manifest_is_one_that_a_browser_installs(phone: Page) -> None:
    told = phone.context.new_cdp_session(phone).send("Page.getAppManifest")
    assert told["errors"] == [] and told["url"].endswith("/manifest.webmanifest")
    manifest = json.loads(told["data"])
    assert manifest["display"] == "standalone" and manifest["name"].startswith("Sipande Desa")
    assert phone.request.get(manifest["start_url"], ignore_https_errors=True).status == 200
    sizes = set()
    for icon in manifest["icons"]:
        drawn = phone.evaluate(
            "src => new Promise((yes, no) => { const one = new Image(); one.onload = () => yes(one.naturalWidth);"
            " one.onerror = no; one.src = src; })", icon["src"],
        )
        assert icon["sizes"] == f"{drawn}x{drawn}"
        sizes.add(drawn)
    # What Chromium asks for (https://web.dev/articles/install-criteria): 192 and 512 pixels.
    assert sizes >= {192, 512}


def test_what_is_typed_survives_a_reload_and_a_drop_and_is_sent_once(office: Server, phone: Page) -> None:
    phone.goto("/penduduk/tambah")
    phone.locator("#nama").fill("TINI LEWAT HTTPS")
    phone.locator("#tanggal_lahir").fill("03-04-1999")
    phone.locator("#jenis_kelamin").select_option(index=1)
    phone.reload()
    assert phone.locator("#nama").input_value() == "TINI LEWAT HTTPS"
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.get_by_role("alert")).to_contain_text(AWAY)
    phone.context.set_offline(False)
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.locator("main")).to_contain_text("Penduduk baru sudah disimpan")
    rows = list(read_rows(office.folder.path, "SELECT * FROM penduduk WHERE nama = 'TINI LEWAT HTTPS'"))
    assert len(rows) == 1


def test_away_from_the_office_the_kept_page_stands_in(phone: Page) -> None:
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.goto("/")
    phone.context.set_offline(True)
    phone.goto("/penduduk/")
    expect(phone.get_by_role("heading", name="Komputer kantor tidak terjangkau")).to_be_visible()
    phone.context.set_offline(False)


def test_the_practice_village_is_reached_by_tls_too_and_leads_back(phone: Page) -> None:
    phone.goto("/latihan/")
    phone.get_by_role("button", name="Buka tempat latihan").click()
    link = phone.get_by_role("link", name="Masuk ke tempat latihan")
    expect(link).to_have_attribute("href", re.compile(f"^https://{re.escape(LAN)}:"))
    link.click()
    expect(phone.get_by_text("LATIHAN", exact=True).first).to_be_visible()
    assert phone.evaluate("isSecureContext") is True
    back = phone.get_by_role("link", name="Kembali ke data desa")
    expect(back).to_have_attribute("href", re.compile(f"^https://{re.escape(LAN)}:"))


def test_the_pages_that_lead_there_fit_both_sizes(office: Server, phone: Page) -> None:
    # This machine may have no network: the page is told an address as an office has it.
    content = office.folder.read_server_file() or {}
    office.folder.write_server_file({**content, "host": "192.168.7.9"})
    try:
        for path, name in (("/alamat", "alamat-https"), ("/hp", "hp"), ("/panduan/komputer-ini", "panduan-hp")):
            phone.goto(path)
            assert not phone.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            if SHOTS:
                shoot_page(phone, name)
        with phone.expect_download() as waited:
            phone.goto("/hp")
            phone.get_by_role("link", name="Unduh sertifikat").click()
        root = read_public_root(office.folder.keys)
        assert root is not None and Path(waited.value.path()).read_bytes() == root.der
        assert waited.value.suggested_filename == "sertifikat-sipande.crt"
    finally:
        office.folder.write_server_file(content)
