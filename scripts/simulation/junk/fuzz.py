"""Coverage-guided junk: libFuzzer (by atheris) spoils the inputs of one door after the other for hours.

One seed is a stretch of three minutes on one door, in a process of its own: what is found new goes into a corpus folder
outside of the project and is there for the next stretch. Needs the extra ``fuzz``; nothing else here does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from simulation.junk.play import KEPT, MEMORY_BYTES_MAX, JunkFailed

SECONDS = 180
"""Of one stretch; a process takes six to start, and what it starts from counts for nothing."""
CORPUS = "SIPANDE_FUZZ_CORPUS"
"""The environment names the folder of what was found; without, it is one of the system's for temporary files."""
DOORS = (
    "hub/catatan", "hub/run", "hub/isi", "hub/hello", "hub/tanda", "cadangan/isi", "cadangan/berkas",
    "node/catatan", "node/hello",
    "node/pull", "node/push", "hub/stik/up", "hub/stik", "node/stik/down", "node/stik", "impor/xlsx", "impor/csv",
    "impor/ods", "nota/catatan", "nota/isi", "nota/tanda_terima", "nota/penerus", "nota/tawaran", "nota/kode",
    "kabupaten/kiriman", "kabupaten/baris", "kabupaten/gzip", "kabupaten/saksi", "hub/saksi", "hub/blob/put",
    "hub/enrol", "hub/rotate", "hub/pull", "hub/compare", "gambar/foto", "gambar/logo",
)
FEDERATION_INPUTS = 50_000
"""After so many inputs a stretch starts afresh: a hub that took them all in would only become slow."""
_BYTES_MAX = 60_000
_ROOT = Path(__file__).resolve().parents[3]
_EXTRA_S = 300
_TURNS_MAX = 20
_DONE = re.compile(r"Done (\d+) (?:runs )?in (\d+) second")


def play(seed: int) -> Counter[str]:
    """Play one stretch of the long run ``fuzz``; JunkFailed when an input broke the law, and it is kept."""
    return play_stretch(seed, SECONDS)


def play_stretch(seed: int, seconds: int) -> Counter[str]:
    """Fuzz one door for so many seconds, in as many processes as that takes."""
    door = DOORS[seed % len(DOORS)]
    done, turn = Counter[str](), 0
    while done["seconds"] < seconds and turn < _TURNS_MAX:
        turn += 1
        done.update(_run_child(door, seed * 1000 + turn, seconds - done["seconds"]))
    return done


def _run_child(door: str, seed: int, seconds: int) -> Counter[str]:
    folder = _corpus() / door.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    paths = os.pathsep.join((str(_ROOT), str(_ROOT / "scripts")))
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    before = sum(1 for _ in folder.iterdir())
    ended = subprocess.run(
        [
            sys.executable, "-m", "simulation.junk.fuzz_child", door, str(folder), f"-seed={seed}",
            f"-max_total_time={seconds}", f"-runs={FEDERATION_INPUTS if _keeps_state(door) else -1}",
            f"-max_len={_BYTES_MAX}", f"-artifact_prefix={KEPT}/", "-timeout=30",
            f"-rss_limit_mb={2 * MEMORY_BYTES_MAX >> 20}", "-print_final_stats=1",
        ],
        cwd=_ROOT, env=env, capture_output=True, text=True, timeout=seconds + _EXTRA_S, errors="replace",
    )
    if ended.returncode != 0:
        raise JunkFailed(f"{door}, seed {seed}: {ended.stderr[-3000:]}{ended.stdout[-500:]}")
    told = _DONE.search(ended.stderr)
    if told is None:
        raise JunkFailed(f"{door}, seed {seed}: nothing was executed: {ended.stderr[-1000:]}")
    return Counter(inputs=int(told[1]), seconds=int(told[2]), found=sum(1 for _ in folder.iterdir()) - before)


def _keeps_state(door: str) -> bool:
    return door.startswith(("hub/", "node/", "impor/"))


def _corpus() -> Path:
    return Path(os.environ.get(CORPUS) or Path(tempfile.gettempdir()) / "sipande-fuzz-corpus")
