"""The commands of the road without internet, as real processes: sentences, exit codes, and kill -9 at any moment."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from benchmarks.villages import make_village
from shared.store.folder import DataFolder
from shared.sync.bundle import open_file
from tests.support.warm import Ended, Warm

DESA, KECAMATAN = "33.03.04.2006", "33.03.04"
ALAMAT = "http://127.0.0.1:1"
NODE, HUB = "sipande-node", "sipande-hub"
PEOPLE = 1500
KILLS = 12


@dataclass
class Stage:
    """A village that never saw a network, a hub, and a stick."""

    warm: Warm
    folder: Path

    @property
    def stick(self) -> Path:
        return self.folder / "stik"

    def node(self, *args: str) -> Ended:
        return self.warm.run(NODE, self.folder / "desa", *args)

    def hub(self, *args: str) -> Ended:
        return self.warm.run(HUB, self.folder / "hub", *args)

    def names(self, begin: str) -> list[str]:
        return sorted(path.name for path in self.stick.iterdir() if path.name.startswith(begin))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="sipande-uji-") as name, closing(Warm()) as warm:
        made = Stage(warm, Path(name))
        made.stick.mkdir()
        make_village(made.folder / "desa", DESA, PEOPLE)
        assert made.hub("init", "--kecamatan", KECAMATAN).exit == 0
        enrol(made, made.folder / "hub", made.folder / "desa", made.stick)
        yield made
        warm.end_all()


def answer(ended: Ended) -> dict[str, object]:
    assert ended.exit == 0, ended
    return ended.answer


def enrol(stage: Stage, hub: Path, node: Path, stick: Path) -> None:
    """Enrol a node by two files and six words."""

    def run(program: str, folder: Path, *args: str) -> dict[str, object]:
        return answer(stage.warm.run(program, folder, *args))

    code = str(run(HUB, hub, "slot", DESA, "--alamat", ALAMAT, "--usb")["kode"])
    written = run(NODE, node, "enrol", "--kode", code, "--ke", str(stick))
    assert Path(str(written["berkas"])).is_file()
    taken = run(HUB, hub, "usb", "terima", str(stick))["berkas"]
    words = str(run(NODE, node, "usb", "terima", str(stick))["kata"])
    assert isinstance(taken, list) and taken[0]["kata"] == words and len(words.split()) == 6
    waiting = run(HUB, hub, "calon")["calon"]
    assert isinstance(waiting, list)
    run(HUB, hub, "setujui", waiting[0]["simpul"], "--kata", words)


def test_a_village_is_handed_over_by_command(stage: Stage) -> None:
    sent = answer(stage.node("usb", "kirim", str(stage.stick)))
    assert sent["nomor"] == 1 and int(str(sent["perubahan"])) > PEOPLE
    assert Path(str(sent["berkas"])).stat().st_size == sent["byte"]
    taken = answer(stage.hub("usb", "terima", str(stage.stick)))["berkas"]
    assert isinstance(taken, list) and taken[0]["perubahan"] == sent["perubahan"]
    read = answer(stage.node("usb", "terima", taken[0]["jawaban"]))
    assert read["diakui"] == sent["perubahan"]
    status = answer(stage.node("status"))
    assert status["menunggu_dikirim"] == 0 and status["status_pendaftaran"] == "aktif"


@pytest.mark.parametrize(("program", "args", "exit_code", "words"), [
    (NODE, ("usb",), 2, "tidak lengkap"),
    (NODE, ("usb", "kirim"), 2, "FOLDER wajib diisi"),
    (NODE, ("usb", "kirim", "/tidak/ada"), 3, "Folder itu tidak ada"),
    (NODE, ("usb", "terima", "/tidak/ada"), 2, "Berkas itu tidak ada"),
    (NODE, ("enrol",), 2, "KODE wajib diisi"),
    (NODE, ("enrol", "salah", "--ke", "/tidak/ada"), 2, "salah ketik"),
    (HUB, ("usb", "terima"), 2, "BERKAS|FOLDER wajib diisi"),
    (HUB, ("usb", "terima", "/tidak/ada"), 2, "Berkas itu tidak ada"),
])
def test_a_command_that_cannot_be_done_is_explained(
    stage: Stage, program: str, args: tuple[str, ...], exit_code: int, words: str
) -> None:
    ended = stage.warm.run(program, stage.folder / ("desa" if program == NODE else "hub"), *args)
    assert ended.exit == exit_code, ended
    assert words.lower() in ended.err.lower() and ended.err.strip().count("\n") == 0, ended.err


def test_commands_go_through_the_running_server(stage: Stage) -> None:
    server = stage.warm.serve(NODE, stage.folder / "desa", "--tanpa-otomatis")
    hub = stage.warm.serve(HUB, stage.folder / "hub")
    sent = answer(stage.node("usb", "kirim", str(stage.stick)))
    answer(stage.hub("usb", "terima", str(stage.stick)))
    assert answer(stage.node("usb", "terima", str(stage.stick)))["diakui"] == sent["perubahan"]
    assert server.stop() == hub.stop() == 0
    assert DataFolder(stage.folder / "desa").read_server_file() is None


def test_a_program_killed_while_it_writes_leaves_no_file_that_looks_finished(stage: Stage) -> None:
    # The sent mark is taken away, so that every file holds the whole village and takes its time.
    with closing(sqlite3.connect(stage.folder / "desa" / "data.sqlite")) as conn:
        conn.execute("DELETE FROM receipt")
        conn.commit()
    for name in stage.names(""):
        (stage.stick / name).unlink()
    start = time.perf_counter()
    whole = answer(stage.node("usb", "kirim", str(stage.stick)))
    needed_s = time.perf_counter() - start
    random, killed = Random("usb"), 0
    for at in range(KILLS):
        before = set(stage.names("sipande-"))
        started = stage.warm.start(NODE, stage.folder / "desa", "usb", "kirim", str(stage.stick))
        time.sleep(needed_s * (at + random.random()) / KILLS)
        if started.is_alive():
            started.kill()
            killed += 1
        else:
            assert started.wait().exit == 0
        for name in set(stage.names("sipande-")) - before:
            data = (stage.stick / name).read_bytes()
            _, runs = open_file(io.BytesIO(data))
            assert sum(header.end - header.start for header, _ in runs) == whole["perubahan"] and runs.is_whole
    assert killed >= KILLS // 3
    sent = answer(stage.node("usb", "kirim", str(stage.stick)))
    assert sent["perubahan"] == whole["perubahan"]
    assert stage.names(".") == [], "what was left half is cleared away"
    answer(stage.hub("usb", "terima", str(stage.stick)))
    answer(stage.node("usb", "terima", str(stage.stick)))
    assert answer(stage.node("status"))["menunggu_dikirim"] == 0
    for program, folder in ((NODE, "desa"), (HUB, "hub")):
        assert stage.warm.run(program, stage.folder / folder, "verify").answer == {"baik": True, "masalah": []}


def test_a_hub_killed_while_it_takes_a_stick_has_whole_runs_and_takes_the_rest(stage: Stage) -> None:
    hub = stage.folder / "hub-baru"
    shutil.copytree(stage.folder / "hub", hub)
    # A new computer of the same village: the hub has nothing of its log yet.
    other, stick = stage.folder / "kedua", stage.folder / "stik-2"
    make_village(other, DESA, PEOPLE, seed=77)
    stick.mkdir()
    enrol(stage, hub, other, stick)
    sent = answer(stage.warm.run(NODE, other, "usb", "kirim", str(stick)))
    killed = 0
    for delay_s in (0.02, 0.05, 0.1, 0.2, 0.3):
        started = stage.warm.start(HUB, hub, "usb", "terima", str(stick))
        time.sleep(delay_s)
        if started.is_alive():
            started.kill()
            killed += 1
        else:
            started.wait()
        assert all(path.name.endswith(".sipande") for path in stick.glob("sipande-*"))
    assert killed
    for path in stick.glob("sipande-jawab-*"):
        path.unlink()
    answer(stage.warm.run(HUB, hub, "usb", "terima", str(stick)))
    read = answer(stage.warm.run(NODE, other, "usb", "terima", str(stick)))
    assert read["diakui"] == sent["perubahan"]
    assert stage.warm.run(HUB, hub, "verify").answer == {"baik": True, "masalah": []}
