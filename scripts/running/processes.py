"""Starts hubs and nodes as their own processes and reads what they cost from the operating system."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.store.folder import DataFolder
from shared.web.local import call_server

BIN = Path(sys.executable).parent
KECAMATAN = "33.03.04"
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """One running ``serve`` process."""

    folder: DataFolder
    process: subprocess.Popen[str]
    address: str
    first_code: str

    def call(self, perintah: str, **args: Any) -> dict[str, Any]:
        """Let the server run a command, as the command line would."""
        return call_server(self.folder, perintah, args, lambda report: None)

    def cpu_s(self) -> float:
        """Tell the CPU seconds, user and system, that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def peak_mb(self) -> float:
        return _status_kb(self.process.pid, "VmHWM") / 1000

    def pss_mb(self) -> float:
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
        return int(found[1]) / 1000 if found else 0.0

    def reset_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


def _status_kb(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(found[1]) if found else 0


def run_command(
    program: str, folder: Path, *args: str, stdin: str | None = None, fails: bool = False
) -> dict[str, Any]:
    """Run one command of a program to its end and read its JSON answer.

    With ``fails`` it must fail: then give exit code and sentence as ``{"exit", "galat"}``.
    """
    done = subprocess.run(
        [BIN / program, "--data", folder, *args], capture_output=True, text=True, input=stdin, check=False
    )
    if fails:
        if not done.returncode:
            raise RuntimeError(f"{program} {args[0]} should have failed")
        return {"exit": done.returncode, "galat": done.stderr.strip()}
    if done.returncode:
        raise RuntimeError(f"{program} {args[0]} exited with {done.returncode}: {done.stderr.strip()[-500:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[0])
    return answer


@contextmanager
def serving(program: str, folder: Path, *options: str, port: int = 0) -> Iterator[Server]:
    """Run ``serve`` until the block ends; port 0 is a free one. Its log goes to ``<folder>.log``."""
    with open(f"{folder}.log", "a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [BIN / program, "--data", folder, "serve", "--port", str(port), *options],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    address = line.strip().rsplit(" ", 1)[-1]
    if not address.startswith("http"):
        process.wait(timeout=10)
        raise RuntimeError(f"{program} did not start: see {folder}.log")
    # An empty folder asks for its desa first.
    first = not (folder / "data.sqlite").exists() or read_setting(folder, "SELECT count(*) FROM account") == 0
    code = process.stdout.readline().rsplit(" ", 1)[-1].strip() if first else ""
    server = Server(DataFolder(folder), process, address, code)
    try:
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        process.stdout.close()


def read_setting(folder: Path, sql: str) -> Any:
    """Read one value from the database of a data folder, read-only."""
    with closing(sqlite3.connect(f"{(folder / 'data.sqlite').absolute().as_uri()}?mode=ro", uri=True)) as conn:
        return conn.execute(sql).fetchone()[0]


@contextmanager
def serving_hub(folder: Path) -> Iterator[Server]:
    """Make a hub in an empty folder and run it."""
    run_command("sipande-hub", folder, "init", "--kecamatan", KECAMATAN, "--percobaan")
    with serving("sipande-hub", folder) as hub:
        yield hub


def enrol_node(hub: Server, node: Server, desa: str, address: str = "") -> None:
    """Take a running node through enrolment, words and all; ``address`` is the hub as the node sees it."""
    code = hub.call("slot", desa=desa, alamat=address or hub.address)["kode"]
    answer = node.call("enrol", kode=code)
    hub.call("setujui", simpul=answer["simpul"], kata=answer["kata"])


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the ordinary disk, so that fsync costs what it costs."""
    folder = Path(tempfile.mkdtemp(prefix="sipande-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_quiet(seconds: float = 0.3) -> None:
    """Let start-up work end before something is measured."""
    time.sleep(seconds)
