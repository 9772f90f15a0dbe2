"""Backups: sealed, whole or not at all, without keys, proven by a trial restore, beside a working program."""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.change import write_drafts
from node.commands import COMMANDS, make_node
from node.services import NodeServices
from shared.changelog.keys import SealKey
from shared.clock import WIB, SystemClock, system_random
from shared.errors import EnvironmentProblem, UserError
from shared.store.backup import archive, make, sealing, trial
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import DoubtfulBackup, back_up, list_backups
from shared.store.backup.pictures import SealedPictures
from shared.store.backup.sealing import BackupUnreadable, WrongCode
from shared.store.backup.state import BackupState, adopt_code, is_backup_due, read_backup_state
from shared.store.backup.trial import find_problems, unpack
from shared.store.blobs import store_of
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.web.certificates import load_issued
from shared.web.identity import OfficeIdentity

DESA = "33.03.04.2006"


class _Ticking(SystemClock):
    """Each reading is a second later, so that every backup has a name of its own."""

    def __init__(self) -> None:
        self.time_s = 1_790_000_000

    def now_s(self) -> int:
        self.time_s += 1
        return self.time_s


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeServices]:
    made = make_node(tmp_path / "desa", DESA, "PC uji", _Ticking(), system_random)
    yield made
    made.close()


@pytest.fixture
def key(node: NodeServices) -> SealKey:
    """The code that is on paper."""
    code = read_code(make_code(system_random))
    with node.database.write() as conn:
        adopt_code(conn, code.public, 1)
    return code


def _open(path: Path, folder: Path, code: SealKey | None = None) -> trial.Unpacked:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return unpack(path, lambda head: head.open_key(code), folder)


def _count(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
        return int(conn.execute("SELECT count(*) FROM change").fetchone()[0])


def _write_person(node: NodeServices, **values: object) -> str:
    id = node.new_id()
    write_drafts(node, [draft_create(node.catalogue["penduduk"], id, values)], author=node.new_id())
    return id


def test_a_backup_holds_what_was_committed_and_is_for_its_owner_alone(
    node: NodeServices, key: SealKey, tmp_path: Path
) -> None:
    target = tmp_path / "salinan.cadangan"
    with node.database.read():
        made = back_up(node, target, 0)
    assert made.path == target and made.size == target.stat().st_size and made.is_sealed
    found = _open(target, tmp_path / "buka", key)
    assert _count(found.database) == _count(node.folder.database) > 0
    assert find_problems(found, (), node.keys.publics()) == []
    assert os.name != "posix" or target.stat().st_mode & 0o777 == found.database.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["buka", "desa", "salinan.cadangan"]
    assert not (node.folder.path / "cadangan-coba").exists()


def test_nothing_of_a_sealed_backup_is_readable_without_its_code(
    node: NodeServices, key: SealKey, tmp_path: Path
) -> None:
    _write_person(node, nama="SITI AMINAH", nik="3303990101800001")
    target = back_up(node, tmp_path / "salinan.cadangan", 0).path
    content = target.read_bytes()
    for secret in (b"SITI AMINAH", b"3303990101800001", b"SQLite format 3", node.keys.signing.public.hex().encode()):
        assert secret not in content
    for wrong in (None, read_code(make_code(system_random))):
        with pytest.raises(WrongCode):
            _open(target, tmp_path / "buka", wrong)
    assert b"SITI AMINAH" in _open(target, tmp_path / "buka", key).database.read_bytes()


def test_without_a_code_there_is_a_backup_all_the_same_and_its_name_says_so(
    node: NodeServices, tmp_path: Path
) -> None:
    made = back_up(node, tmp_path / "cadangan", 3, makes_folder=True)
    assert not made.is_sealed and made.path.name.endswith("-tanpa-kode.cadangan")
    assert _count(_open(made.path, tmp_path / "buka").database) == _count(node.folder.database)


def test_a_backup_holds_no_key(node: NodeServices, key: SealKey, tmp_path: Path) -> None:
    OfficeIdentity(node.folder.keys, "Uji", node.clock, node.random, list).find_context()
    found = _open(back_up(node, tmp_path / "salinan.cadangan", 0).path, tmp_path / "buka", key)
    opened = b"".join(path.read_bytes() for path in (tmp_path / "buka").iterdir())
    assert node.keys.seal is not None
    for name in ("kantor-akar-1.pem", "kantor-https.pem"):
        office = load_issued((node.folder.keys / name).read_bytes()).key.private_numbers().private_value.to_bytes(32)
        assert not any(form in opened for form in (office, office.hex().encode(), b64encode(office), b"BEGIN PRIVATE"))
    for secret in (node.keys.signing.seed(), node.keys.seal.seed(), key.seed()):
        assert secret not in opened and secret.hex().encode() not in opened
    assert node.keys.signing.public in opened and found.contents.kunci == (node.keys.signing.public.hex(),)


def test_every_own_log_is_signed_to_its_end_in_a_backup(node: NodeServices, key: SealKey, tmp_path: Path) -> None:
    _write_person(node, nama="SITI")
    found = _open(back_up(node, tmp_path / "salinan.cadangan", 0).path, tmp_path / "buka", key)
    with closing(sqlite3.connect(found.database)) as conn:
        ((id, size, checkpoint),) = conn.execute("SELECT id, size, checkpoint FROM log").fetchall()
    assert checkpoint is not None and int(checkpoint.split(b"\n")[1]) == size > 1
    assert node.anchor.load().heads[id][0] == size, "what was signed is remembered before it leaves the machine"


@pytest.mark.parametrize("where", [0, 30, 200, 400, -1, -17, 70_000])
@pytest.mark.parametrize("change", ["flip", "cut", "add"])
def test_a_file_that_was_changed_anywhere_is_refused(
    node: NodeServices, key: SealKey, tmp_path: Path, where: int, change: str
) -> None:
    drafts = [
        draft_create(node.catalogue["penduduk"], node.new_id(), {"nama": os.urandom(50).hex()}) for _ in range(1600)
    ]
    write_drafts(node, drafts, author=node.new_id())
    content = back_up(node, tmp_path / "salinan.cadangan", 0).path.read_bytes()
    assert len(content) > 2 * sealing.PIECE_BYTES
    at = where % len(content)
    damaged = {
        "flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1:],
        "cut": content[:at],
        "add": content[:at] + b"x" + content[at:],
    }[change]
    (tmp_path / "rusak.cadangan").write_bytes(damaged)
    with pytest.raises(BackupUnreadable):
        _open(tmp_path / "rusak.cadangan", tmp_path / "buka", key)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_bit_of_a_sealed_file_counts(data: st.DataObject) -> None:
    code = SealKey(b"\x07" * 32)
    size = data.draw(st.sampled_from([0, 1, 500, sealing.PIECE_BYTES - 1, sealing.PIECE_BYTES,
                                      sealing.PIECE_BYTES + 1, 2 * sealing.PIECE_BYTES]))
    plain = random.Random(size).randbytes(size)
    is_sealed = data.draw(st.booleans())
    head, file_key = sealing.make_head(
        "data", "desa", DESA, 5, code.public if is_sealed else None, random.Random(3).randbytes
    )
    whole = b"".join(sealing.seal_parts(head, file_key, [plain[: size // 3], plain[size // 3:]]))
    assert _read_sealed(whole, code) == plain
    line = len(head.encode())
    at = data.draw(st.one_of(st.integers(0, line - 1), st.integers(0, len(whole) - 1)))
    flipped = whole[:at] + bytes([whole[at] ^ 1 << data.draw(st.integers(0, 7))]) + whole[at + 1:]
    repeated = whole[:at + 1] + whole[at:]
    starts = range(line, len(whole), sealing.PIECE_BYTES + 16)
    pieces = [whole[start:start + sealing.PIECE_BYTES + 16] for start in starts]
    moved = [
        whole[:line] + b"".join(others) for others in (pieces[:-1], pieces[1:], pieces[::-1], [*pieces, pieces[-1]])
        if others != pieces
    ]
    for broken in (flipped, whole[:at], whole + b"\0", repeated, *moved):
        with pytest.raises(BackupUnreadable):
            _read_sealed(broken, code)


def _read_sealed(content: bytes, code: SealKey) -> bytes:
    file = io.BytesIO(content)
    head = sealing.read_head(file)
    return b"".join(sealing.open_pieces(file, head, head.open_key(code)))


def test_a_file_of_a_later_format_and_one_of_something_else_are_told_apart(tmp_path: Path) -> None:
    for content, words in ((b"sipande-cadangan/2 x\n", "lebih baru"), (b"PK\3\4", "bukan cadangan"), (b"", "bukan")):
        with pytest.raises(BackupUnreadable) as caught:
            sealing.read_head(io.BytesIO(content))
        assert words in caught.value.pesan


def test_what_was_packed_in_another_length_than_it_says_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"isi" * 100)
    contents = archive.Contents("desa", DESA, "PC", 5, (), 300, "00", {}, {})
    for size in (299, 301, 10**12):
        stream = archive.pack(replace(contents, data=size), data, lambda picture: b"")
        unpacker = archive.Unpacker(stream)
        with pytest.raises(BackupUnreadable):
            unpacker.copy(unpacker.read_contents().data, lambda part: None)
            unpacker.finish()
    for line in (b"{}", b"[]", b"1", b"{" * 100_000, contents.encode().replace(b'"data":300', b'"data":-1')):
        with pytest.raises(BackupUnreadable):
            archive.decode_contents(line)


def test_the_code_is_understood_however_it_is_typed_and_a_slip_is_told() -> None:
    code = make_code(random.Random(4).randbytes)
    assert re.fullmatch(r"([0-9A-Z]{4}-){6}[0-9A-Z]{4}", code)
    public = read_code(code).public
    for typed in (code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l"), f" {code}. "):
        assert read_code(typed).public == public
    slips = 0
    for at, letter in enumerate(code):
        if letter != "-":
            other = "2" if letter != "2" else "3"
            with pytest.raises(UserError) as caught:
                read_code(code[:at] + other + code[at + 1:])
            slips += "salah ketik" in caught.value.pesan
    assert slips == 28
    with pytest.raises(UserError) as caught:
        read_code(code[:-1])
    assert "27" in caught.value.pesan


def test_a_folder_keeps_the_newest_backups_and_nothing_half_written(node: NodeServices, tmp_path: Path) -> None:
    folder = tmp_path / "cadangan"
    folder.mkdir()
    (folder / "catatan.txt").write_text("milik orang lain")
    (folder / f"sipande-desa-{DESA}-20200101-000000.sqlite.baru").write_bytes(b"x")
    (folder / f".sipande-desa-{DESA}-20200101-000000.cadangan.baru").write_bytes(b"x")
    (folder / f"sipande-desa-{DESA}-20200101-000000.sqlite").write_bytes(b"x")
    (folder / "sipande-desa-33.03.04.2007-20200101-000000.sqlite").write_bytes(b"x")
    made = [back_up(node, folder, 3) for _ in range(5)]
    kept = sorted(path.name for path in folder.iterdir() if path.name != "lampiran")
    assert kept == sorted(
        [path.path.name for path in made[-3:]]
        + ["catatan.txt", "sipande-desa-33.03.04.2007-20200101-000000.sqlite"]
    )
    assert sum(item.removed for item in made) == 3
    assert list_backups(folder, "desa", DESA) == [item.path for item in reversed(made[-3:])]


def test_a_backup_replaces_a_backup_but_no_other_file(node: NodeServices, tmp_path: Path) -> None:
    target = tmp_path / "salinan.cadangan"
    back_up(node, target, 0)
    back_up(node, target, 0)
    letter = tmp_path / "surat.docx"
    letter.write_bytes(b"PK\3\4")
    for wrong in (letter, node.folder.path / "salinan.cadangan", node.folder.keys / "salinan.cadangan"):
        with pytest.raises(UserError):
            back_up(node, wrong, 0)
    assert letter.read_bytes() == b"PK\3\4"
    with pytest.raises(EnvironmentProblem):
        back_up(node, tmp_path / "tidak" / "ada.cadangan", 0)


def test_a_backup_that_does_not_come_back_leaves_the_former_one(
    node: NodeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "salinan.cadangan"
    back_up(node, target, 0)
    before = target.read_bytes()
    seal_parts = sealing.seal_parts
    monkeypatch.setattr(make, "seal_parts", lambda head, key, parts: [*list(seal_parts(head, key, parts))[:-1], b"x"])
    with pytest.raises(EnvironmentProblem) as caught:
        back_up(node, target, 0)
    assert "tidak dapat dibaca kembali" in caught.value.pesan
    assert target.read_bytes() == before and sorted(path.name for path in tmp_path.iterdir()) == ["desa", target.name]
    with node.database.read() as conn:
        assert "tidak dapat dibaca kembali" in read_backup_state(conn).problem


@pytest.mark.parametrize(("place", "error"), [
    ("take_snapshot", sqlite3.OperationalError("database or disk is full")),
    ("open_private", OSError(28, "no space left")),
    ("unpack", OSError(28, "no space left")),
])
def test_a_full_disk_leaves_the_former_backup_and_nothing_half(
    node: NodeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    folder = tmp_path / "cadangan"
    good = back_up(node, folder, 1, makes_folder=True)

    def fail(*args: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(make, place, fail)
        with pytest.raises(EnvironmentProblem):
            back_up(node, folder, 1, makes_folder=True)
    assert list(folder.iterdir()) == [good.path] and not (node.folder.path / "cadangan-coba").exists()
    with node.database.read() as conn:
        assert "cukup ruang" in read_backup_state(conn).problem


def test_damage_that_was_there_before_is_told_and_good_backups_stay(node: NodeServices, tmp_path: Path) -> None:
    folder = tmp_path / "cadangan"
    good = back_up(node, folder, 1, makes_folder=True)
    with node.database.write() as conn:
        conn.execute("UPDATE change SET leaf = zeroblob(32) WHERE pos = (SELECT max(pos) FROM change)")
    for _ in range(2):
        with pytest.raises(DoubtfulBackup):
            back_up(node, folder, 1, makes_folder=True)
    names = sorted(path.name for path in folder.iterdir() if path.name != "lampiran")
    assert names == [good.path.name, f"sipande-desa-{DESA}-meragukan.cadangan"]
    assert _count(_open(folder / names[1], tmp_path / "buka").database) == _count(node.folder.database)
    with node.database.read() as conn:
        state = read_backup_state(conn)
    assert "tidak cocok lagi" in state.problem and state.path == str(good.path)


def test_what_a_killed_run_left_is_gone_after_the_next(node: NodeServices, tmp_path: Path) -> None:
    scratch = node.folder.path / "cadangan-coba"
    scratch.mkdir()
    (scratch / "salinan.sqlite").write_bytes(b"x")
    back_up(node, tmp_path / "salinan.cadangan", 0)
    assert not scratch.exists()


def test_the_command_tells_the_file_and_the_status_tells_the_time(node: NodeServices, tmp_path: Path) -> None:
    assert COMMANDS["status"](node, {}, lambda report: None)["cadangan_terakhir"] is None
    target = tmp_path / "a.cadangan"
    answer = COMMANDS["cadangan"](node, {"tujuan": str(target), "simpan": 14}, lambda report: None)
    assert answer == {
        "berkas": str(target), "byte": target.stat().st_size, "dihapus": 0, "tersegel": False, "gambar": 0,
    }
    assert COMMANDS["status"](node, {}, lambda report: None)["cadangan_terakhir"].endswith("WIB")


def test_attachments_are_sealed_once_beside_the_files_and_go_when_no_backup_needs_them(
    node: NodeServices, key: SealKey, tmp_path: Path
) -> None:
    folder, photo = tmp_path / "cadangan", b"gambar" * 50_000
    digest = store_of(node).add(DESA, photo)
    id = _write_person(node, nama="SITI", foto=digest)
    first = back_up(node, folder, 2, makes_folder=True)
    (kept,) = (folder / "lampiran").glob("??/*")
    assert first.pictures == 1 and b"gambar" not in kept.read_bytes() and digest not in kept.name
    written_ns = kept.stat().st_mtime_ns
    back_up(node, folder, 2, makes_folder=True)
    assert kept.stat().st_mtime_ns == written_ns, "once, not every day"
    found = _open(first.path, tmp_path / "buka", key)
    assert SealedPictures(folder).read(found.contents.gambar[0], key) == photo
    _set_photo(node, id, None)
    back_up(node, folder, 2, makes_folder=True)
    assert kept.exists(), "the backup before still needs it"
    back_up(node, folder, 2, makes_folder=True)
    assert not kept.exists()


def test_attachments_stay_while_it_is_not_known_who_needs_them(
    node: NodeServices, key: SealKey, tmp_path: Path
) -> None:
    folder = tmp_path / "cadangan"
    id = _write_person(node, nama="SITI", foto=store_of(node).add(DESA, b"gambar"))
    first = back_up(node, folder, 2, makes_folder=True)
    (folder / "lampiran" / "daftar" / first.path.name).unlink()
    _set_photo(node, id, None)
    back_up(node, folder, 2, makes_folder=True)
    assert len(list((folder / "lampiran").glob("??/*"))) == 1


def test_a_backup_to_a_file_takes_the_attachments_along(node: NodeServices, key: SealKey, tmp_path: Path) -> None:
    photo = b"gambar" * 50_000
    _write_person(node, nama="SITI", foto=store_of(node).add(DESA, photo))
    found = _open(back_up(node, tmp_path / "stik.cadangan", 0).path, tmp_path / "buka", key)
    assert [path.read_bytes() for path in found.pictures.values()] == [photo]
    assert not (tmp_path / "lampiran").exists()


def _set_photo(node: NodeServices, id: str, digest: str | None) -> None:
    kind = node.catalogue["penduduk"]
    with node.database.write() as conn:
        draft = draft_update(kind, load_state(conn, node.catalogue, kind, DESA, id), id, {"foto": digest})
        assert draft is not None
        write_drafts(node, [draft], author=node.new_id())


def test_a_failure_is_remembered_until_a_backup_is_good_again(node: NodeServices, tmp_path: Path) -> None:
    def read() -> BackupState:
        with node.database.read() as conn:
            return read_backup_state(conn)

    assert read() == BackupState(None, "", None, "")
    blocked = tmp_path / "berkas"
    blocked.write_text("bukan folder")
    with pytest.raises(EnvironmentProblem):
        back_up(node, blocked / "cadangan", 3, makes_folder=True)
    state = read()
    assert state.failed_s is not None and "tidak dapat ditulis" in state.problem and state.last_s is None
    with pytest.raises(UserError):
        back_up(node, node.folder.path / "salinan.cadangan", 3)
    assert read() == state, "a wrong target that somebody typed is no failure of the backups"
    made = back_up(node, tmp_path / "jauh" / "cadangan", 3, makes_folder=True)
    assert made.path.parent == tmp_path / "jauh" / "cadangan"
    assert os.name != "posix" or made.path.parent.stat().st_mode & 0o777 == 0o700
    good = read()
    assert (good.path, good.failed_s, good.problem) == (str(made.path), None, "") and good.last_s is not None


NOON_S = int(datetime(2026, 11, 20, 12, tzinfo=WIB).timestamp())
HOUR_S = 3600


@pytest.mark.parametrize(("last_h", "now_h", "is_due"), [
    (None, 5, True),
    (-20, -1, False),  # yesterday after noon, and it is morning
    (-25, -1, True),  # the noon of yesterday was missed
    (-2, 0.4, False),  # the timer still has a few minutes
    (-2, 0.6, True),
    (0.2, 0.6, False),  # the timer was there
    (0.2, 23, False),
    (0.2, 24.6, True),
    (900, 5, True),  # made under a clock that was ahead
])
def test_a_backup_is_due_once_a_day_and_only_when_no_timer_made_it(
    last_h: float | None, now_h: float, is_due: bool
) -> None:
    last_s = None if last_h is None else NOON_S + int(last_h * HOUR_S)
    assert is_backup_due(last_s, NOON_S + int(now_h * HOUR_S)) is is_due
