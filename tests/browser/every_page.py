"""What every page of an application is held to, as a role: reached without scripts, small, narrow, accessible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from werkzeug.exceptions import HTTPException

from running.processes import Server
from shared.web.guards import MASUK, UMUM, Guard, policy_of
from synthetic.workbook import write_sheet
from tests.browser.crawler import Crawl, check_with_axe
from tests.browser.letters import make_letters
from tests.browser.kecamatan import SELAKAMBANG, Kecamatan, render_village
from tests.browser.windows import Window

# Files and answers to programs; pages that come only before the first account, while something runs, once after a
# button, or for a person without family.
NO_PAGES = {
    "static", "logo.image", "penduduk.download", "keluarga.download", "ekspor.perubahan",
    "masuk.mulai", "masuk.masuk", "masuk.ask_code", "impor.applied", "impor.undone", "dusun.closed", "keluarga.place",
    "foto.picture", "tindakan.scan", "lampiran.scan", "usb.result", "usb.download", "cadangan.show_code",
    "cadangan.choose_backup",
    "ekspor.kunci", "konsep.print_concept", "surat_terbit.print_letter", "surat_terbit.scan", "surat_masuk.scan",
    "laporan.download", "laporan.made", "pwa_manifest", "pwa_worker", "pwa_unreachable", "pwa_reachable",
    "alamat.certificate",
}


@dataclass
class Visitor:
    """A role at an application: who logs in where, what the guards of the app admit."""

    app: str
    account: str | None
    role: str | None


def server_of(kecamatan: Kecamatan, visitor: Visitor) -> Server:
    return kecamatan.pc1 if visitor.app == "node" else kecamatan.hub


def list_pages(app: Flask, role: str | None) -> set[str]:
    """List the endpoints of the pages that a role may open."""
    found = set()
    for rule in app.url_map.iter_rules():
        guard = policy_of(app, rule.endpoint)
        if "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES and guard and _admits(guard, role):
            found.add(rule.endpoint)
    return found


def _admits(guard: Guard, role: str | None) -> bool:
    return guard in (UMUM, MASUK) or guard.roles != frozenset() and guard.admits(role)


def find_endpoint(app: Flask, path: str) -> str:
    try:
        endpoint, _ = app.url_map.bind("127.0.0.1").match(path.split("?")[0])
    except HTTPException:
        return ""
    return str(endpoint)


def make_more_pages(window: Window, visitor: Visitor, folder: Path) -> list[str]:
    """Send the forms whose answers are pages of their own, with scripts off; give the addresses."""
    page, found = window.page, []
    if visitor.app == "node":
        write_sheet(render_village(SELAKAMBANG, 30), folder / "lagi.xlsx")
        window.go("/impor/")
        page.locator("#berkas").set_input_files(folder / "lagi.xlsx")
        window.click("Periksa berkas")
        page.get_by_role("heading", name="Hasil pemeriksaan").wait_for()
        found.append(page.url)
        for path in ("/penduduk/", "/keluarga/", "/peristiwa/catat/mati", "/peristiwa/catat/lahir"):
            window.go(path)
            page.locator("#teks").fill("sri")
            window.click("Cari")
            assert "sri" not in page.url, "what was searched for stays out of the address"
            found.append(page.url)
        found += list_forms_of_events(window)
    else:
        window.go("/verval")
        page.locator("#nama").fill("sri")
        window.click("Tampilkan")
        assert "sri" not in page.url, "what was searched for stays out of the address"
        found.append(page.url)
    if visitor.role == "admin" and visitor.app == "hub":
        window.go("/simpul/pendaftaran")
        page.locator("#desa").select_option(index=1)
        window.click("Buat kode")
        found.append(page.url)
    return [url.removeprefix(window.address) for url in found]


def list_forms_of_events(window: Window) -> list[str]:
    """Go to the forms of a death, a birth and a return by way of whom they are about; give their addresses."""
    page, found = window.page, []
    for path in ("/peristiwa/catat/mati", "/peristiwa/catat/lahir"):
        window.go(path)
        page.locator("#teks").fill("s")
        window.click("Cari")
        page.locator("main .pilihan-besar a").first.click()
        found.append(page.url)
    # Somebody who has left is found by what happened.
    window.go("/peristiwa/?jenis=pindah")
    page.locator("main table a").first.click()
    found.append(page.url)
    for name in ("Biodata", "Catat peristiwa"):
        window.click(name)
    page.locator("main .pilihan-besar a[href*='/kembali/']").click()
    return [*found, page.url]


def crawl_all(kecamatan: Kecamatan, app: Flask, visitor: Visitor, folder: Path, visits_max: int) -> Crawl:
    """Visit as a role, without scripts, what links and forms lead to; every page of the role must be among it."""
    with kecamatan.open(server_of(kecamatan, visitor), visitor.account, scripts=False) as window:
        crawl = Crawl(window, visits_max)
        if visitor.app == "node":
            person = kecamatan.take_person(kecamatan.pc1, "status_dasar = 1")["id"]
            with kecamatan.open(kecamatan.pc1, "siti", scripts=False) as chief:
                make_letters(chief, person)
        for path in make_more_pages(window, visitor, folder):
            # A code is shown once: what is open then is all there is.
            crawl.judge(path) if find_endpoint(app, path) == "pendaftaran.code" else crawl.visit(path)
        # A month is chosen in a form; a phone is led to its page by a QR code.
        chosen = [f"/lampid/?bulan={kecamatan.closed}"] if visitor.app == "hub" else ["/hp"]
        crawl.run("/", "/sandi-baru", *chosen)
    missing = list_pages(app, visitor.role) - {find_endpoint(app, path) for path in crawl.seen}
    assert not missing, f"no link leads to {sorted(missing)}"
    assert not crawl.faults, "\n".join(sorted(set(crawl.faults)))
    return crawl


def check_with_scripts(kecamatan: Kecamatan, app: Flask, visitor: Visitor, paths: list[str]) -> None:
    """Open what a crawl has seen once more, with scripts on: axe finds nothing serious, the policy is kept."""
    server = server_of(kecamatan, visitor)
    again = [path for path in paths if find_endpoint(app, path) != "pendaftaran.code"]
    with kecamatan.open(server, visitor.account) as window:
        faults = check_with_axe(window, again, f"{visitor.app}-")
    with kecamatan.open(server) as window:
        faults += check_with_axe(window, ["/masuk", "/sandi-baru", "/tidak-ada"], f"{visitor.app}-umum-")
    assert not faults, "\n".join(sorted(faults))
