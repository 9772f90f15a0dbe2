"""What holds for every page of the node: who may open it, plain Indonesian, nothing inline."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from shared.web.guards import LOKAL, UMUM, policy_of
from tests.node_app.test_pages_kit import JENIS, Browser, Desa, fill_desa, make_desa, read_text

ENGLISH = frozenset(
    """
    the and or of to from with without for by is are was be been not no yes you your we our this that
    these those here there when where which who whose what how why all any some more most less new old
    add edit delete save cancel close open search find show hide view list page next previous first last
    back home user users password login logout sign submit send sent receive received upload download
    file files error errors warning success failed failure invalid required missing unknown loading
    please wait retry name date time birth address phone family member members resident residents
    household history change changes changed pending conflict sync synced online offline settings
    account role enabled disabled active inactive true false none null undefined today yesterday month
    year day export import column columns filter sort order count total number empty click choose select
    option value values record records
    """.split()
)
# Indonesian words that look the same.
ALSO_INDONESIAN = frozenset({"total", "filter", "data", "admin", "operator", "no"})  # no. KK


PRINTS = ("konsep.print_concept", "surat_terbit.print_letter")


@pytest.fixture(scope="module")
def desa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desa]:
    made = make_desa(tmp_path_factory.mktemp("situs") / "desa")
    fill_desa(made)
    yield made
    made.node.close()


def fill(desa: Desa, rule: Rule) -> str:
    """Make an address for a rule out of what the village holds."""
    found = {
        "/keluarga/<": desa.keluarga, "/keluarga/dusun/<": desa.dusun, "/bantuan/<": desa.program,
        "/bantuan/penerima/<": desa.penerima, "/peristiwa/<": desa.peristiwa,
        "/peristiwa/catat/lahir/<": desa.keluarga, "/perangkat/<": desa.perangkat, "/surat/konsep/<": desa.konsep,
        "/surat/terbit/<": desa.surat, "/surat/masuk/<": desa.surat_masuk,
    }
    id = next((id for start, id in found.items() if rule.rule.startswith(start)), desa.ayah)
    values = {"id": id, "kerja": "x", "no": "1", "token": "x", "filename": "sipande.css", "perintah": "status",
              "slug": JENIS if rule.rule.startswith("/surat/") else "impor",
              "bulan": "2026-09", "kode": "b1", "sesi": "1"}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule)


def list_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if policy_of(app, rule.endpoint) != LOKAL]


def list_pages(desa: Desa) -> list[str]:
    return [
        fill(desa, rule)
        for rule in list_rules(desa.app)
        if rule.methods
        and "GET" in rule.methods
        and rule.endpoint not in ("static", "pwa_manifest", "pwa_worker", *PRINTS)
        and not rule.endpoint.endswith(".download")
    ]


@pytest.mark.parametrize("role", [None, "operator", "admin"])
def test_every_route_opens_to_its_roles_and_to_nobody_else(desa: Desa, role: str | None) -> None:
    person = {None: None, "operator": "budi", "admin": "siti"}[role]
    for rule in list_rules(desa.app):
        guard = policy_of(desa.app, rule.endpoint)
        assert guard is not None
        if rule.endpoint == "masuk.log_out":
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            browser = desa.browser(person)
            with browser.client.open(fill(desa, rule), method=method) as answer:
                pass
            if guard.admits(role):
                # Without its token a form goes no further than the check of the token.
                wrong = answer.status_code in (401, 403) and method == "GET"
                assert not wrong and not _leads_to_login(answer, guard == UMUM), (method, rule.rule)
            elif role is None:
                assert _leads_to_login(answer, False) or answer.status_code in (400, 401), (method, rule.rule)
            else:
                assert answer.status_code == 403, (method, rule.rule)


def _leads_to_login(answer: object, is_public: bool) -> bool:
    headers = getattr(answer, "headers")
    return not is_public and "/masuk" in headers.get("Location", "")


def test_every_form_refuses_a_post_without_token(desa: Desa) -> None:
    for rule in list_rules(desa.app):
        if rule.methods and "POST" in rule.methods:
            browser = desa.browser("siti")
            assert browser.client.post(fill(desa, rule), data={}).status_code == 400, rule.rule


def test_no_page_speaks_english(desa: Desa) -> None:
    browser = desa.browser("siti")
    for path in list_pages(desa):
        answer = browser.get(path)
        if answer.status_code == 303:
            continue
        words = set(re.findall(r"[a-z]+", read_text(answer).lower()))
        assert not words & (ENGLISH - ALSO_INDONESIAN), (path, sorted(words & ENGLISH))


def test_no_page_has_anything_inline(desa: Desa) -> None:
    browser = desa.browser("siti")
    for path in list_pages(desa):
        html = browser.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", html), path


def test_every_page_has_one_heading_and_names_its_inputs(desa: Desa) -> None:
    browser = desa.browser("siti")
    for path in list_pages(desa):
        answer = browser.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        assert answer.text.count("<h1") == 1, path
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), (path, sorted({id for id in ids if ids.count(id) > 1}))
        for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", answer.text):
            if re.search(r'type="(?:hidden|checkbox|radio)"', tag):
                continue
            id = re.search(r'\sid="([^"]+)"', tag)
            assert id and f'for="{id[1]}"' in answer.text, (path, tag)


def test_unknown_records_are_not_found(desa: Desa) -> None:
    browser = desa.browser("siti")
    nobody = desa.node.new_id()
    for path in (
        f"/penduduk/{nobody}",
        f"/penduduk/{nobody}/ubah",
        f"/penduduk/{nobody}/hapus",
        f"/penduduk/{nobody}/foto",
        f"/keluarga/{nobody}",
        f"/keluarga/{nobody}/ubah",
        f"/keluarga/{nobody}/pindah",
        f"/keluarga/masuk/{nobody}",
        f"/keluarga/dusun/{nobody}",
        f"/keluarga/dusun/{nobody}/ubah",
        f"/bantuan/{nobody}",
        f"/bantuan/{nobody}/ubah",
        f"/bantuan/penerima/{nobody}",
        f"/bantuan/penerima/{nobody}/ubah",
        f"/bantuan/penerima/{nobody}/hapus",
        f"/tindakan/{nobody}",
        f"/perangkat/{nobody}",
        f"/perangkat/{nobody}/ubah",
        f"/perangkat/{nobody}/akhir",
    ):
        assert browser.get(path).status_code == 404, path


def test_only_the_admin_is_offered_the_accounts(desa: Desa) -> None:
    assert "Pengguna" in read_text(desa.browser("siti").get("/"))
    budi = desa.browser("budi")
    assert "Pengguna" not in read_text(budi.get("/")) and "Daftarkan" not in read_text(
        budi.get("/sinkronisasi/")
    )


def test_a_first_load_is_small(desa: Desa) -> None:
    browser: Browser = desa.browser("siti")
    page = browser.get("/penduduk/")
    assets = set(re.findall(r'(?:href|src)="(/aset/[^"]+)"', page.text))
    size = len(page.data)
    for path in assets:
        with browser.client.get(path) as answer:
            size += len(answer.data)
    assert len(assets) <= 6 and size < 150_000
