"""What people, files, machines and networks get wrong: one Indonesian sentence that helps, and nothing lost.

Every case runs the real programs as processes of their own. Exit codes: 2 the input, 3 the machine, 4 the
other side broke the protocol, 5 no answer, 6 damage found.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from generate_desa import make_files
from node.server import SyncJob
from node.services import open_node
from node.sinkron.enrol import enrol
from node.sinkron.transport import HttpTransport
from shared.changelog.keys import SigningKey
from shared.clock import SystemClock, system_random
from shared.errors import TransportError
from shared.explain import explain_error
from shared.store.folder import DataFolder
from shared.sync import signature
from shared.sync.enrolment import EnrolmentCode, fingerprint_of, parse_code
from tests.support.warm import Ended, Warm

DESA, OTHER_DESA, KECAMATAN = "33.03.04.2006", "33.03.04.2008", "33.03.04"
NODE, HUB = "sipande-node", "sipande-hub"
NIK = "3303994101800001"
HANG_S = 20.0
"""What takes longer than this hangs; every case here needs a fraction of a second."""

_ENGLISH = re.compile(
    r"\b(the|is|are|not|no|of|error|failed|cannot|invalid|missing|file|such|usage|option|argument|permission|denied"
    r"|exception|traceback|defect|none|true|false|expected|unable|unknown)\b",
    re.IGNORECASE,
)
# Settings that say when and how the last session went; whatever it met, they may change.
_CONTACT = ("sinkron_terakhir", "sinkron_lengkap", "run_bytes")


@dataclass
class Place:
    """The programs, folders prepared once, and a folder for the copies of one test."""

    warm: Warm
    prepared: Path
    folder: Path

    def copy(self, name: str, to: str = "") -> Path:
        return Path(shutil.copytree(self.prepared / name, self.folder / (to or name)))

    def run(self, program: str, folder: Path, *args: str, **options: Any) -> Ended:
        return self.warm.run(program, folder, *args, seconds=HANG_S, **options)

    def node(self, folder: Path, *args: str, **options: Any) -> Ended:
        return self.run(NODE, folder, *args, **options)


@pytest.fixture(scope="module")
def prepared() -> Iterator[tuple[Warm, Path]]:
    """A node with a little work in it; a hub and a node that are enrolled with each other; a sheet."""
    with (
        tempfile.TemporaryDirectory(prefix="sipande-uji-") as name,
        closing(Warm()) as warm,
    ):
        folder = Path(name)
        _prepare(warm, folder)
        yield warm, folder


def _prepare(warm: Warm, folder: Path) -> None:
    def run(program: str, name: str, *args: str) -> dict[str, Any]:
        ended = warm.run(program, folder / name, *args)
        assert ended.exit == 0, (args[0], ended)
        return ended.answer

    make_files(DESA, 800, 5, folder / "lembar")
    run(NODE, "simpul", "init", "--desa", DESA, "--nama", "PC")
    run(NODE, "simpul", "tulis", "dusun", "nama=KRAJAN")
    run(NODE, "simpul", "tulis", "penduduk", "nama=SITI", f"nik={NIK}")
    shutil.copytree(folder / "simpul", folder / "terdaftar")
    run(HUB, "hub", "init", "--kecamatan", KECAMATAN)
    run(HUB, "hub-lain", "init", "--kecamatan", KECAMATAN)
    hub = warm.serve(HUB, folder / "hub")
    code = run(HUB, "hub", "slot", DESA, "--alamat", hub.address)["kode"]
    answer = run(NODE, "terdaftar", "enrol", code)
    run(HUB, "hub", "setujui", answer["simpul"], "--kata", answer["kata"])
    run(NODE, "terdaftar", "sync")
    (folder / "alamat").write_text(hub.address)
    hub.stop()


@pytest.fixture
def place(prepared: tuple[Warm, Path]) -> Iterator[Place]:
    warm, folder = prepared
    with tempfile.TemporaryDirectory(prefix="salinan-", dir=folder) as name:
        yield Place(warm, folder, Path(name))
        warm.end_all()


def _refused(ended: Ended, exit_code: int, *words: str) -> None:
    """Check exit code, language and help of a refusal; no part of it is on standard output."""
    _speaks(ended.err, *words)
    assert (ended.exit, ended.out) == (exit_code, ""), ended


def _speaks(text: str, *words: str) -> None:
    sentence = text.strip()
    assert sentence.count("\n") == 0, sentence
    # Names of files and commands are no language.
    plain = re.sub(r"\S*/\S*|--[a-z-]+|sipande-\w+", "", sentence)
    assert _ENGLISH.search(plain) is None, sentence
    assert sentence[0].isupper() and (sentence.endswith(".") or "--help" in sentence or "chmod" in sentence), sentence
    for word in words:
        assert word.lower() in sentence.lower(), (word, sentence)
    assert NIK not in sentence


def _state(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Digest every table and key of a folder; read from a copy, so that nothing is tidied up on the way."""
    keys = [path for path in (folder / "kunci").iterdir() if path.name != "web.key"]  # made when first needed
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in keys}
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        for file in folder.glob("data.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, Path(name) / file.name)
        with closing(sqlite3.connect(Path(name) / "data.sqlite")) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = sorted(map(repr, conn.execute(f'SELECT * FROM "{table}"')))
                if table == "setting":
                    rows = [row for row in rows if not any(repr(setting) in row for setting in but)]
                found[table] = sha256("\n".join(rows).encode()).hexdigest()
    return found


# The file ----------------------------------------------------------------------------------------------------


def _zip(path: Path, **parts: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", data)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 1000 * 1000)


def _truncated(path: Path) -> None:
    _zip(path, xl__workbook=b"<workbook/>")
    path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("pdf.xlsx", lambda path: path.write_bytes(b"%PDF-1.7 isi"), ("dokumen PDF", "unggah berkas Excel")),
        ("foto.xlsx", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), ("gambar", "unggah")),
        ("surat.xlsx", lambda path: _zip(path, word__document=b"<w/>"), ("Word", "unggah berkas Excel")),
        ("arsip.xlsx", lambda path: _zip(path, apa=b"<a/>"), ("arsip ZIP", "Ekstrak")),
        ("kosong.xlsx", lambda path: path.write_bytes(b""), ("kosong", "Pilih berkas")),
        ("putus.xlsx", _truncated, ("rusak atau terpotong", "unduh ulang")),
        ("besar.xlsx", _sparse, ("lebih besar dari 25 MB", "bagi menjadi")),
        (
            "bom.xlsx", lambda path: _zip(path, xl__workbook=b"<a/>", xl__worksheets__sheet1=bytes(40_000_000)),
            ("tidak aman dibuka", "simpan sebagai .xlsx"),
        ),
        ("judul.csv", lambda path: path.write_text("a;b\n1;2\n"), ("Baris judul", "Unduh contoh")),
        ("folder.xlsx", lambda path: path.mkdir(), ("tidak bisa dibuka", "coba lagi")),
        ("hilang.xlsx", lambda path: None, ("tidak bisa dibuka", "coba lagi")),
    ],
)
@pytest.mark.parametrize("served", [False, True])
def test_a_file_that_is_no_list_of_residents_changes_nothing(
    place: Place, name: str, make: Callable[[Path], Any], words: tuple[str, ...], served: bool
) -> None:
    node, path = place.copy("simpul"), place.folder / name
    make(path)
    server = place.warm.serve(NODE, node, "--tanpa-otomatis") if served else None
    before = _state(node, but=_CONTACT)
    _refused(place.node(node, "impor", str(path)), 2, *words)
    assert _state(node, but=_CONTACT) == before
    if server is not None:
        assert server.stop() == 0


def test_rejected_rows_that_cannot_be_written_do_not_hide_that_the_rest_is_in(place: Place) -> None:
    node, sheet = place.copy("simpul"), place.folder / "cacat.csv"
    sheet.write_text("nama,nik,no_kk,sex,tanggallahir,alamat,dusun,rw,rt\nSITI,12,,1,01-01-1980,A,K,1,1\n")
    _refused(
        place.node(node, "impor", str(sheet), "--tolak", str(place.folder / "tidak" / "ada.xlsx")), 3,
        "Data sudah masuk", "--tolak", "tidak digandakan",
    )


# The command line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "args", "words"),
    [
        (NODE, (), ("tidak lengkap", "--help")),
        (NODE, ("tidakada",), ("tidak dikenali", "--help")),
        (NODE, ("init",), ("--desa wajib diisi", "--help")),
        (NODE, ("init", "--desa", DESA), ("--nama wajib diisi",)),
        (NODE, ("init", "--desa"), ("--desa tidak ada", "--help")),
        (NODE, ("impor",), ("BERKAS wajib diisi", "--help")),
        (NODE, ("impor", "a", "b"), ("--help",)),
        (NODE, ("status", f"--{NIK}"), ("pilihan yang tidak dikenal",)),
        (NODE, ("serve", "--port", NIK + "x"), ("--port tidak dapat dipakai",)),
        (NODE, ("akun", "budi", "--nama", "Budi", "--peran", NIK), ("--peran tidak dapat dipakai",)),
        (HUB, ("init",), ("--kecamatan wajib diisi",)),
        (HUB, ("slot", DESA), ("--alamat wajib diisi",)),
        (HUB, ("setujui", "x"), ("--kata wajib diisi",)),
        (HUB, ("putus", "x", "--petugas", "y", "--jenis", NIK), ("--jenis tidak dapat dipakai",)),
    ],
)
def test_a_command_line_that_is_wrong_is_explained_in_indonesian(
    place: Place, program: str, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    _refused(place.run(program, place.folder / "data", *args), 2, *words)
    assert not (place.folder / "data").exists()


@pytest.mark.parametrize(
    ("program", "args", "words"),
    [
        (NODE, ("init", "--desa", "33.03.04.9999", "--nama", "PC"), ("Kode desa itu tidak dikenal", DESA)),
        (NODE, ("init", "--desa", NIK, "--nama", "PC"), ("tidak dikenal", DESA)),
        (NODE, ("init", "--desa", KECAMATAN, "--nama", "PC"), ("empat bagian", DESA)),
        (HUB, ("init", "--kecamatan", "33.03"), ("tiga bagian", KECAMATAN)),
        (HUB, ("init", "--kecamatan", DESA), ("tiga bagian", KECAMATAN)),
        (NODE, ("status",), ("Belum ada data", "init", "--data")),
        (NODE, ("impor", "a.xlsx"), ("Belum ada data", "init")),
        (HUB, ("status",), ("Belum ada data", "init", "--data")),
    ],
)
def test_an_unknown_place_or_folder_makes_nothing(
    place: Place, program: str, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    _refused(place.run(program, place.folder / "data", *args), 2, *words)
    assert not (place.folder / "data").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("penduduk", f"nik={NIK}1", "nama=SITI"), ("NIK harus tepat 16 angka",)),
        (("penduduk", f"nik={NIK[:-1]}", "nama=SITI"), ("NIK harus tepat 16 angka",)),
        (("penduduk", f"nik={NIK[:-1]}O", "nama=SITI"), ("NIK harus tepat 16 angka", "huruf")),
        (("penduduk", f"nik={NIK[:6]} {NIK[6:]}", "nama=SITI"), ("NIK harus tepat 16 angka", "spasi")),
        (("penduduk", f"nik=#{NIK}", "nama=SITI"), ("NIK", "isi ulang")),
        (("penduduk", NIK, "nama=SITI"), ("bidang yang tidak dikenal", "nik, nama")),
        (("penduduk", f"nik={NIK}"), ("Nama lengkap wajib diisi",)),
        (("penduduk", "nama=SITI", "tanggal_lahir=kemarin"), ("tahun-bulan-tanggal",)),
        (("penduduk", "nama=SITI", "agama=#99"), ("pilih dari daftar",)),
        (("penduduk", "nama=SITI", "agama=islam"), ("isi ulang",)),
        (("penduduk", "nama=SITI", "keluarga=itu"), ("pilih dari daftar",)),
        (("penduduk", "nama=SITI", "--id", "itu"), ("tidak ada atau sudah dihapus",)),
        (("simpul", "nama=x"), ("tidak dapat ditulis di desa",)),
        (("apa", "nama=x"), ("tidak dapat ditulis di desa",)),
    ],
)
def test_what_may_not_be_written_is_refused_without_repeating_it(
    place: Place, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    node = place.copy("simpul")
    before = _state(node)
    ended = place.node(node, "tulis", *args)
    _refused(ended, 2, *words)
    assert NIK[:12] not in ended.err and NIK[6:15] not in ended.err
    assert _state(node) == before


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("budi", "pendek\n", ("Kata sandi terlalu pendek", "12 huruf")),
        ("budi", "", ("Kata sandi terlalu pendek",)),
        ("Bu Di", "kuda hijau lari pagi\n", ("Nama pengguna", "misalnya")),
    ],
)
def test_an_account_that_cannot_be_made_is_explained(
    place: Place, name: str, password: str, words: tuple[str, ...]
) -> None:
    node = place.copy("simpul")
    before = _state(node)
    _refused(place.node(node, "akun", name, "--nama", "Budi", stdin=password), 2, *words)
    assert _state(node) == before


# The machine -------------------------------------------------------------------------------------------------


def test_a_folder_is_opened_by_its_own_program_alone(place: Place) -> None:
    node, hub = place.copy("simpul"), place.copy("hub")
    before = _state(node), _state(hub)
    _refused(place.node(hub, "status"), 2, "milik hub kecamatan", "--data")
    _refused(place.run(HUB, node, "serve", "--port", "0"), 2, "milik simpul desa", "--data")
    assert (_state(node), _state(hub)) == before


def test_a_second_init_leaves_the_first_alone(place: Place) -> None:
    node = place.copy("simpul")
    before = _state(node)
    _refused(place.node(node, "init", "--desa", DESA, "--nama", "PC"), 2, "sudah berisi data", "serve", "--data")
    assert _state(node) == before


@pytest.mark.parametrize("args", [("status",), ("tulis", "dusun", "nama=X"), ("serve", "--port", "0"), ("sync",)])
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_that_may_not_be_written_is_explained(place: Place, args: tuple[str, ...], mode: int) -> None:
    node = place.copy("terdaftar")
    before = _state(node)
    node.chmod(mode)
    ended = place.node(node, *args, powerless=True)
    node.chmod(0o700)
    assert ended.exit == 3 and ended.out == "", ended
    _speaks(ended.err, "hak akses")
    assert _state(node) == before


def test_a_folder_that_cannot_be_made_is_explained(place: Place) -> None:
    parent = place.folder / "terkunci"
    parent.mkdir(mode=0o555)
    args = ("init", "--desa", DESA, "--nama", "PC")
    _refused(place.node(parent / "data", *args, powerless=True), 3, "tidak dapat dibuat", "--data", "hak akses")
    (place.folder / "berkas").write_text("")
    _refused(place.node(place.folder / "berkas", *args), 3, "tidak dapat dibuat", "--data")


def test_a_key_file_that_others_can_read_is_not_used(place: Place) -> None:
    node = place.copy("terdaftar")
    before = _state(node)
    (node / "kunci" / "kunci.json").chmod(0o644)
    for args in (("status",), ("serve", "--port", "0")):
        _refused(place.node(node, *args), 3, "dapat dibuka pengguna lain", "Jalankan: chmod 600")
    (node / "kunci" / "kunci.json").chmod(0o600)
    assert place.node(node, "status").exit == 0 and _state(node) == before


@pytest.mark.parametrize("content", [None, b"{}", b"\xff"])
def test_a_key_file_that_is_gone_or_damaged_is_not_made_again(place: Place, content: bytes | None) -> None:
    node = place.copy("terdaftar")
    path = node / "kunci" / "kunci.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    _refused(place.node(node, "serve", "--port", "0"), 3, "Berkas kunci", "jangan hapus apa pun")
    assert path.exists() == (content is not None)


@pytest.mark.parametrize("content", [b"", b"bukan basis data" * 400])
def test_a_database_that_is_damaged_is_told_and_not_made_again(place: Place, content: bytes) -> None:
    node = place.copy("terdaftar")
    for file in node.glob("data.sqlite*"):
        file.unlink()
    (node / "data.sqlite").write_bytes(content)
    for args in (("status",), ("tulis", "dusun", "nama=X"), ("serve", "--port", "0")):
        ended = place.node(node, *args)
        assert ended.exit == 6, ended
        _speaks(ended.err, "rusak", "jangan hapus apa pun")
    with closing(sqlite3.connect(node / "data.sqlite")) as conn:
        if not content:
            assert conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def test_a_damaged_memory_of_what_was_signed_stops_writing(place: Place) -> None:
    node = place.copy("terdaftar")
    (node / "kunci" / "puncak.json").write_text("{")
    before = _state(node)
    _refused(place.node(node, "tulis", "dusun", "nama=X"), 6, "rusak", "hubungi")
    assert _state(node) == before and place.node(node, "status").exit == 0


@pytest.mark.parametrize(("program", "name", "args"), [
    (NODE, "simpul", ("status",)), (NODE, "simpul", ("serve", "--port", "0")), (HUB, "hub", ("serve", "--port", "0")),
])
def test_a_database_newer_than_the_program_is_left_alone(
    place: Place, program: str, name: str, args: tuple[str, ...]
) -> None:
    folder = place.copy(name)
    with closing(sqlite3.connect(folder / "data.sqlite")) as conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('sipande', '9999_x', '2030')"
        )
        conn.commit()
    before = _state(folder)
    _refused(place.run(program, folder, *args), 2, "lebih baru", "Pasang versi Sipande terbaru", "tidak berubah")
    assert _state(folder) == before


def test_a_port_in_use_is_explained_with_another_to_take(place: Place) -> None:
    node = place.copy("simpul")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = place.node(node, "serve", "--port", str(taken.getsockname()[1]))
    assert ended.exit == 3
    _speaks(ended.err.splitlines()[-1], "sudah dipakai program lain", "pilih port lain dengan --port")


@pytest.mark.parametrize(("args", "words"), [
    (("--port", "99999"), ("--port", "antara 1 dan 65535")), (("--host", "kantor", "--port", "0"), ("--host", "angka")),
    (("--host", "192.0.2.7", "--port", "0"), ("bukan alamat komputer ini", "--host 0.0.0.0")),
])
def test_an_address_that_cannot_be_served_is_explained(
    place: Place, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ended = place.node(place.copy("simpul"), "serve", *args)
    assert ended.exit == 3
    _speaks(ended.err.splitlines()[-1], *words)


def test_two_programs_never_share_a_folder_but_commands_go_through_the_server(place: Place) -> None:
    node = place.copy("simpul")
    server = place.warm.serve(NODE, node, "--tanpa-otomatis")
    ended = place.node(node, "serve", "--port", "0")
    assert ended.exit == 3
    _speaks(ended.err.splitlines()[-1], "sedang dipakai", "Tutup dulu")
    assert place.node(node, "tulis", "dusun", "nama=KULON").answer["berubah"]
    assert place.node(node, "status").answer["jumlah"]["dusun"] == 2
    _refused(place.node(node, "tulis", "penduduk", f"nik={NIK}1", "nama=SITI"), 2, "NIK harus tepat 16 angka")
    assert server.stop() == 0
    assert place.node(node, "status").answer["jumlah"]["dusun"] == 2


def test_a_command_waits_its_turn_behind_another_command(place: Place) -> None:
    node = place.copy("simpul")
    before, holder = _state(node), DataFolder(node)
    assert holder.lock()
    for args in (("tulis", "dusun", "nama=X"), ("status",), ("serve", "--port", "0")):
        ended = place.node(node, *args)
        assert ended.exit == 3
        _speaks(ended.err.splitlines()[-1], "sedang dipakai")
    holder.unlock()
    assert _state(node) == before and place.node(node, "tulis", "dusun", "nama=X").exit == 0


def test_a_server_that_was_killed_does_not_keep_its_folder(place: Place) -> None:
    node = place.copy("simpul")
    server = place.warm.serve(NODE, node, "--tanpa-otomatis")
    server.kill()
    assert (node / "server.json").exists()
    assert place.node(node, "tulis", "dusun", "nama=X").exit == 0
    again = place.warm.serve(NODE, node, "--tanpa-otomatis")
    assert again.stop() == 0


def _has_own_mounts() -> bool:
    try:
        return subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode == 0
    except FileNotFoundError:
        return False


_ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size="$3" tmpfs "$1/disk"
cp -a "$1/simpul/." "$1/disk"
program=$2; shift 3
"$program" --data "$DISK" "$@" >"$OUT/out" 2>"$OUT/err" || echo $? >"$OUT/exit"
"$program" --data "$DISK" status >"$OUT/status" 2>"$OUT/status-err" || true
cp -a "$DISK/." "$OUT/salinan"
"""


@pytest.mark.skipif(not _has_own_mounts(), reason="no mount of one's own here")
def test_a_full_disk_refuses_an_import_whole_and_the_next_one_succeeds(place: Place) -> None:
    node, out = place.copy("simpul"), place.folder / "keluar"
    (place.folder / "disk").mkdir()
    (out / "salinan").mkdir(parents=True)
    before = _state(node)
    size = sum(path.stat().st_size for path in node.rglob("*") if path.is_file())
    sheet = next((place.prepared / "lembar").glob("*.xlsx"))
    subprocess.run(
        ["unshare", "-rm", "sh", "-c", _ON_A_SMALL_DISK, "sh", str(place.folder),
         str(Path(sys.executable).parent / NODE), str(size + 600_000), "impor", str(sheet)],
        check=True, timeout=60,
        env={**os.environ, "DISK": str(place.folder / "disk"), "OUT": str(out)},
    )
    assert (out / "exit").read_text().strip() == "3", (out / "err").read_text()
    _speaks((out / "err").read_text(), "Disk komputer penuh", "belum ada yang disimpan", "Hapus berkas", "ulangi")
    assert '"penduduk": 1' in (out / "status").read_text(), (out / "status-err").read_text()
    assert _state(out / "salinan") == before
    assert place.node(out / "salinan", "impor", str(sheet)).exit == 0
    assert place.node(out / "salinan", "verify").answer == {"baik": True, "masalah": []}


def test_a_disk_that_takes_no_more_refuses_an_import_whole(place: Place) -> None:
    node = place.copy("simpul")
    before = _state(node)
    sheet = next((place.prepared / "lembar").glob("*.xlsx"))
    _refused(
        place.node(node, "impor", str(sheet), file_bytes_max=500_000), 3, "tidak dapat ditulis", "kesehatan disk"
    )
    assert _state(node) == before
    assert place.node(node, "impor", str(sheet)).exit == 0


def test_a_hub_whose_disk_takes_no_more_keeps_the_village_waiting_and_loses_nothing(place: Place) -> None:
    hub, node = place.copy("hub"), place.copy("terdaftar")
    sheet = next((place.prepared / "lembar").glob("*.xlsx"))
    assert place.node(node, "impor", str(sheet)).exit == 0
    before = _state(node, but=_CONTACT)
    with _hub_at_home(place, hub, file_bytes_max=(hub / "data.sqlite").stat().st_size + 100_000):
        ended = place.node(node, "sync")
    assert ended.exit == 5, ended
    _speaks(ended.err, "Disk di kecamatan penuh", "dikirim lagi nanti")
    assert _state(node, but=_CONTACT).keys() == before.keys()
    with _hub_at_home(place, hub):
        assert place.node(node, "sync").answer["hasil"] == "selesai"
    assert place.run(HUB, hub, "verify").answer == {"baik": True, "masalah": []}


@contextmanager
def _hub_at_home(place: Place, folder: Path, **options: Any) -> Iterator[str]:
    """Serve a hub where the enrolled node believes its kecamatan to be."""
    address = (place.prepared / "alamat").read_text()
    server = place.warm.serve(HUB, folder, port=int(address.rsplit(":", 1)[1]), **options)
    try:
        yield address
    finally:
        server.stop()


def test_background_sync_goes_on_after_any_error(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    services = open_node(place.copy("terdaftar"), clock=SystemClock(), random=system_random)
    job, planned = SyncJob(services, BackgroundScheduler()), list[float]()

    def fail(address: str) -> float:
        raise OSError(28, "full")

    monkeypatch.setattr(job, "_sync", fail)
    monkeypatch.setattr(job, "_plan", planned.append)
    job._run()
    services.close()
    assert len(planned) == 1


# The other side ----------------------------------------------------------------------------------------------


def _slot(place: Place, hub: Path, address: str, desa: str = DESA) -> str:
    code: str = place.run(HUB, hub, "slot", desa, "--alamat", address).answer["kode"]
    return code


@pytest.mark.parametrize("address", ["hub.go.id", "http://", "http://[", "http://a b", "https://hub:x", "ftp://a"])
def test_a_slot_with_an_address_that_no_village_can_call_is_refused(place: Place, address: str) -> None:
    hub = place.copy("hub")
    before = _state(hub)
    ended = place.run(HUB, hub, "slot", DESA, "--alamat", address)
    _refused(ended, 2, "Alamat kecamatan", "seperti https://", "tanpa spasi")
    assert _state(hub) == before


def test_a_slot_for_a_desa_of_another_kecamatan_is_refused(place: Place) -> None:
    hub = place.copy("hub")
    ended = place.run(HUB, hub, "slot", "33.03.05.2001", "--alamat", "http://127.0.0.1:9")
    _refused(ended, 2, "bukan desa di kecamatan ini", "misalnya")


@pytest.mark.parametrize("change", [
    lambda code: code[:-1], lambda code: code[:7] + ("A" if code[7] != "A" else "C") + code[8:],
    lambda code: "", lambda code: "é" + code, lambda code: NIK, lambda code: code + "-AAAAA",
])
@pytest.mark.parametrize("served", [False, True])
def test_a_mistyped_code_is_told_before_anybody_is_called(
    place: Place, change: Callable[[str], str], served: bool
) -> None:
    node = place.copy("simpul")
    code = EnrolmentCode(b"12345", bytes(16), bytes(16), "http://127.0.0.1:9").format()
    server = place.warm.serve(NODE, node, "--tanpa-otomatis") if served else None
    before = _state(node)
    _refused(place.node(node, "enrol", change(code)), 2, "salah ketik", "Salin lagi seluruh kode")
    assert _state(node) == before
    if server is not None:
        assert server.stop() == 0


@pytest.mark.parametrize("served", [False, True])
def test_a_hub_that_does_not_answer_leaves_the_node_as_it_is(place: Place, served: bool) -> None:
    node = place.copy("simpul")
    server = place.warm.serve(NODE, node, "--tanpa-otomatis") if served else None
    before = _state(node)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for address in (f"http://127.0.0.1:{nobody.getsockname()[1]}", "https://tidak-ada.invalid"):
            code = EnrolmentCode(b"12345", bytes(16), bytes(16), address).format()
            _refused(place.node(node, "enrol", code), 5, "Tidak ada jawaban", "Periksa sambungan internet")
    assert _state(node) == before
    if server is not None:
        assert server.stop() == 0


def test_a_code_whose_address_cannot_be_called_asks_for_a_new_code(place: Place) -> None:
    node = place.copy("simpul")
    for address in ("http://", "http://[", "http://a b", "bukan alamat"):
        code = EnrolmentCode(b"12345", bytes(16), bytes(16), address).format()
        _refused(place.node(node, "enrol", code), 2, "Alamat kecamatan", "Minta kode baru")


def test_a_hub_that_stays_silent_is_no_answer(place: Place) -> None:
    services = open_node(place.copy("simpul"), clock=SystemClock(), random=system_random)
    key = services.keys.signing
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        transport = HttpTransport(address, key.seed(), key.public.hex(), 0, timeout_s=0.2)
        with pytest.raises(TransportError) as caught:
            enrol(services, EnrolmentCode(b"12345", bytes(16), bytes(16), address), transport)
        transport.close()
    assert services.hub() is None
    services.close()
    _speaks(explain_error(caught.value), "Tidak ada jawaban", "coba lagi")


_PAGE = b"<html><body>Login</body></html>"


class _Portal(BaseHTTPRequestHandler):
    """A Wi-Fi that wants a login first: 200 and a page, whatever was asked."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        for name, value in {"Content-Length": str(len(_PAGE)), **self.sign()}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_PAGE)

    def sign(self) -> dict[str, str]:
        return {}

    def log_message(self, format: str, *args: Any) -> None:
        return None


class _Babbler(_Portal):
    """A hub whose key is right and whose answers nobody understands."""

    key = SigningKey(bytes(range(32)))

    def sign(self) -> dict[str, str]:
        asked = re.search(r'nonce="([^"]+)"', self.headers["Signature-Input"])
        assert asked is not None
        key = self.key
        return signature.sign(signature.AnswerMessage(200), _PAGE, key.seed(), key.public.hex(), asked[1], 1)


@pytest.mark.parametrize(("handler", "exit_code", "words"), [
    (_Portal, 2, ("tidak menjawab sebagai hub", "Periksa sambungan")),
    (_Babbler, 4, ("Jawaban dari seberang tidak dikenali", "Perbarui program")),
])
@pytest.mark.parametrize("served", [False, True])
def test_what_answers_without_being_a_hub_is_not_enrolled_with(
    place: Place, handler: type[_Portal], exit_code: int, words: tuple[str, ...], served: bool
) -> None:
    node = place.copy("simpul")
    server = place.warm.serve(NODE, node, "--tanpa-otomatis") if served else None
    before = _state(node)
    with HTTPServer(("127.0.0.1", 0), handler) as portal:
        thread = threading.Thread(target=portal.serve_forever)
        thread.start()
        address, fingerprint = f"http://127.0.0.1:{portal.server_port}", fingerprint_of(_Babbler.key.public)
        code = EnrolmentCode(b"12345", bytes(16), fingerprint, address).format()
        ended = place.node(node, "enrol", code)
        portal.shutdown()
        thread.join()
    _refused(ended, exit_code, *words)
    assert _state(node) == before
    if server is not None:
        assert server.stop() == 0


def test_codes_that_are_used_expired_or_for_another_desa_are_refused(place: Place) -> None:
    hub, first, second, third = (place.copy("hub"), *(place.folder / name for name in ("satu", "dua", "tiga")))
    for folder, desa in ((first, DESA), (second, OTHER_DESA), (third, DESA)):
        assert place.node(folder, "init", "--desa", desa, "--nama", "PC").exit == 0
    before = _state(second), _state(third)
    with _hub_at_home(place, hub) as address:
        used, expired = _slot(place, hub, address), _slot(place, hub, address)
        assert place.node(first, "enrol", used).answer["status"] == "menunggu"
        with closing(sqlite3.connect(hub / "data.sqlite", timeout=30)) as conn:
            conn.execute("UPDATE slot SET expires_s = 1 WHERE id = ?", (parse_code(expired).slot_id,))
            conn.commit()
        for code in (used, expired):
            ended = place.node(third, "enrol", code)
            _refused(ended, 2, "sudah dipakai, kedaluwarsa, atau ditutup", "Minta kode baru")
        _refused(place.node(second, "enrol", _slot(place, hub, address)), 2, "untuk desa lain", "Minta kode")
        stale = parse_code(_slot(place, hub, address, OTHER_DESA))
        wrong = EnrolmentCode(stale.slot, bytes(16), stale.fingerprint, stale.address).format()
        for _ in range(4):
            _refused(place.node(second, "enrol", wrong), 2, "Kode pendaftaran salah", "Periksa lagi")
        for code in (wrong, stale.format()):
            _refused(place.node(second, "enrol", code), 2, "ditutup", "Minta kode baru")
    assert (_state(second), _state(third)) == before


def test_a_code_of_another_hub_is_not_believed(place: Place) -> None:
    hub, node = place.copy("hub"), place.copy("simpul")
    before = _state(node)
    with _hub_at_home(place, hub) as address:
        code = parse_code(_slot(place, hub, address))
        stranger = EnrolmentCode(code.slot, code.secret, fingerprint_of(bytes(32)), code.address).format()
        _refused(place.node(node, "enrol", stranger), 2, "bukan kecamatan pemilik kode", "hubungi operator")
    assert _state(node) == before


def test_sync_before_enrolment_says_what_is_missing(place: Place) -> None:
    _refused(place.node(place.copy("simpul"), "sync"), 2, "belum terdaftar", "Minta kode pendaftaran")


def test_sync_without_the_hub_keeps_the_work(place: Place) -> None:
    node = place.copy("terdaftar")
    before = _state(node, but=_CONTACT)
    ended = place.node(node, "sync")
    assert (ended.exit, ended.answer["hasil"]) == (5, "terputus")
    _speaks(ended.err, "belum dapat dihubungi", "aman", "dikirim nanti")
    assert _state(node, but=_CONTACT) == before


@pytest.mark.parametrize("knows_the_node", [False, True])
def test_another_hub_at_the_address_of_ours_is_not_believed(place: Place, knows_the_node: bool) -> None:
    hub, node = place.copy("hub"), place.copy("terdaftar")
    assert place.node(node, "tulis", "dusun", "nama=WETAN").exit == 0
    before = _state(node, but=(*_CONTACT, "hub"))
    other = place.copy("hub" if knows_the_node else "hub-lain", "lain")
    shutil.copy(place.prepared / "hub-lain" / "kunci" / "kunci.json", other / "kunci" / "kunci.json")
    with _hub_at_home(place, other):
        ended = place.node(node, "sync")
    # One that does not know the node refuses it; an answer under another key is none.
    exit_code = 5 if knows_the_node else 4
    assert (ended.exit, ended.answer["terkirim"], ended.answer["diterima"]) == (exit_code, 0, 0)
    _speaks(ended.err)
    after = _state(node, but=(*_CONTACT, "hub"))
    # What it was about to send is remembered before it is signed.
    assert {**after, "puncak.json": ""} == {**before, "puncak.json": ""}
    with _hub_at_home(place, hub):
        assert place.node(node, "sync").answer["hasil"] == "selesai"
    assert place.node(node, "verify").answer["baik"]


def test_words_that_differ_are_not_confirmed(place: Place) -> None:
    hub, node = place.copy("hub"), place.folder / "baru"
    assert place.node(node, "init", "--desa", OTHER_DESA, "--nama", "PC").exit == 0
    with _hub_at_home(place, hub) as address:
        answer = place.node(node, "enrol", _slot(place, hub, address, OTHER_DESA)).answer
        before = _state(hub)
        _refused(
            place.run(HUB, hub, "setujui", answer["simpul"], "--kata", "a b c d e f"), 2, "Enam kata tidak sama",
            "lewat telepon",
        )
        _refused(place.run(HUB, hub, "setujui", "itu", "--kata", "a"), 2, "Tidak ada komputer yang menunggu")
        assert _state(hub) == before
        ended = place.node(node, "sync")
        assert (ended.exit, ended.answer["hasil"]) == (4, "ditolak")
        _speaks(ended.err, "Menunggu operator kecamatan")
