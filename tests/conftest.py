"""Makes the checkout importable, whatever folder the tests are started from."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

LONG = ("tests/browser/", "tests/federation/")
ROOT = Path(__file__).resolve().parent.parent
for folder in (str(ROOT / "scripts"), str(ROOT)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

from running.memory import find_memory  # noqa: E402 (the checkout is on the path now)
from tests.support.routing import share_builders  # noqa: E402
from tests.support.templates import share_templates  # noqa: E402

share_builders()
share_templates()

ROOM_BYTES = 3 << 30
memory = find_memory(ROOM_BYTES)
if memory and "TMPDIR" not in os.environ:
    # A village of a test is written, read and thrown away; waiting for a disk was a tenth of the time.
    os.environ["TMPDIR"] = tempfile.tempdir = str(memory)

# The gate is the same for everybody; new examples are looked for with HYPOTHESIS_PROFILE=acak.
settings.register_profile("tetap", derandomize=True)
settings.register_profile("acak")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tetap"))


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Put journeys and rows of proof first, a file of each in turn: whole files go to one of the workers.

    None should wait for the last, and two browsers at once wait for each other. What goes to one worker comes first.
    """
    files = list(dict.fromkeys(item.nodeid.split("::")[0] for item in items))
    turns = {
        file: turn for folder in LONG for turn, file in enumerate(file for file in files if file.startswith(folder))
    }
    turns |= {file: -1 for file in files if _uses_kecamatan(file)}
    items.sort(key=lambda item: turns.get(item.nodeid.split("::")[0], len(files)))


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later look for garbage: it took an eighth of the processor's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


class SameServers(LoadFileScheduling):  # type: ignore[misc]
    """Gives whole files to the workers, and all that use the one kecamatan of servers to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "kecamatan" if _uses_kecamatan(file) else file


@cache
def _uses_kecamatan(file: str) -> bool:
    return file.startswith("tests/browser/") and "kecamatan: Kecamatan" in Path(ROOT, file).read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: Any, log: Any) -> SameServers:
    """Let no second worker start the servers and the browser for a few files."""
    return SameServers(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was executed of the rows of proof; xdist brings it here with the reports."""
    from tests.support.executed import sum_up

    passed = {report.nodeid for report in terminalreporter.stats.get("passed", ())}
    # The last report of a test has all that was noted, also what fixtures note behind it.
    last = [one for one in terminalreporter.stats.get("", ()) if one.when == "teardown" and one.nodeid in passed]
    for row, counts in sorted(sum_up(last).items()):
        terminalreporter.write_line(f"executed, {row}: {dict(sorted(counts.items()))}")
