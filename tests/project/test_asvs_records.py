"""The checks 37 and 39–42 of the security list; what holds more of each; which apply only in part, and why."""

from __future__ import annotations

import ast
import logging
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from werkzeug.exceptions import MethodNotAllowed

from shared.web.audit import record_access, verify_audit
from tests.support.security import PASSWORD, Side

ROOT = Path(__file__).resolve().parent.parent.parent
NIK = re.compile(r"(?<![0-9a-f])[0-9]{16}(?![0-9a-f])")

TESTED_ELSEWHERE = {
    # Number: file and tests in it that hold more of the check.
    19: [("federation/test_sync_session.py", "test_a_push_of_a_log_of_another_desa_is_out_of_scope"),
         ("federation/test_usb.py", "test_a_bundle_that_claims_another_desa_is_out_of_scope")],
    20: [("project/test_house.py", "test_sql_is_built_from_the_names_of_the_house_alone")],
    27: [("browser/test_every_page_desa.py", ""), ("browser/test_every_page_hub.py", "")],
    30: [("shared_core/test_web_serve.py", "test_flask_answers_413_for_what_is_a_little_too_large"),
         ("node_app/test_impor_reader.py", "test_bomb_is_refused_without_being_unpacked"),
         ("shared_core/test_images.py", "test_a_bomb_is_refused_by_its_header")],
    31: [("shared_core/test_images.py", "test_place_time_comment_and_profile_are_gone_and_the_picture_stands_upright"),
         ("node_app/test_pages_lampiran.py",
          "test_what_came_from_elsewhere_and_is_no_picture_is_never_handed_to_a_browser")],
    35: [("shared_core/test_web_serve.py", "test_what_never_reaches_flask_is_refused_in_indonesian_with_all_headers")],
    37: [("shared_core/test_keys.py", "test_key_of_small_order_verifies_nothing"),
         ("shared_core/test_keys.py", "test_malformed_key_or_signature_verifies_nothing"),
         ("project/test_house.py", "test_only_the_clock_reads_time_and_chance")],
    38: [("federation/test_bad_input.py", "test_another_hub_at_the_address_of_ours_is_not_believed"),
         ("federation/test_bad_input.py", "test_a_code_of_another_hub_is_not_believed"),
         ("federation/test_trust.py", "test_a_hub_that_shows_no_successor_is_not_followed")],
    42: [("federation/test_disk_failing.py", ""),
         ("shared_core/test_web_app.py", "test_a_failure_gives_a_plain_page_with_all_headers_and_no_trace")],
}
PAGES_MAX = 9
"""So many pages of one kind are looked at."""
IN_PART = {
    7: "A desa forces no second factor on anybody (docs/adr/0015-one-policy-a-side-and-a-second-factor.md): many"
       " offices have no phone of their own. An export wants the code of whoever has set one up, and of others the"
       " password.",
    32: "A desa decides on its aid alone: two operators of one desa are raced here, two officers of the kecamatan over"
        " one case in federation/test_stateful.py.",
    33: "There is no complaint or comment yet: strangers have these forms alone, and checks of letters are throttled.",
    34: "All may read one text that people type: the names that officers of the kecamatan give to its programmes, which"
        " are no links; what a desa has typed is read by who holds the letter that it stands on. Scores, the list of"
        " hosts and the nightly crawl come with the site of the desa.",
}
"""What of a check does not apply before the program does more."""


def test_each_of_the_forty_two_checks_has_a_test_that_is_named_after_it() -> None:
    tests = ROOT / "tests"
    own = set()
    for path in (tests / "project").glob("test_asvs_*.py"):
        for name in re.findall(r"def test_asvs_([0-9_a-z]+)", path.read_text(encoding="utf-8")):
            own |= {int(number) for number in re.findall(r"(?:^|_and_)([0-9]{2})(?=_)", f"{name}_")}
    assert own == set(range(1, 43))
    assert TESTED_ELSEWHERE.keys() | IN_PART.keys() <= own
    for places in TESTED_ELSEWHERE.values():
        for file, name in places:
            text = (tests / file).read_text(encoding="utf-8")
            assert f"def {name}(" in text or not name, (file, name)


def test_asvs_37_chance_comes_from_the_operating_system() -> None:
    clock = (ROOT / "shared" / "clock.py").read_text(encoding="utf-8")
    assert "os.urandom" in clock or "secrets" in clock
    for tree in ("shared", "node", "hub"):
        for path in (ROOT / tree).rglob("*.py"):
            for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(item, ast.Import):
                    # Only when a node next calls the hub is spread by ordinary chance.
                    assert path.name == "server.py" or "random" not in {alias.name for alias in item.names}, path
                elif isinstance(item, ast.ImportFrom):
                    assert item.module != "random", path


def test_asvs_39_nothing_for_developers_is_served(side: Side) -> None:
    admin = side.client("admin")
    for path in (
        "/.git/config", "/.env", "/console", "/debug", "/setup.cfg", "/docs", "/openapi.json", "/aset/", "/server.json",
        "/data.sqlite", "/keys/web.key", "/wp-login.php", "/index.php",
    ):
        assert admin.get(path).status_code == 404, path
    for method in ("TRACE", "TRACK", "CONNECT", "PUT", "DELETE", "PATCH"):
        assert admin.http.open("/masuk", method=method).status_code == 405, method
    assert not side.app.debug
    for tree in ("shared", "node", "hub"):
        for path in (ROOT / tree).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert "werkzeug.debug" not in text and "debug=True" not in text and ".run(debug" not in text, path


def test_asvs_40_no_number_of_a_person_stands_in_an_address_a_log_or_a_kept_page(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    admin = side.client("admin")
    adapter, visits = side.app.url_map.bind("localhost"), Counter[str]()
    seen, left = set[str](), ["/"]
    while left:
        path = left.pop()
        if path in seen or path.startswith(("/aset", "/ekspor", "/witness")):
            continue
        try:
            endpoint = adapter.match(path.partition("?")[0])[0]
        except MethodNotAllowed:
            endpoint = "form"
        if visits[endpoint] >= PAGES_MAX:
            continue
        visits[endpoint] += 1
        seen.add(path)
        answer = admin.get(path)
        kept = answer.headers.get("Cache-Control", "")
        assert "no-store" in kept or path in OPEN_TO_ALL, path
        assert not NIK.search(path) and not NIK.search(answer.headers.get("Location", ""))
        if answer.mimetype == "text/html":
            assert not NIK.search(answer.text), f"{path} holds a number that nobody asked for"
            left += [link.replace("&amp;", "&") for link in re.findall(r'(?:href|action)="(/[^"#]*)"', answer.text)
                     if not link.startswith("/keluar")]
        answer.close()
    if side.name == "node":
        admin.get("/penduduk/")
        answer = admin.post("/penduduk/cari", teks="3303990101800001")
        assert not NIK.search(answer.headers["Location"])
        assert visits["konsep.edit"] > 1 and visits["surat_terbit.show"]
    assert len(seen) > 20 and not NIK.search(caplog.text)


OPEN_TO_ALL = ("/publik", "/logo/gambar", "/manifest.webmanifest")
"""What may be kept: numbers without persons, and the picture in the head of every page."""


def rows_of(side: Side) -> list[tuple[str, str, str]]:
    with side.database.read() as conn:
        return [tuple(row) for row in conn.execute("SELECT account, action, subject FROM access_audit ORDER BY no")]


def test_asvs_41_logins_refusals_keys_exports_and_reveals_are_written_down(side: Side) -> None:
    anyone = side.client()
    anyone.get("/masuk")
    anyone.post("/masuk", nama_pengguna="admin", kata_sandi="salah sekali ini")
    anyone.post("/masuk", nama_pengguna="rahasia-di-kolom-nama", kata_sandi="x")
    admin = side.client("admin")
    low = side.client("kadus" if side.name == "node" else "pengamat")
    low.get("/pengguna/" if side.name == "node" else "/akun/")
    if side.desa is not None:
        desa = side.desa
        admin.get("/penduduk/")
        admin.post(f"/penduduk/{desa.ayah}/tampilkan", keperluan="surat")
        admin.get("/penduduk/")
        admin.post("/penduduk/ekspor", format="csv")
        admin.get(f"/penduduk/{desa.ibu}")
        wanted = {
            ("admin", "nik_ditampilkan", desa.ayah), ("admin", "ekspor", "penduduk"),
            ("admin", "data_dilihat", desa.ibu),
        }
    else:
        admin.get("/sipande/penduduk")
        admin.get("/keamanan")
        admin.post("/keamanan/kunci", yakin="ya")
        wanted = {("admin", "daftar_dibuka", "Sipande"), ("admin", "kunci_hub_diganti", "")}
    rows = rows_of(side)
    actions = {(account, action) for account, action, _ in rows}
    assert {("admin", "masuk"), ("admin", "masuk_gagal"), ("tidak dikenal", "masuk_gagal")} <= actions
    assert ("kadus" if side.name == "node" else "pengamat", "ditolak") in actions
    assert wanted <= set(rows), wanted - set(rows)
    assert "rahasia-di-kolom-nama" not in str(rows)


def test_asvs_41_the_audit_cannot_be_changed_unseen(side: Side) -> None:
    with side.database.write() as conn:
        record_access(conn, side.clock, "uji\r\nadmin", "ekspor", "x\r\n", "baris\nlain")
    account, _, subject = rows_of(side)[-1]
    assert "\n" not in account + subject and "\r" not in account + subject
    for statement in ("UPDATE access_audit SET account = 'x'", "DELETE FROM access_audit"):
        with pytest.raises(sqlite3.DatabaseError), side.database.write() as conn:
            conn.execute(statement)
    with side.database.read() as conn:
        assert verify_audit(conn).is_intact
        count = conn.execute("SELECT count(*) FROM access_audit").fetchone()[0]
    assert count > 3
    for forgery, broken_at in (
        ("UPDATE access_audit SET account = 'orang lain' WHERE no = 2", 2),
        ("UPDATE access_audit SET time_s = time_s + 1 WHERE no = 2", 2),
        ("DELETE FROM access_audit WHERE no = 2", 2),
        ("DELETE FROM access_audit WHERE no = 1", 1),
        # The end, whose absence breaks no link: one row, half of them, all.
        (f"DELETE FROM access_audit WHERE no = {count}", count),
        (f"DELETE FROM access_audit WHERE no > {count // 2}", count // 2 + 1),
        ("DELETE FROM access_audit", 1),
    ):
        with pytest.raises(RuntimeError, match="undo"), side.database.write() as conn:
            conn.execute("DROP TRIGGER access_audit_no_update")
            conn.execute("DROP TRIGGER access_audit_no_delete")
            conn.execute(forgery)
            assert verify_audit(conn).broken_at == broken_at, forgery
            raise RuntimeError("undo")
    # The check of everything that a person can start says it too.
    from shared.commands import check_side

    services = side.desa.node if side.desa is not None else side.site.hub if side.site is not None else None
    assert services is not None and "Catatan akses" not in str(check_side(services)["masalah"])


def test_asvs_42_a_failure_at_any_call_of_the_database_shows_nothing_and_saves_nothing(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = side.client("admin")
    path, data = ("/penduduk/tambah", {"nama": "SETENGAH JADI", "jenis_kelamin": "1", "tanggal_lahir": "01-01-1990",
                                       "status_dasar": "1"}) \
        if side.name == "node" else ("/program/baru", {"nama": "SETENGAH JADI", "sasaran": "1", "mulai": "01-01-2026"})
    count = "SELECT count(*) FROM penduduk" if side.name == "node" else "SELECT count(*) FROM program_bantuan"
    admin.get(path)
    with side.database.read() as conn:
        before = conn.execute(count).fetchone()[0]
    failed = 0
    side.app.config["PROPAGATE_EXCEPTIONS"] = False
    for fatal in range(1, 60):
        calls = {"left": fatal}

        def write(original=type(side.database).write, calls=calls):  # type: ignore[no-untyped-def]
            calls["left"] -= 1
            if calls["left"] == 0:
                raise ValueError("rahasia di dalam pesan 3303990101800001")
            return original(side.database)

        def read(original=type(side.database).read, calls=calls):  # type: ignore[no-untyped-def]
            calls["left"] -= 1
            if calls["left"] == 0:
                raise ValueError("rahasia di dalam pesan 3303990101800001")
            return original(side.database)

        with monkeypatch.context() as patch:
            patch.setattr(side.database, "write", write)
            patch.setattr(side.database, "read", read)
            answer = admin.http.post(path, data={"csrf_token": admin.token, **data})
        if answer.status_code == 303:
            break
        failed += 1
        assert answer.status_code == 500, (fatal, answer.status_code)
        for secret in ("Traceback", "ValueError", "rahasia", "3303990101800001", ".py"):
            assert secret not in answer.text, (fatal, secret)
        with side.database.read() as conn:
            assert conn.execute(count).fetchone()[0] == before, f"call {fatal} left something behind"
    assert failed >= 2 and PASSWORD
