"""``scripts/bench [NAME ...]``: without names, all of them."""

from __future__ import annotations

import json
import sys

from benchmarks.hostile import bench_hostile
from benchmarks.hostile_wall import bench_hostile_wall
from benchmarks.lampid import bench_lampid
from benchmarks.letters import bench_surat
from benchmarks.local import bench_idle, bench_import, bench_rebuild
from benchmarks.newpc import bench_new_pc
from benchmarks.offline import bench_sync_offline
from benchmarks.pages import bench_pages
from benchmarks.sync import bench_sync_cut, bench_sync_edits, bench_sync_full, bench_sync_many

BENCHES = {
    "sync-full": bench_sync_full,
    "sync-wire": bench_sync_full,
    "sync-edits": bench_sync_edits,
    "sync-noop": bench_sync_edits,
    "sync-cut": bench_sync_cut,
    "sync-many": bench_sync_many,
    "hostile": bench_hostile,
    "hostile-wall": bench_hostile_wall,
    "sync-offline": bench_sync_offline,
    "new-pc": bench_new_pc,
    "import": bench_import,
    "rebuild": bench_rebuild,
    "idle": bench_idle,
    "pages": bench_pages,
    "surat": bench_surat,
    "lampid": bench_lampid,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks once each, in order; unknown names are told."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    for bench in dict.fromkeys(BENCHES[name] for name in names or BENCHES):
        for line in bench():
            print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
