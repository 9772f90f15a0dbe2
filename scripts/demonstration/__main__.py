"""``scripts/demo``: plays the story; without --headless everything stays up until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from demonstration.stage import LAYOUTS, Stage, say
from demonstration.story import Story


PEOPLE_MIN = 300
"""Of fewer families there are not enough to plant the faults in."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="play to the end, print one JSON line, stop")
    parser.add_argument("--penduduk", type=int, default=5000, help=f"residents of the largest village, {PEOPLE_MIN} on")
    parser.add_argument("--seed", type=int, default=7, help="seed of the invented villages")
    parser.add_argument("--cacat", type=int, default=2, help="faults of each kind in the first spreadsheet")
    parser.add_argument("--simpan", action="store_true", help="keep the data folders")
    options = parser.parse_args()
    if options.penduduk < PEOPLE_MIN:
        parser.error(f"--penduduk: the story needs {PEOPLE_MIN} residents or more")
    sizes = {name: options.penduduk if name == "selakambang-1" else max(60, options.penduduk // 8) for name in LAYOUTS}
    stage = Stage(Path(tempfile.mkdtemp(prefix="sipande-demo-")), sizes, options.seed)
    story = Story(stage, options.cacat)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        result = story.play()
        print(json.dumps(result, ensure_ascii=False), flush=True)
        if not options.headless:
            show_logins(stage)
            signal.pause()
        return 0 if result["ok"] else 1
    except KeyboardInterrupt:
        return 0
    finally:
        stage.close(keep=options.simpan)
        if options.simpan:
            say(f"Data disimpan di {stage.folder}")


def show_logins(stage: Stage) -> None:
    """Print where everything runs and how to log in."""
    say("")
    for name, server in {"hub": stage.hub, **stage.nodes}.items():
        account = stage.accounts[name]
        say(f"{name:15} {server.address:24} pengguna {account.name}  kata sandi {account.password}")
    say("Berhenti dengan Ctrl-C.")


if __name__ == "__main__":
    sys.exit(main())
