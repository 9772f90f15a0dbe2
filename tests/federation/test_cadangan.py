"""Backups put back: with and without the keys, on node and hub, and what the other side then gives and gets."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.commands import COMMANDS as HUB_COMMANDS
from hub.commands import make_hub
from hub.pemulihan.cadangan import explain as explain_hub
from hub.pemulihan.cadangan import restore_hub
from hub.pemulihan.keys import take_new_keys
from hub.pemulihan.revoke import revoke
from hub.pemulihan.state import read_recovery
from hub.services import open_hub
from hub.simpul.enrol import confirm_candidate, open_slot
from node.commands import COMMANDS as NODE_COMMANDS
from node.commands import make_node
from node.pulihkan.restore import explain, restore_node
from node.services import NodeServices, open_node
from node.sinkron.enrol import enrol
from node.sinkron.session import Outcome
from running.processes import run_command, serving
from shared.errors import UserError
from shared.store.backup import placing
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import back_up
from shared.store.backup.restore import Restored
from shared.store.backup.sealing import BackupUnreadable
from shared.store.backup.state import adopt_code
from shared.store.blobs import store_of
from shared.store.folder import DataFolder
from tests.support.federation import ADDRESS, DESA, HUB, Federation, TestClock, make_sync_app, seeded
from tests.support.office import create, rows, update, value

CODE = make_code(seeded("kode cadangan"))


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    yield made
    made.close()


def back_up_side(side: object, target: Path) -> Path:
    with side.database.write() as conn:  # type: ignore[attr-defined]
        adopt_code(conn, read_code(CODE).public, 1)
    return back_up(side, target, 0).path  # type: ignore[arg-type]


def put_back(federation: Federation, name: str, source: Path, folder: str = "") -> tuple[NodeServices, Restored]:
    """Restore a backup where a node was, or in another folder, and open it."""
    if name in federation.nodes:
        federation.nodes.pop(name).close()
    place = DataFolder(federation.folder / (folder or name))
    place.make()
    done = restore_node(place, source, CODE.lower(), federation.clock, seeded(f"pulih {name}"))
    node = open_node(place.path, clock=federation.clock, random=seeded(f"lagi {name}"))
    federation.nodes[folder or name] = node
    return node, done


def admit(federation: Federation, node: NodeServices) -> None:
    known, words = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    confirm_candidate(federation.hub, known.simpul, " ".join(words), "")


def names(side: object) -> set[str]:
    return {row[0] for row in rows(side, "SELECT nama FROM penduduk")}  # type: ignore[arg-type]


def check_whole(federation: Federation, *nodes: NodeServices) -> None:
    """Everything verifies on both sides, nothing is held, and both sides have the same rows."""
    assert HUB_COMMANDS["verify"](federation.hub, {}, lambda report: None) == {"baik": True, "masalah": []}
    for node in nodes:
        assert NODE_COMMANDS["verify"](node, {}, lambda report: None) == {"baik": True, "masalah": []}
        report = federation.sync(node)
        assert (report.outcome, report.parity, report.sent) == (Outcome.SELESAI, "sama", 0)
        assert value(node, "SELECT count(*) FROM held") == 0
    assert value(federation.hub, "SELECT count(*) FROM held") == 0


# A desa ------------------------------------------------------------------------------------------------------


def test_a_desa_restored_with_its_keys_gets_the_rest_from_the_hub(federation: Federation, tmp_path: Path) -> None:
    a = federation.add_node("a")
    siti = create(a, nama="SITI")
    federation.sync_all()
    source = back_up_side(a, tmp_path / "a.cadangan")
    update(a, siti, telepon="0811")
    create(a, nama="BUDI")
    federation.sync_all()
    key = a.keys.signing.public
    a, done = put_back(federation, "a", source)
    assert done.keeps_keys and a.keys.signing.public == key and names(a) == {"SITI"}
    assert "tetap mengenalinya" in " ".join(explain(done)) and done.aside is not None
    create(a, nama="WATI")
    federation.sync_all()
    assert names(a) == names(federation.hub) == {"SITI", "BUDI", "WATI"}
    assert value(a, "SELECT telepon FROM penduduk WHERE nama = 'SITI'") == "0811"
    check_whole(federation, a)


@pytest.mark.parametrize("is_revoked", [False, True], ids=["dead", "revoked"])
def test_a_desa_restored_on_another_computer_loses_nothing_that_hub_or_backup_had(
    federation: Federation, tmp_path: Path, is_revoked: bool
) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    federation.sync_all()
    create(a, nama="BUDI", foto=store_of(a).add(DESA, b"gambar" * 999))  # never sent
    source = back_up_side(a, tmp_path / "a.cadangan")
    create(a, nama="DI PC SAJA")  # lost with the computer
    old = a.keys.signing.public
    simpul = value(federation.hub, "SELECT id FROM simpul WHERE kunci = ?", old.hex())
    b, done = put_back(federation, "a", source, folder="baru")
    assert not done.keeps_keys and b.keys.signing.public != old and done.pictures == 1 and done.aside is None
    assert "kode pendaftaran baru" in " ".join(explain(done))
    assert names(b) == {"SITI", "BUDI"} and b.hub() is None
    create(b, nama="WATI")
    admit(federation, b)
    if not is_revoked:
        federation.sync_all()
        assert names(b) == names(federation.hub) == {"SITI", "BUDI", "WATI"}
        assert len(list((federation.hub.folder.path / "lampiran").glob("*/*/*"))) == 1
        check_whole(federation, b)
        return
    revoke(federation.hub, simpul, "rusak", {}, "x")
    federation.sync_all()
    # What nobody had seen when the key was taken back waits in quarantine, to be adopted one by one.
    assert names(federation.hub) == {"SITI", "WATI"}
    assert value(federation.hub, "SELECT count(*) FROM held WHERE alasan = 'dicabut'") == 1
    assert NODE_COMMANDS["verify"](b, {}, lambda report: None) == {"baik": True, "masalah": []}


def test_what_a_desa_wrote_before_it_was_ever_enrolled_comes_back_and_arrives(
    federation: Federation, tmp_path: Path
) -> None:
    a = make_node(tmp_path / "a", DESA, "a", federation.clock, seeded("a"))
    federation.nodes["a"] = a
    siti = create(a, nama="SITI")
    source = back_up_side(a, tmp_path / "satu.cadangan")
    # Once with the keys, so that there are two logs, the later with parents in the earlier.
    create(a, nama="HILANG")
    back_up_side(a, tmp_path / "dua.cadangan")
    a, _ = put_back(federation, "a", source)
    update(a, siti, telepon="0811")
    assert value(a, "SELECT count(*) FROM log") == 2
    source = back_up_side(a, tmp_path / "tiga.cadangan")
    b, done = put_back(federation, "a", source, folder="baru")
    assert not done.keeps_keys and not done.was_enrolled
    assert rows(b, "SELECT nama, telepon FROM penduduk") == [("SITI", "0811")]
    admit(federation, b)
    create(b, nama="WATI")
    federation.sync_all()
    assert names(federation.hub) == {"SITI", "WATI"}
    assert value(federation.hub, "SELECT telepon FROM penduduk WHERE id = ?", siti) == "0811"
    check_whole(federation, b)


def test_a_backup_on_the_computer_of_another_key_keeps_what_was_there_aside(
    federation: Federation, tmp_path: Path
) -> None:
    a, c = federation.add_node("a"), federation.add_node("c")
    create(a, nama="SITI")
    federation.sync_all()
    source = back_up_side(a, tmp_path / "a.cadangan")
    create(c, nama="HANYA DI C")
    key = c.keys.signing.public
    federation.nodes.pop("a").close()
    node, done = put_back(federation, "c", source)
    assert not done.keeps_keys and node.keys.signing.public != key and names(node) == {"SITI"}
    assert done.aside is not None
    former = open_node(done.aside, clock=federation.clock, random=seeded("x"))
    assert former.keys.signing.public == key and names(former) == {"SITI", "HANYA DI C"}
    former.close()


def test_a_dead_computer_without_backup_comes_back_from_the_hub(federation: Federation) -> None:
    """All that was ever sent, photos too; officers as records, so that history names them, and no accounts."""
    a = federation.add_node("a")
    photo = b"gambar" * 40_000
    digest = store_of(a).add(DESA, photo)
    siti = create(a, nama="SITI", foto=digest)
    update(a, siti, telepon="0811")
    officer = create(a, "petugas", nama="Budi Petugas", peran="operator", aktif=True)
    with a.database.write() as conn:
        conn.execute("INSERT INTO account VALUES (1, 'budi', 'sandi', 'operator', ?, 1, 5, '')", (officer,))
    federation.sync_all()
    simpul = value(federation.hub, "SELECT id FROM simpul WHERE kunci = ?", a.keys.signing.public.hex())
    a.close()
    shutil.rmtree(federation.nodes.pop("a").folder.path)
    revoke(federation.hub, simpul, "rusak", {}, "x")
    b = federation.add_node("b")
    federation.sync_all()
    assert rows(b, "SELECT nama, telepon, foto FROM penduduk") == [("SITI", "0811", digest)]
    assert store_of(b).read(DESA, digest) == photo
    assert value(b, "SELECT nama FROM petugas WHERE id = ?", officer) == "Budi Petugas"
    assert value(b, "SELECT count(*) FROM account") == 0
    check_whole(federation, b)


def test_attachments_beside_a_backup_come_back_with_it(federation: Federation, tmp_path: Path) -> None:
    a = federation.add_node("a")
    photo = b"gambar" * 999
    digest = store_of(a).add(DESA, photo)
    create(a, nama="SITI", foto=digest)
    back_up_side(a, tmp_path / "satu.cadangan")
    made = back_up(a, tmp_path / "cadangan", 3, makes_folder=True)
    b, done = put_back(federation, "a", made.path, folder="baru")
    assert (done.pictures, done.missing) == (1, 0) and store_of(b).read(DESA, digest) == photo
    shutil.rmtree(tmp_path / "cadangan" / "lampiran")
    b, done = put_back(federation, "baru", made.path, folder="lain")
    assert (done.pictures, done.missing) == (0, 1) and "diambil lagi dari seberang" in " ".join(explain(done))


def test_people_log_in_as_before_and_nobody_stays_logged_in(federation: Federation, tmp_path: Path) -> None:
    a = federation.add_node("a")
    with a.database.write() as conn:
        conn.execute("INSERT INTO account VALUES (1, 'siti', 'sandi', 'admin', 'x', 1, 5, '')")
        conn.execute("INSERT INTO session VALUES (1, x'00', 1, 5, 5, 5, '', '')")
    source = back_up_side(a, tmp_path / "a.cadangan")
    b, _ = put_back(federation, "a", source, folder="baru")
    assert rows(b, "SELECT name, password FROM account") == [("siti", "sandi")]
    assert rows(b, "SELECT * FROM session") == []


@pytest.mark.parametrize("wrong", ["no code", "mistyped", "other code", "cut", "foreign", "hub", "newer", "no file"])
def test_what_cannot_be_restored_is_told_and_changes_nothing(
    federation: Federation, tmp_path: Path, wrong: str
) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    source, typed = tmp_path / "a.cadangan", CODE
    if wrong == "newer":
        with a.database.write() as conn:
            conn.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('node', '9999', 'x')"
            )
    back_up_side(federation.hub if wrong == "hub" else a, source)
    if wrong == "no code":
        typed = ""
    elif wrong == "mistyped":
        typed = CODE[:-1] + ("A" if CODE[-1] != "A" else "B")
    elif wrong == "other code":
        typed = make_code(seeded("lain"))
    elif wrong == "cut":
        source.write_bytes(source.read_bytes()[:-1])
    elif wrong == "foreign":
        source.write_bytes(b"PK\3\4")
    elif wrong == "no file":
        source.unlink()
    federation.nodes.pop("a").close()
    folder = DataFolder(tmp_path / "a")
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file() and path.name != "lock"}
    with pytest.raises(UserError) as caught:
        restore_node(folder, source, typed, federation.clock, seeded("x"))
    words = {
        "no code": "tersegel", "mistyped": "salah ketik", "other code": "bukan kode untuk", "cut": "terpotong",
        "foreign": "bukan cadangan", "hub": "hub kecamatan", "newer": "lebih baru", "no file": "tidak ada",
    }
    assert words[wrong] in caught.value.pesan
    after = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file() and path.name != "lock"}
    assert before == after


def test_a_backup_of_an_older_program_is_brought_up_to_date(federation: Federation, tmp_path: Path) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    with a.database.write() as conn:
        conn.execute("ALTER TABLE import_batch DROP COLUMN sebagian")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = '0004_import_sebagian'")
        conn.execute("ALTER TABLE penduduk DROP COLUMN telepon")
    b, _ = put_back(federation, "a", back_up_side(a, tmp_path / "a.cadangan"), folder="baru")
    assert rows(b, "SELECT sebagian FROM import_batch") == [] and names(b) == {"SITI"}
    assert NODE_COMMANDS["verify"](b, {}, lambda report: None) == {"baik": True, "masalah": []}


def test_a_full_disk_stops_a_restore_and_changes_nothing(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    source = back_up_side(a, tmp_path / "a.cadangan")
    create(a, nama="BUDI")
    federation.nodes.pop("a").close()
    folder = DataFolder(tmp_path / "a")

    def fail(*args: object) -> None:
        raise OSError(28, "no space left")

    for module, name in (("trial", "_write"), ("restore", "put_in_place"), ("placing", "write_durably")):
        with monkeypatch.context() as patch:
            patch.setattr(f"shared.store.backup.{module}.{name}", fail)
            with pytest.raises(UserError) as caught:
                restore_node(folder, source, CODE, federation.clock, seeded("x"))
        assert "penuh" in caught.value.pesan
        assert not [path for path in folder.path.iterdir() if path.name.startswith(("pulih", "sebelum"))]
    a = open_node(folder.path, clock=federation.clock, random=seeded("y"))
    assert names(a) == {"SITI", "BUDI"}
    a.close()


def test_the_commands_make_try_and_restore(tmp_path: Path) -> None:
    """As an operator types them, each in a process of its own."""
    folder, target = tmp_path / "desa", tmp_path / "a.cadangan"

    def run(*args: str, stdin: str | None = None, at: Path = folder, fails: bool = False) -> dict[str, Any]:
        return run_command("sipande-node", at, *args, stdin=stdin, fails=fails)

    run("init", "--desa", DESA, "--nama", "PC")
    run("tulis", "penduduk", "nama=SITI")
    assert "salah ketik" in run("kode-cadangan", stdin="AAAA-" * 7, fails=True)["galat"]
    code = run("kode-cadangan", "--yakin")["kode_cadangan"]
    assert run("cadangan", str(target))["tersegel"] is True
    assert run("uji-pulih", str(target), stdin=code + "\n")["baik"] is True
    wrong = run("uji-pulih", str(target), stdin=make_code(seeded("lain")), fails=True)
    assert wrong["exit"] == 2 and "bukan kode untuk" in wrong["galat"]
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        busy = run("pulihkan", str(target), stdin=code, fails=True)
        assert busy["exit"] == 3 and "Hentikan dulu" in busy["galat"]
        assert node.call("uji-pulih", berkas=str(target), kode=code)["baik"] is True
    again = run("pulihkan", str(target), stdin=code.lower())
    assert again["kunci_tetap"] is True and Path(again["data_lama"]).is_dir()
    fresh = run("pulihkan", str(target), stdin=code, at=tmp_path / "baru")
    assert fresh["kunci_tetap"] is False and fresh["data_lama"] is None and "kunci baru" in fresh["kalimat"][-1]
    for place in (folder, tmp_path / "baru"):
        assert run("verify", at=place) == {"baik": True, "masalah": []}
        assert run("status", at=place)["jumlah"]["penduduk"] == 1


@pytest.mark.parametrize("program", ["sipande-node", "sipande-hub"])
def test_what_a_killed_process_left_is_gone_at_the_next_start(tmp_path: Path, program: str) -> None:
    where = ("--desa", DESA, "--nama", "PC") if program == "sipande-node" else ("--kecamatan", HUB)
    run_command(program, tmp_path / "data", "init", *where)
    for name in ("cadangan-coba", "pulih-baru"):
        (tmp_path / "data" / name).mkdir()
        (tmp_path / "data" / name / "data.sqlite").write_bytes(b"SITI")
    (tmp_path / "data" / "unggahan-00").write_bytes(b"SITI")
    with serving(program, tmp_path / "data", "--tanpa-otomatis"):
        left = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.read_bytes() == b"SITI"]
    assert left == []


@pytest.mark.parametrize("has_keys", [True, False])
def test_a_restore_that_is_killed_anywhere_is_finished_or_forgotten(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_keys: bool
) -> None:
    """Killed after each step that moves something; the next start finds the old village or the new one, whole."""
    a = federation.add_node("a")
    create(a, nama="SITI", foto=store_of(a).add(DESA, b"gambar"))
    source = back_up_side(a, tmp_path / "a.cadangan")
    create(a, nama="SESUDAH")
    template, node = tmp_path / "dicabut listriknya", a
    if not has_keys:
        node = make_node(tmp_path / "lain", DESA, "lain", federation.clock, seeded("lain"))
        create(node, nama="SESUDAH")
    # Copied while it is open: what was written last stands in the write-ahead log alone.
    shutil.copytree(node.folder.path, template)
    assert (template / "data.sqlite-wal").stat().st_size
    if not has_keys:
        node.close()
    outcomes = set()
    for step in range(40):
        folder = DataFolder(tmp_path / f"coba-{step}")
        shutil.copytree(template, folder.path)
        with monkeypatch.context() as patch:
            die_at(patch, step)
            try:
                restore_node(folder, source, CODE, federation.clock, seeded("x"))
                is_done = True
            except Killed:
                is_done = False
        node = open_node(folder.path, clock=federation.clock, random=seeded("y"))
        found = frozenset(names(node))
        assert found in ({"SITI"}, {"SITI", "SESUDAH"} if has_keys else {"SESUDAH"})
        assert NODE_COMMANDS["verify"](node, {}, lambda report: None)["baik"]
        node.close()
        outcomes.add(found)
        if found == {"SITI"}:
            (aside,) = folder.path.glob("sebelum-pulih-*")
            with closing(sqlite3.connect(aside / "data.sqlite")) as conn:
                assert ("SESUDAH",) in conn.execute("SELECT nama FROM penduduk").fetchall(), "nothing is overwritten"
            assert (aside / "kunci" / "kunci.json").exists() is not has_keys
        assert not (folder.path / "pulih-siap").exists()
        if is_done:
            assert found == {"SITI"} and step > 3
            break
        shutil.rmtree(folder.path)
    else:
        pytest.fail("never came to its end")
    assert len(outcomes) == 2


class Killed(BaseException):
    """Nothing of the program runs after it."""


def die_at(patch: pytest.MonkeyPatch, step: int) -> None:
    replace, count = placing.os.replace, 0

    def counted(source: Path, target: Path) -> None:
        nonlocal count
        if count == step:
            raise Killed
        count += 1
        replace(source, target)

    patch.setattr(placing.os, "replace", counted)


# A hub -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_keys", [True, False], ids=["keys", "envelope"])
@pytest.mark.parametrize("rotated", [False, True], ids=["", "new keys since"])
def test_a_hub_restored_from_a_backup_gets_the_rest_from_its_nodes(
    federation: Federation, tmp_path: Path, keeps_keys: bool, rotated: bool
) -> None:
    federation.hub.close()
    hub, recovery = make_hub(tmp_path / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.hub, federation.app = hub, make_sync_app(hub)
    a, c = federation.add_node("a"), federation.add_node("c", "33.03.04.2001")
    create(a, nama="SITI")
    federation.sync_all()
    source = back_up_side(hub, tmp_path / "hub.cadangan")
    if rotated:
        take_new_keys(hub)
    create(a, nama="BUDI")
    create(c, nama="WATI")
    b = federation.add_node("b")
    federation.sync_all()
    hub.close()
    place = DataFolder(tmp_path / ("hub2" if keeps_keys else "hub3"))
    place.make()
    if not keeps_keys:
        for wrong, words in (("", "amplop tersegel"), ("00" * 32, "bukan milik"), ("xx", "salah ketik")):
            with pytest.raises(UserError) as caught:
                restore_hub(place, source, CODE, federation.clock, seeded("x"), wrong)
            assert words in caught.value.pesan and not place.database.exists()
    done = restore_hub(place, source, CODE, federation.clock, seeded("x"), "" if keeps_keys else recovery)
    assert done.keeps_keys is keeps_keys
    assert ("kunci pemulihan" in " ".join(explain_hub(done))) is not keeps_keys
    hub = open_hub(place.path, clock=federation.clock, random=seeded("y"))
    federation.hub, federation.app = hub, make_sync_app(hub)
    assert names(hub) == {"SITI"}
    with hub.database.read() as conn:
        assert read_recovery(conn) is not None
    federation.sync_all(4)
    assert names(hub) == {"SITI", "BUDI", "WATI"}
    check_whole(federation, a, b, c)


def test_a_backup_of_a_desa_is_no_backup_of_a_hub(federation: Federation, tmp_path: Path) -> None:
    source = back_up_side(federation.add_node("a"), tmp_path / "a.cadangan")
    with pytest.raises(BackupUnreadable) as caught:
        restore_hub(DataFolder(tmp_path / "baru"), source, CODE, TestClock(), seeded("x"))
    assert "komputer desa" in caught.value.pesan
