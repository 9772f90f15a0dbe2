"""The programs as processes of their own, forked from one that has imported them already.

A start then costs milliseconds instead of a second of importing, and what is started is an ordinary process:
it can be killed, starved and waited for like any other. Linux only.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_S_MAX = 60.0
_ORDER_BYTES_MAX = 65536
_PR_SET_PDEATHSIG = 1


class TooSlowError(Exception):
    """A program did not end, or did not say where it listens, in time."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    exit: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON line that a command prints when all went well."""
        loaded: dict[str, Any] = json.loads(self.out.splitlines()[0])
        return loaded


@dataclass
class Program:
    """One running program."""

    warm: Warm
    pid: int
    out: IO[str]
    err: IO[str]
    said: list[str] = field(default_factory=list)
    """The lines of its standard output that were read already."""
    _ended: Ended | None = None

    @property
    def address(self) -> str:
        return self.said[0].split()[-1]

    def is_alive(self) -> bool:
        return self.warm.is_alive(self.pid)

    def kill(self) -> None:
        """Kill it as the system does when memory is short: nothing of it runs any more."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask it to end and wait; give its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait().exit

    def wait(self, seconds: float = WAIT_S_MAX) -> Ended:
        """Wait for its end; after so many seconds it is killed and TooSlowError raised."""
        if self._ended is None:
            with closing(self.out), closing(self.err):
                code = self.warm.wait(self.pid, seconds)
                self._ended = Ended(code, "".join(self.said) + self.out.read(), self.err.read())
        return self._ended


class Warm:
    """The process that others are forked from; close it when the tests are done."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel = ours
        paths = os.pathsep.join((str(ROOT), str(ROOT / "scripts")))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"},
            )
        self._ended: dict[int, int] = {}
        self._handles: dict[int, int] = {}
        self._started: list[Program] = []

    def start(
        self, program: str, folder: Path, *args: str, stdin: str = "", powerless: bool = False, file_bytes_max: int = -1
    ) -> Program:
        """Start a program.

        ``powerless`` takes from it what root may do beyond the rights on a file; ``file_bytes_max`` is where
        its files stop growing, as on a full disk.
        """
        order = {
            "mulai": [program, "--data", str(folder), *args], "tak_berdaya": powerless, "batas": file_bytes_max,
        }
        out_read, out_write = os.pipe()
        # Files and not pipes: nobody reads them while the program runs, and a full pipe would hold it up.
        err, given = os.memfd_create("stderr"), os.memfd_create("stdin")
        os.pwrite(given, stdin.encode(), 0)
        socket.send_fds(self._channel, [json.dumps(order).encode()], [given, out_write, err])
        os.close(out_write)
        os.close(given)
        pid = int(self._channel.recv(64))
        os.lseek(err, 0, os.SEEK_SET)
        reread = os.open(f"/proc/self/fd/{err}", os.O_RDONLY)
        os.close(err)
        started = Program(self, pid, os.fdopen(out_read), os.fdopen(reread, encoding="utf-8"))
        self._started.append(started)
        return started

    def run(
        self, program: str, folder: Path, *args: str, stdin: str = "", powerless: bool = False,
        file_bytes_max: int = -1, seconds: float = WAIT_S_MAX,
    ) -> Ended:
        """Run a command to its end; TooSlowError when that does not come."""
        started = self.start(
            program, folder, *args, stdin=stdin, powerless=powerless, file_bytes_max=file_bytes_max
        )
        return started.wait(seconds)

    def serve(
        self, program: str, folder: Path, *options: str, port: int = 0, file_bytes_max: int = -1
    ) -> Program:
        """Start ``serve`` and wait until it says where it listens; port 0 is a free one."""
        started = self.start(program, folder, "serve", "--port", str(port), *options, file_bytes_max=file_bytes_max)
        if not select.select([started.out], [], [], WAIT_S_MAX)[0]:
            started.kill()
            raise TooSlowError("serve said nothing")
        started.said.append(started.out.readline())
        if "http" not in started.said[0]:
            raise RuntimeError(f"serve did not start: {started.wait()}")
        return started

    def is_alive(self, pid: int) -> bool:
        return pid not in self._ended and not select.select([self._handle(pid)], [], [], 0)[0]

    def wait(self, pid: int, seconds: float) -> int:
        """Wait for a program's end; give its exit code, negative for a signal."""
        if pid not in self._ended:
            handle = self._handle(pid)
            if not select.select([handle], [], [], seconds)[0]:
                os.kill(pid, signal.SIGKILL)
                self._reap(pid)
                raise TooSlowError(f"no end after {seconds} seconds")
            self._reap(pid)
        return self._ended[pid]

    def _reap(self, pid: int) -> None:
        self._channel.send(json.dumps({"tunggu": pid}).encode())
        self._ended[pid] = int(self._channel.recv(64))
        os.close(self._handles.pop(pid))

    def _handle(self, pid: int) -> int:
        if pid not in self._handles:
            self._handles[pid] = os.pidfd_open(pid)
        return self._handles[pid]

    def end_all(self) -> None:
        """Kill what a failed test has left running."""
        for program in self._started:
            if self.is_alive(program.pid):
                os.kill(program.pid, signal.SIGKILL)
            if not program.out.closed:
                program.wait()
        self._started.clear()

    def close(self) -> None:
        self.end_all()
        self._channel.close()
        self._process.wait(WAIT_S_MAX)


def _obey(channel: socket.socket) -> int:
    """Fork and reap as ordered until the other side is gone; in a child, become the program."""
    import hub.cli
    import hub.commands
    import hub.server
    import node.cli
    import node.commands
    import node.server

    programs = {"sipande-node": node.cli.main, "sipande-hub": hub.cli.main}
    assert node.server and node.commands and hub.server and hub.commands
    sys.modules["__main__"].__package__ = None  # click names the program after argv[0] then
    gc.freeze()
    while True:
        message, handles, _, _ = socket.recv_fds(channel, _ORDER_BYTES_MAX, 3)
        if not message:
            return 0
        order = json.loads(message)
        if "tunggu" in order:
            _, status = os.waitpid(order["tunggu"], 0)
            channel.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if pid == 0:
            channel.close()
            # Whatever ends the tests ends what they started.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            for number, handle in enumerate(handles):
                os.dup2(handle, number)
                os.close(handle)
            if order["tak_berdaya"]:
                _drop_capabilities()
            if order["batas"] >= 0:
                resource.setrlimit(resource.RLIMIT_FSIZE, (order["batas"], order["batas"]))
            sys.argv = order["mulai"]
            return programs[sys.argv[0]]()
        for handle in handles:
            os.close(handle)
        channel.send(str(pid).encode())


def _drop_capabilities() -> None:
    """Make root an ordinary owner of its files (capset, version 3); does nothing for other people."""
    if os.geteuid() == 0:
        header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        if ctypes.CDLL(None, use_errno=True).capset(header, nothing):
            raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    sys.exit(_obey(socket.socket(fileno=int(sys.argv[1]))))
