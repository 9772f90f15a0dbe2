"""The process that victims are forked from: it has imported the product and stands on the shim.

Each victim is a process of its own; SIGKILL, and a disk that fails, hit it as they hit any other.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from simulation.disk.shim import Shim

TRIAL_S_MAX = 120
_ORDER_BYTES_MAX = 65536
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Fork victims as ordered until the other side is gone."""
    from simulation.disk import full, work

    works = {name: getattr(module, name) for module, names in (
        (work, ("fail", "die", "speak", "answer", "live")), (full, ("fill", "try_mount")),
    ) for name in names}
    channel, shim = socket.socket(fileno=int(sys.argv[1])), Shim()
    gc.freeze()
    while message := channel.recv(_ORDER_BYTES_MAX):
        order = json.loads(message)
        if "wait" in order:
            ended = {str(pid): os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in order["wait"]}
            channel.send(json.dumps(ended).encode())
            continue
        ours, theirs = socket.socketpair()
        pids = [_fork(works, shim, channel, job, end, other) for job, end, other in (
            zip(order["jobs"], (ours, theirs), (theirs, ours), strict=False)
        )]
        ours.close()
        theirs.close()
        channel.send(json.dumps(pids).encode())
    return 0


def _fork(
    works: dict[str, Any], shim: Shim, channel: socket.socket, job: dict[str, Any], end: socket.socket,
    other: socket.socket,
) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        channel.close()
        other.close()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.alarm(TRIAL_S_MAX)  # a hang is a failure too, and must not hold the others up
        link = Connection(end.detach())
        works[job["work"]](shim, Path(job["place"]), job, link)
        link.close()
        code = 0
    except BaseException:
        Path(f"{job['place']}.galat").write_text(traceback.format_exc(), encoding="utf-8")
        code = 1
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
