"""Starts the victims of trials from outside, and waits for their end."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from simulation.disk.shim import build_shim

ROOT = Path(__file__).resolve().parents[3]
_REPLY_BYTES_MAX = 65536


class Victims:
    """The process that victims are forked from; close it when the trials are done."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        paths = os.pathsep.join((str(ROOT), str(ROOT / "scripts")))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "simulation.disk.victim", str(theirs.fileno())], cwd=ROOT,
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths, "LD_PRELOAD": str(build_shim())},
            )

    def start(self, *jobs: dict[str, Any]) -> list[int]:
        """Fork one process for each of one or two jobs, which can talk to each other."""
        pids: list[int] = self._ask({"jobs": jobs})
        return pids

    def wait(self, pids: Sequence[int]) -> dict[int, int]:
        """Wait for their end; give exit codes, negative for a signal."""
        return {int(pid): code for pid, code in self._ask({"wait": list(pids)}).items()}

    def run(self, *jobs: dict[str, Any]) -> list[int]:
        """Run jobs to their end; RuntimeError for what is a defect or hangs: killed is no defect."""
        pids = self.start(*jobs)
        ended = self.wait(pids)
        for pid, job in zip(pids, jobs, strict=True):
            check_end(ended[pid], job)
        return [ended[pid] for pid in pids]

    def _ask(self, order: dict[str, Any]) -> Any:
        self._channel.send(json.dumps(order).encode())
        return json.loads(self._channel.recv(_REPLY_BYTES_MAX))

    def close(self) -> None:
        self._channel.close()
        self._process.wait(30)


def check_end(code: int, job: dict[str, Any]) -> None:
    """Raise AssertionError when a victim ended neither by itself nor by the kill."""
    if code in (0, -signal.SIGKILL):
        return
    told = Path(f"{job['place']}.galat")
    why = told.read_text(encoding="utf-8") if told.exists() and code == 1 else f"ended with {code}"
    raise AssertionError(f"{job}: {why}")


@cache
def victims() -> Victims:
    """Give the victims of this process; they end with it."""
    started = Victims()
    atexit.register(started.close)
    return started
