"""The process in which one door is fuzzed: atheris comes first, so that the product is imported with its counters.

Started by simulation.junk.fuzz with the door, its corpus folder and the options of libFuzzer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris


def main() -> None:
    """Fuzz one door; the process ends as libFuzzer ends it."""
    door, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["shared", "node", "hub"]):
        from simulation.junk import files, wire  # noqa: F401
    from simulation.junk.play import KEPT, feed, open_stage

    KEPT.mkdir(exist_ok=True)
    with open_stage() as (_, targets):
        target = next(target for target in targets if target.name == door)
        for at, seed in enumerate(target.seeds):
            (Path(folder) / f"benar-{at}").write_bytes(seed)

        def try_one(data: bytes) -> None:
            feed(target, data)

        atheris.Setup([sys.argv[0], folder, *options], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
