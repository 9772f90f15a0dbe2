"""The checks 20–29 and 35 of the security list: what is sent in, what browsers are told (OWASP ASVS 5.0, 1, 3, 5)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.penduduk.ekspor import write_table
from shared.web.guards import Access
from shared.web.headers import CONTENT_SECURITY_POLICY
from tests.support.security import PASSWORD, Side, make_node_side

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = sorted(path for tree in ("shared", "node", "hub") for path in (ROOT / tree).rglob("*.py"))
SQL = (
    "' OR 1=1 --", "1); DROP TABLE penduduk;--", "\" UNION SELECT password FROM account --", "%' ESCAPE '",
    "\x00", "😈'",
)
XSS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "</textarea><script>x</script>",
    "{{7*7}}", "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}", "${7*7}", "#{7*7}",
)
FORMULAS = ("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)")


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    made = make_node_side(tmp_path_factory.mktemp("aman"))
    yield made
    made.database.close()


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(item, ast.Import):
            found |= {alias.name for alias in item.names}
        elif isinstance(item, ast.ImportFrom):
            found.add(item.module or "")
    return found


def open_pages(side: Side) -> list[tuple[str, str]]:
    return [(endpoint, path) for endpoint, path, guard in side.rules("GET") if guard.admits("admin")]


def test_asvs_20_what_looks_like_sql_is_text_everywhere(side: Side) -> None:
    admin = side.client("admin")
    before = dump(side, "SELECT count(*) FROM penduduk", "SELECT group_concat(password) FROM account")
    args = (
        "cari", "teks", "desa", "hal", "sebelum", "akun", "kegiatan", "hari", "tentang", "lihat", "hanya", "urut",
        "riwayat", "kode", "umur",
    )
    for attack in SQL:
        for _, path in open_pages(side):
            assert admin.get(path, query_string=dict.fromkeys(args, attack)).status_code < 500, path
        for path in ("/penduduk/cari", "/keluarga/cari", "/verval/saring"):
            admin.get("/")
            assert admin.post(path, teks=attack, nama=attack, dusun=attack).status_code < 500
        admin.get("/")
    assert dump(side, "SELECT count(*) FROM penduduk", "SELECT group_concat(password) FROM account") == before


def dump(side: Side, *statements: str) -> list[object]:
    with side.database.read() as conn:
        return [conn.execute(sql).fetchone()[0] for sql in statements]


def test_asvs_21_text_that_looks_like_a_page_or_a_formula_is_shown_as_text(village: Side) -> None:
    desa = village.desa
    assert desa is not None
    admin = village.client("admin")
    for attack in XSS[:4]:
        desa.change("penduduk", desa.ayah, nama=attack[:100], alamat=attack, ayah_nama=attack[:100])
        own = f"/penduduk/{desa.ayah}"
        for path in (own, f"{own}/ubah", f"{own}/hapus", f"/keluarga/{desa.keluarga}", "/penduduk/", "/keluarga/"):
            page = admin.get(path).text
            assert attack not in page and "onerror=alert(1)>" not in page.replace("&#34;", "").split("<main")[0]
        admin.get("/penduduk/")
        found = admin.get(admin.post("/penduduk/cari", teks=attack).headers["Location"]).text
        assert attack not in found
    for formula in FORMULAS:
        line = write_table("csv", ["Nama"], [[formula]]).decode("utf-8-sig").splitlines()[1]
        assert line.startswith(("'", "\"'"))


def test_asvs_22_nothing_typed_is_a_template(village: Side) -> None:
    desa = village.desa
    assert desa is not None
    admin = village.client("admin")
    for attack in XSS[4:]:
        desa.change("penduduk", desa.ibu, nama=attack[:100])
        page = admin.get(f"/penduduk/{desa.ibu}").text
        assert "49</h1>" not in page and attack[:20].split("<")[0] in page.replace("&#39;", "'")
    built = [
        f"{path.relative_to(ROOT)}:{item.lineno}" for path in MODULES
        for item in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(item, ast.Call) and ast.unparse(item.func).rsplit(".", 1)[-1] in
        ("render_template_string", "from_string", "Template")
    ]
    assert not built


STARTS_ITSELF = ROOT / "shared" / "pdf" / "apart.py"
"""Sets large prints in a process of its own."""


def test_asvs_23_the_one_process_that_is_started_is_the_program_itself_with_nothing_typed() -> None:
    tree = ast.parse(STARTS_ITSELF.read_text(encoding="utf-8"))
    calls = [item for item in ast.walk(tree) if isinstance(item, ast.Call)
             and ast.unparse(item.func).startswith("subprocess.")]
    assert [ast.unparse(call.func) for call in calls] == ["subprocess.run"]
    assert ast.unparse(calls[0].args[0]) == "[sys.executable, '-I', '-c', _CODE, str(_ROOT)]"
    given = {keyword.arg for keyword in calls[0].keywords}
    assert given == {"input", "stdout", "stderr", "timeout", "check", "creationflags"}


def test_asvs_23_no_shell_is_called_and_no_path_leads_out(side: Side) -> None:
    for path in MODULES:
        found = imports_of(path) & {"subprocess", "pty", "commands"}
        assert not found or path == STARTS_ITSELF, path
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bos\.(system|popen|exec[lv]|spawn)|\bshell=True|\beval\(|\bexec\(", text), path
    admin = side.client("admin")
    own = ["/sinkronisasi/usb/unduh/", "/impor/hasil/"] if side.name == "node" else ["/usb/unduh/"]
    places = ["/aset/", "/panduan/", *own]
    attacks = (
        "../../data.sqlite", "..%2f..%2fdata.sqlite", "%2e%2e/keys/web.key", "..\\..\\data.sqlite", "/etc/passwd",
    )
    for base in places:
        for attack in attacks:
            answer = admin.get(base + attack)
            assert answer.status_code in (303, 308, 400, 404), (base, attack, answer.status_code)
            assert b"SQLite format" not in answer.data and b"root:" not in answer.data
            answer.close()


def test_asvs_24_nothing_that_runs_what_it_reads() -> None:
    banned = {
        "pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle", "lxml", "xml.sax", "xml.dom", "xml.dom.minidom",
    }
    for path in MODULES:
        # The store of compiled templates is the program's own, in its own folder.
        assert path.name == "bytecode.py" or not imports_of(path) & banned, path
    # One place reads XML: the sizes inside a spreadsheet, after what would unpack to too much was refused.
    assert [path.name for path in MODULES if "xml.etree" in imports_of(path)] == ["extent.py"]


def test_asvs_25_only_named_programs_call_out_and_none_follows_a_redirect() -> None:
    libraries = {"requests", "http.client", "urllib.request"}
    callers = {path.relative_to(ROOT).as_posix() for path in MODULES if libraries & imports_of(path)}
    assert callers == {"node/sinkron/transport.py", "hub/kabupaten/transport.py", "shared/web/local.py"}
    for name in callers:
        calls = [
            item for item in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
            if isinstance(item, ast.Call) and ast.unparse(item.func).rsplit(".", 1)[-1] in ("get", "post", "request")
            and item.args and any(word.arg == "timeout" for word in item.keywords)
        ]
        assert calls
        for call in calls:
            follows = [ast.unparse(word.value) for word in call.keywords if word.arg == "allow_redirects"]
            assert follows == ["False"], name


def test_asvs_26_cookies_are_bound_to_their_host_and_plain_http_says_so(side: Side) -> None:
    for base, secure in (("https://kantor.test", True), ("http://kantor.test", False)):
        client = side.app.test_client()
        client.environ_base["REMOTE_ADDR"] = "192.168.1.7"
        page = client.get("/masuk", base_url=base)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token and ("tidak disandikan" in page.text) is not secure
        form = {"csrf_token": token[1], "nama_pengguna": "admin", "kata_sandi": PASSWORD}
        answer = client.post("/masuk", data=form, base_url=base)
        cookies = page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")
        assert len(cookies) >= 2
        for cookie in cookies:
            assert cookie.startswith("__Host-") is secure and ("Secure" in cookie) is secure
            assert "HttpOnly" in cookie and "SameSite" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_asvs_27_and_28_every_answer_tells_the_browser_what_is_allowed(side: Side) -> None:
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY and "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    admin = side.client("admin")
    paths = [path for _, path in open_pages(side)] + ["/tidak-ada", "/aset/sipande.css", "/aset/tidak-ada"]
    for path in paths:
        for base in ("http://localhost", "https://localhost"):
            answer = (admin.http if base == "http://localhost" else side.app.test_client()).get(path, base_url=base)
            headers = answer.headers
            assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer", path
            assert ("Strict-Transport-Security" in headers) is (base[:5] == "https"), path
            if not path.startswith(("/witness", "/sync")):
                assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
            if answer.mimetype == "text/html":
                assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", answer.text), path
            answer.close()


# A list of names is written into the audit by the page that opens it (hub/beranda/reveals.py, node/beranda/looks.py),
# and so are the data of a resident or family, and a file.
READING_IS_AUDITED = {
    "penduduk.index", "keluarga.index", "penduduk.show", "penduduk.edit", "penduduk.confirm_delete", "foto.edit",
    "keluarga.show", "keluarga.edit", "keluarga.choose_move", "keluarga.place",
    "penerima.show", "penerima.edit", "penerima.confirm_delete", "bantuan.show",
    "lampid.show", "lampid.edit", "catat.leave", "kedatangan.birth", "kedatangan.come_back",
    "surat.compose", "konsep.show", "konsep.edit", "konsep.print_concept", "surat_terbit.show",
    "surat_terbit.print_letter", "surat_terbit.scan", "surat_masuk.scan", "agenda.index",
    "tindakan.show", "tindakan.scan", "laporan.names", "buku.show",
    "verval.index", "verval.case", "sipande.penduduk", "sipande.keluarga", "sipande.penerima", "penghapusan.index",
}


NOBODYS_DATA = {
    # A picture inside a page that is noted itself, and what is about a programme, a place, an officer of the desa, or
    # a letter that came in.
    "foto.picture", "bantuan.edit", "dusun.show", "dusun.edit", "dusun.closed", "perangkat.show", "perangkat.edit",
    "perangkat.end", "surat_masuk.show", "surat_masuk.edit",
}


def test_asvs_41_every_page_of_one_record_is_noted_or_shows_nobodys_data(village: Side) -> None:
    of_one = {
        rule.endpoint for rule in village.app.url_map.iter_rules()
        if "<uuid:id>" in rule.rule and "GET" in (rule.methods or ())
    }
    assert of_one - NOBODYS_DATA <= READING_IS_AUDITED, "say whom a new page shows (node/beranda/looks.py)"
    assert NOBODYS_DATA <= of_one and not NOBODYS_DATA & READING_IS_AUDITED


def test_asvs_29_every_form_wants_its_token_and_reading_writes_nothing(side: Side) -> None:
    admin = side.client("admin")
    generation = side.database.generation
    for _, path in [(e, p) for e, p in open_pages(side) if e not in READING_IS_AUDITED]:
        admin.get(path).close()
        assert side.database.generation == generation, f"GET {path} has written"
    tried = 0
    for endpoint, path, guard in side.rules("POST"):
        if guard.access is Access.UMUM and endpoint.startswith("ekspor"):
            continue
        for data in ({}, {"csrf_token": "x"}):
            answer = admin.http.post(path, data=data)
            assert answer.status_code in (400, 413), (endpoint, answer.status_code)
            tried += 1
    assert side.database.generation == generation and tried > 20


def test_asvs_35_a_stranger_cannot_say_where_a_request_comes_from(side: Side) -> None:
    forged = {
        "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "jahat.example",
        "Forwarded": "for=127.0.0.1;proto=https", "X-Real-IP": "127.0.0.1",
    }
    client = side.app.test_client()
    client.environ_base["REMOTE_ADDR"] = "192.168.1.7"
    answer = client.get("/masuk", headers=forged)
    assert "Strict-Transport-Security" not in answer.headers and "tidak disandikan" in answer.text
    assert "jahat.example" not in answer.text
    assert client.post("/_lokal/v1/status", headers=forged, json={}).status_code == 403
