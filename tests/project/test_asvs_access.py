"""The checks 11–19 of the security list: sessions, proofs, who may open what (OWASP ASVS 5.0, chapters 7 and 8)."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.lampid import decide
from shared.lampid.isi import digest_laporan, dump_laporan
from shared.lampid.report import Laporan, name_laporan
from shared.store.drafts import draft_create
from shared.web.guards import Access, policy_of
from shared.web.sessions import ABSOLUTE_S, IDLE_S, PROOF_S, Sessions
from tests.hub_app.test_pages_site import KREO
from tests.support.federation import seeded
from tests.support.security import OTHER_ID, PASSWORD, Client, Side, fill, make_hub_side, make_node_side

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))

import draw_policy  # noqa: E402

NIK = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A desa with somebody in a second dusun, whom the kadus of the first must not see."""
    made = make_node_side(tmp_path_factory.mktemp("aman"))
    desa = made.desa
    assert desa is not None
    other = desa.write("dusun", nama="KALIWANGI")
    card = desa.write("keluarga", no_kk="3303990101100009", alamat="JL. MELATI", dusun=other, rw="002", rt="001")
    desa.write(
        "penduduk", nik="3303990101700009", nama="TUKIJAN SEBERANG", jenis_kelamin=1, keluarga=card, hubungan=1,
        dusun=other, status_dasar=1,
    )
    yield made
    made.database.close()


def cookie_of(side: Side, client: Client) -> str:
    cookie = client.http.get_cookie(side.shell.sessions.cookie_name(False))
    assert cookie is not None
    return cookie.value


def copy_of(side: Side, cookie: str) -> Client:
    """A thief: the cookie in another browser."""
    client = side.client()
    client.http.set_cookie(side.shell.sessions.cookie_name(False), cookie)
    return client


def is_in(client: Client) -> bool:
    return client.get("/akun-saya").status_code == 200


def test_asvs_11_a_session_id_is_long_new_at_each_login_and_the_old_one_dead(side: Side) -> None:
    client = side.client("admin")
    first = cookie_of(side, client)
    client.get("/akun-saya")
    client.post("/masuk", nama_pengguna="admin", kata_sandi=PASSWORD)
    second = cookie_of(side, client)
    assert len(bytes.fromhex(first)) * 8 >= 128 and first != second
    assert not is_in(copy_of(side, first)) and is_in(copy_of(side, second))


def test_asvs_12_a_session_ends_after_half_an_hour_idle_and_twelve_hours_in_all(side: Side) -> None:
    assert (IDLE_S, ABSOLUTE_S) == (1800, 43200)
    client = side.client("admin")
    side.clock.now += IDLE_S + 1
    assert not is_in(client)
    client = side.client("admin")
    for _ in range(ABSOLUTE_S // 1700):
        side.clock.now += 1700
        assert is_in(client)
    side.clock.now += 1700
    assert not is_in(client)
    longer = Sessions(side.database, side.clock, seeded("lama"), "x", IDLE_S * 9, ABSOLUTE_S * 9)
    assert (longer._idle_s, longer._absolute_s) == (IDLE_S, ABSOLUTE_S), "it can be set down only"


def test_asvs_13_who_leaves_is_stopped_or_sent_out_is_out_with_the_next_request(side: Side) -> None:
    role = side.roles[-1]
    admin, base = side.client("admin"), "/pengguna" if side.name == "node" else "/akun"
    no = side.add("yang.keluar", role)
    for act in ("logout", "admin", "own", "others", "role", "stop"):
        client, other = side.client("yang.keluar"), side.client("yang.keluar")
        thief = copy_of(side, cookie_of(side, client))
        assert is_in(thief)
        with side.database.read() as conn:
            rows = [row.no for row in side.shell.sessions.list_open(conn, no)]
        admin.get(f"{base}/{no}")
        if act == "logout":
            client.get("/akun-saya")
            client.post("/keluar")
        elif act == "admin":
            for session in rows:
                assert admin.post(f"{base}/{no}/perangkat/{session}").status_code == 303
        elif act == "own":
            other.get("/akun-saya")
            mine = min(rows) if len(rows) == 2 else sorted(rows)[-2]
            assert other.post(f"/akun-saya/perangkat/{mine}/keluarkan").status_code == 303
        elif act == "others":
            other.get("/akun-saya")
            assert other.post("/akun-saya/perangkat/lain/keluarkan").status_code == 303
        elif act == "role":
            again = next(name for name in side.roles if name not in ("admin", role))
            assert admin.post(f"{base}/{no}/peran", peran=again).status_code == 303
        else:
            admin.post(f"{base}/{no}/aktif", aktif="tidak")
        assert not is_in(thief), act
    assert side.client("admin").post(f"/akun-saya/perangkat/{OTHER_NUMBER}/keluarkan").status_code in (400, 404)


OTHER_NUMBER = 999_999
WANT_PROOF = {
    "node": {
        "penduduk.export", "keluarga.export", "pengguna.create", "pengguna.issue_code", "pengguna.set_active",
        "pengguna.set_role", "pengguna.forget_code", "pengguna.end_session", "sinkron.register", "sinkron.rotate",
        "usb.register", "cadangan.make_new_code", "cadangan.carry", "cadangan.ask_restore", "cadangan.replace_data",
        "saya.begin_code", "saya.remove_code", "saya.renew_paper", "saya.end_others", "catatan.export",
        "buku.make_book", "agenda.make_book", "perangkat.make_book", "surat_terbit.cancel_letter", "impor.undo",
        "dusun.close",
    },
    "hub": {
        "pengguna.create", "pengguna.issue_code", "pengguna.set_active", "pengguna.set_role", "pengguna.forget_code",
        "pengguna.end_session", "pemulihan.revoke_key", "pemulihan.lift_key", "pemulihan.adopt_change",
        "pemulihan.rotate", "pemulihan.recover", "pemulihan.finish", "penghapusan.ask", "penghapusan.approve",
        "penghapusan.later", "pendaftaran.confirm", "cadangan.make_new_code", "cadangan.carry",
        "cadangan.ask_restore", "cadangan.replace_data", "saya.begin_code", "saya.remove_code", "saya.renew_paper",
        "saya.end_others", "akses.export", "lampid.lock",
    },
}
NUMBERS_ALONE = {"laporan.make_book"}
"""Files in which nobody is named."""
FETCHED = {"penduduk.download", "keluarga.download", "laporan.download"}
"""Where a file that was made is fetched, by the session that made it."""


def test_asvs_14_what_is_dangerous_asks_once_more_who_is_there_and_loses_no_text(side: Side) -> None:
    asking = {endpoint for endpoint, _, guard in side.rules("POST") if guard.proof}
    assert WANT_PROOF[side.name] <= asking
    path, page = ("/pengguna/", "/pengguna/") if side.name == "node" else ("/akun/", "/akun/")
    client = side.client("admin")
    side.clock.now += PROOF_S + 1
    client.get(page)
    form = {"nama": "Rini <b> Asih", "jabatan": "Kaur", "nama_pengguna": "rini.asih", "peran": side.roles[1]}
    asked = client.post(path, form)
    assert asked.status_code == 401 and "Pastikan ini Anda" in asked.text and "Rini &lt;b&gt; Asih" in asked.text
    wrong = client.post(path, {**form, "bukti_sandi": "bukan ini sandinya"})
    assert wrong.status_code == 401 and "tidak cocok" in wrong.text and "Rini &lt;b&gt; Asih" in wrong.text
    assert "bukan ini" not in wrong.text
    assert client.post(path, {**form, "bukti_sandi": PASSWORD}).status_code == 303
    with side.database.read() as conn:
        assert conn.execute("SELECT count(*) FROM account WHERE name = 'rini.asih'").fetchone()[0] == 1
    # Ten minutes long nothing is asked again.
    client.get(page)
    assert client.post(path, {**form, "nama_pengguna": "rini.dua"}).status_code == 303
    # The password itself is changed with the old one only.
    client.get("/akun-saya")
    new = "pagar bambu tujuh lapis"
    typed = {"kata_sandi_lama": "salah", "kata_sandi": new, "kata_sandi_ulang": new}
    assert client.post("/akun-saya/sandi", typed).status_code == 400
    for old, fresh in ((PASSWORD, new), (new, PASSWORD)):
        typed = {"kata_sandi_lama": old, "kata_sandi": fresh, "kata_sandi_ulang": fresh}
        assert client.post("/akun-saya/sandi", typed).status_code == 303


def test_a_file_that_names_many_people_is_made_behind_a_proof_and_never_by_reading(side: Side) -> None:
    """One rule for all of them: a new one is found by what its endpoint is called, and a fetch by its token."""
    makers = {name for name, _, _ in side.rules("POST") if name.partition(".")[2] in ("export", "make_book")}
    assert {endpoint for endpoint, _, guard in side.rules("POST") if guard.proof} >= makers - NUMBERS_ALONE
    assert len(makers) > (5 if side.name == "node" else 0)
    for rule in side.app.url_map.iter_rules():
        name = rule.endpoint.partition(".")[2]
        if "GET" in (rule.methods or ()) and ("download" in name or rule.rule.endswith((".xlsx", ".csv"))):
            # The bundles of the stick are sealed.
            assert rule.endpoint in FETCHED | {"usb.download"}, rule.rule
            if rule.endpoint in FETCHED:
                assert side.client("admin").get(rule.rule.replace("<token>", "00" * 8)).status_code == 400


def test_asvs_15_every_route_has_a_policy_and_the_drawn_table_says_what_the_program_does(side: Side) -> None:
    for rule in side.app.url_map.iter_rules():
        guard = policy_of(side.app, rule.endpoint)
        assert guard is not None, f"{rule.rule} is open to nobody knows whom"
        if not guard.is_machine and guard.access is not Access.UMUM:
            assert not guard.admits(None) and not guard.admits("tidak-ada") or guard.access is Access.MASUK
    drawn = draw_policy.draw_routes(side.app)
    document = draw_policy.DOCUMENT.read_text(encoding="utf-8")
    assert drawn in document, "run scripts/draw_policy.py and read the difference"


def test_asvs_15_each_role_is_let_in_exactly_where_the_policy_says(side: Side) -> None:
    probes = 0
    for role in (None, *side.roles):
        client = side.client(role)
        for method in ("GET", "POST"):
            for endpoint, path, guard in side.rules(method):
                if endpoint in ("masuk.log_out",):
                    continue
                client.token = client.token if role else ""
                status = (client.get(path) if method == "GET" else client.http.post(path)).status_code
                probes += 1
                if guard.access is Access.UMUM:
                    continue
                if role is None:
                    assert status in (303, 400, 401), (endpoint, method, status)
                else:
                    assert (status == 403) is not guard.admits(role), (role, endpoint, method, status)
    assert probes > 400


def ids_of(side: Side, sql: str) -> list[str]:
    with side.database.read() as conn:
        return [row[0] for row in conn.execute(sql)]


def test_asvs_16_a_record_of_another_place_is_not_found(village: Side) -> None:
    desa = village.desa
    assert desa is not None
    foreign = ids_of(village, "SELECT id FROM penduduk WHERE nama LIKE 'TUKIJAN%' UNION ALL"
                              " SELECT id FROM keluarga WHERE alamat = 'JL. MELATI'")
    own = [desa.ayah, desa.keluarga]
    kadus, operator = village.client("kadus"), village.client("operator")
    tried = 0
    for method in ("GET", "POST"):
        for endpoint, _, guard in village.rules(method):
            rule = next(rule for rule in village.app.url_map.iter_rules() if rule.endpoint == endpoint)
            if "<uuid:id>" not in rule.rule:
                continue
            for id in (*foreign, OTHER_ID):
                path = fill(rule.rule.replace("<uuid:id>", id))
                client = operator if id == OTHER_ID else kadus
                client.get("/")
                status = (client.get(path) if method == "GET" else client.post(path)).status_code
                assert status in (303, 400, 403, 404) if id == OTHER_ID else status in (403, 404), (endpoint, status)
                tried += 1
    assert tried > 100
    assert kadus.get(f"/penduduk/{own[0]}").status_code == kadus.get(f"/keluarga/{own[1]}").status_code == 200


def test_asvs_16_a_kadus_finds_counts_and_exports_the_own_dusun_only(village: Side) -> None:
    desa = village.desa
    assert desa is not None
    kadus, operator = village.client("kadus"), village.client("operator")
    for path in ("/penduduk/", "/keluarga/", "/"):
        assert "TUKIJAN" in operator.get(path).text or path == "/"
        assert "TUKIJAN" not in kadus.get(path).text
    assert "Penduduk KARANGSARI" in kadus.get("/").text
    for list_ in ("penduduk", "keluarga"):
        for text in ("tukijan", "3303990101700009", "33039901017", "330399010110000"):
            kadus.get(f"/{list_}/")
            found = kadus.get(kadus.post(f"/{list_}/cari", teks=text).headers["Location"])
            assert "TUKIJAN" not in found.text and "KREYO" not in found.text, (list_, text)
        kadus.get(f"/{list_}/")
        made = kadus.post(f"/{list_}/ekspor", format="csv")
        file = kadus.get(made.headers["Location"]).text
        assert "KREYO" in file and "TUKIJAN" not in file and not NIK.search(file)
    nobody = village.add("kadus.baru", "kadus")
    assert nobody and "KREYO" not in village.client("kadus.baru").get("/penduduk/").text


FULL_WIDTH, ARABIC = (str.maketrans("0123456789", digits) for digits in ("０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"))


def test_asvs_17_no_search_and_no_order_tells_a_number_that_stays_masked(village: Side) -> None:
    """Somebody who may not see whole numbers gets the same answer for a right figure and for a wrong one."""
    desa = village.desa
    assert desa is not None
    with village.database.read() as conn:
        nik, no_kk = conn.execute(
            "SELECT p.nik, k.no_kk FROM penduduk p JOIN keluarga k ON k.id = p.keluarga WHERE p.id = ?", (desa.ayah,)
        ).fetchone()
    kadus, operator = village.client("kadus"), village.client("operator")

    def search(client: Client, list_: str, text: str, way: str) -> bool:
        client.get(f"/{list_}/")
        answer = client.post(f"/{list_}/{way}", teks=text)
        page = client.get(answer.headers["Location"]) if way == "cari" else answer
        assert page.status_code == 200
        return "KREYO" in page.text

    shapes = (
        lambda n: n, lambda n: f".{n}", lambda n: f"-{n}", lambda n: f" . {n[4:12]}", lambda n: "-".join(n),
        lambda n: f"{n[:6]} {n[6:12]}.{n[12:]}", lambda n: n[6:], lambda n: n.translate(FULL_WIDTH),
        lambda n: f"\u00a0.{n.translate(ARABIC)}",
    )
    for list_ in ("penduduk", "keluarga"):
        for shape in shapes:
            for way in ("cari", "potongan"):
                for number in (nik, no_kk):
                    assert not search(kadus, list_, shape(number), way), (list_, shape(number), way)
                    assert search(operator, list_, shape(number), way), (list_, shape(number), way)
        assert search(kadus, list_, "kreyo", "cari")
    # Two neighbours whose numbers differ only where they are masked stand by their names, whatever is sorted by.
    for name, middle in (("ZZ AWAL", "01018001"), ("ZZ AKHIR", "01018002")):
        card = desa.write("keluarga", no_kk=f"3303{middle}7777", alamat="JL. URUT", dusun=desa.dusun)
        desa.write(
            "penduduk", nama=name, nik=f"3303{middle}7777", jenis_kelamin=1, keluarga=card, hubungan=1,
            dusun=desa.dusun, status_dasar=1,
        )
    for path in ("/penduduk/?urut=nik", "/penduduk/?urut=no_kk", "/keluarga/?urut=no_kk"):
        for client, is_by_name in ((kadus, True), (operator, False)):
            page = client.get(path).text
            assert (page.index("ZZ AKHIR") < page.index("ZZ AWAL")) is is_by_name, path


def test_asvs_16_a_kadus_is_led_to_no_other_dusun(village: Side) -> None:
    desa = village.desa
    assert desa is not None
    with village.database.read() as conn:
        card = conn.execute("SELECT id FROM keluarga WHERE alamat = 'JL. MELATI'").fetchone()[0]
    guest = desa.write(
        "penduduk", nama="NANANG MENUMPANG", jenis_kelamin=1, tanggal_lahir="1999-01-01", keluarga=card, hubungan=4,
        status_dasar=1, dusun=desa.dusun,
    )
    kadus, operator = village.client("kadus"), village.client("operator")
    for path in ("/penduduk/", "/keluarga/"):
        mine, whole = kadus.get(path).text, operator.get(path).text
        assert "KALIWANGI" not in mine and ">KARANGSARI</option>" in mine and ">Semua dusun</option>" not in mine
        assert ">KALIWANGI</option>" in whole and ">Semua dusun</option>" in whole
    page = kadus.get(f"/penduduk/{guest}").text
    assert "KK di dusun lain" in page and card not in page
    assert f'href="/keluarga/{card}"' in operator.get(f"/penduduk/{guest}").text
    assert f'href="/keluarga/{desa.keluarga}"' in kadus.get(f"/penduduk/{desa.ayah}").text
    # Whatever a page of the own dusun leads to, opens.
    left, seen = ["/", "/penduduk/", "/keluarga/", f"/penduduk/{guest}"], set[str]()
    while left:
        path = left.pop()
        if path in seen or path.startswith(("/aset", "/panduan")):
            continue
        seen.add(path)
        answer = kadus.get(path)
        assert answer.status_code == 200, path
        if answer.mimetype == "text/html":
            left += [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"#]*)"', answer.text)]
        answer.close()
    assert len(seen) > 10


def test_asvs_17_fields_open_by_right_and_not_by_page(village: Side) -> None:
    desa = village.desa
    assert desa is not None
    kadus = village.client("kadus")
    for path in (f"/penduduk/{desa.ayah}", f"/keluarga/{desa.keluarga}"):
        page = kadus.get(path).text
        assert not NIK.search(page) and "Bantuan</h2>" not in page and "Tampilkan NIK" not in page
        assert kadus.post(f"{path}/tampilkan", keperluan="layanan").status_code == 403
    assert kadus.post("/penduduk/ekspor", format="csv", lengkap="1", keperluan="layanan").status_code == 403
    assert "Bantuan</h2>" in village.client("operator").get(f"/penduduk/{desa.ayah}").text


def test_asvs_17_who_sees_numbers_alone_reads_no_name_on_any_page_of_the_hub(tmp_path: Path) -> None:
    """The pages are those that the routes let a pengamat open, and whatever they lead to."""
    hub = make_hub_side(tmp_path)
    report = close_a_month_with_a_note(hub, "Kematian Sarjono belum ada aktanya")
    adapter, pengamat = hub.app.url_map.bind("localhost"), hub.client("pengamat")
    with hub.database.read() as conn:
        names = {row[0] for row in conn.execute("SELECT nama FROM penduduk WHERE nama IS NOT NULL")}
    assert {"Sarjono", "Tukiyem", "Paijo", "Ngatini"} <= names
    # The export is for programs with a token of their own.
    mine = {
        endpoint: path for endpoint, path, guard in hub.rules("GET")
        if guard.admits("pengamat") and not endpoint.startswith("ekspor.")
    }
    whole = {rule.endpoint for rule in hub.app.url_map.iter_rules() if not rule.arguments}
    left, seen, opened = [mine[name] for name in sorted(mine.keys() & whole)] + [report], set[str](), Counter[str]()
    while left:
        path = left.pop()
        endpoint = adapter.match(path.partition("?")[0])[0]
        if path in seen or opened[endpoint] >= PAGES_MAX:
            continue
        seen.add(path)
        opened[endpoint] += 1
        answer = pengamat.get(path)
        assert answer.status_code < 400, (path, answer.status_code)
        if answer.mimetype == "text/html":
            assert not [name for name in names if name in answer.text] and not NIK.search(answer.text), path
            left += [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"#]*)"', answer.text)]
        answer.close()
    assert not mine.keys() - opened.keys(), "a page that was not looked at"
    assert "Sarjono belum ada aktanya" in hub.client("wali_data").get(report).text
    hub.database.close()


PAGES_MAX = 40


def close_a_month_with_a_note(hub: Side, note: str) -> str:
    """Let a desa report nothing and the kecamatan write a note about it; give the address of the month."""
    site, villages, month = hub.site, hub.villages, "2026-08"
    assert site is not None and villages is not None
    content = dump_laporan(Laporan(month, {}, {}, ()))
    draft = draft_create(
        site.hub.catalogue["laporan_lampid"], name_laporan(KREO, month),
        {"bulan": month, "isi": content, "ukuran": [], "nihil": True, "tanggal_tutup": "2026-09-01"},
    )
    site.deliver(villages.kantor, [draft])
    decide.examine(
        site.hub, KREO, month, "diverval", note, digest_laporan(content, ()), author=site.hub.new_id(), account="uji"
    )
    return f"/lampid/{month}/{KREO}"


def test_asvs_18_what_a_form_does_not_have_cannot_be_sent_along(village: Side) -> None:
    operator = village.client("operator")
    operator.get("/penduduk/tambah")
    extra = {
        "desa": "33.03.04.2001", "id": OTHER_ID, "konflik": "x", "peran": "admin", "verval": "1", "foto": "0" * 64,
    }
    answer = operator.post(
        "/penduduk/tambah", {**extra, "nama": "ORANG TITIPAN", "jenis_kelamin": "1", "tanggal_lahir": "01-01-1990",
                             "status_dasar": "1"},
    )
    assert answer.status_code == 303
    with village.database.read() as conn:
        rows = conn.execute("SELECT desa, id, foto, konflik FROM penduduk WHERE nama = 'ORANG TITIPAN'").fetchall()
    assert len(rows) == 1 and rows[0][0] == "33.03.04.2006" and rows[0][1] != OTHER_ID and rows[0][2:] == (None, None)
    admin = village.client("admin")
    admin.get("/pengguna/")
    for role in ("", "ADMIN", "superuser", "sistem"):
        typed = {"nama": "X", "nama_pengguna": "orang.x", "peran": role}
        assert admin.post("/pengguna/", typed).status_code == 400
    operator.get("/akun-saya")
    operator.post("/akun-saya/sandi", kata_sandi_lama=PASSWORD, kata_sandi="pagar bambu tujuh lapis",
                  kata_sandi_ulang="pagar bambu tujuh lapis", peran="admin", role="admin")
    with village.database.read() as conn:
        assert conn.execute("SELECT role FROM account WHERE name = 'operator'").fetchone()[0] == "operator"


def test_asvs_15_no_page_shows_a_role_a_link_or_a_form_that_it_may_not_use(side: Side) -> None:
    adapter = side.app.url_map.bind("localhost")
    shut: set[tuple[str, str, str]] = set()
    for role in side.roles:
        client, seen, left, kinds = side.client(role), set[str](), ["/"], set[str]()
        while left:
            path = left.pop()
            endpoint = adapter.match(path.partition("?")[0])[0]
            if path in seen or (endpoint in kinds and len(seen) > 120) or endpoint == "static":
                continue
            seen.add(path)
            kinds.add(endpoint)
            answer = client.get(path)
            if answer.status_code == 403:
                shut.add((role, "GET", endpoint))
            if answer.mimetype == "text/html":
                for link in re.findall(r'href="(/[^"#]*)"', answer.text):
                    left.append(link.replace("&amp;", "&"))
                for action in re.findall(r'method="post"[^>]* action="(/[^"#]*)"', answer.text):
                    wanted = adapter.match(action.partition("?")[0], method="POST")[0]
                    guard = policy_of(side.app, wanted)
                    if guard is None or guard.access is not Access.UMUM and not guard.admits(role):
                        shut.add((role, f"POST on {endpoint}", wanted))
            answer.close()
        assert len(seen) > 5, role
    assert not shut
