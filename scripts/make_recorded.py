"""Records what the program of today leaves behind, as the next set of tests/recorded/. A set is never written twice.

Run it just before a release, when formats have changed since the last set.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.support.recording import RECORDED, record  # noqa: E402


@click.command()
@click.argument("name")
def main(name: str) -> None:
    """Write the set NAME, for example 0001."""
    folder = RECORDED / name
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work:
        record(folder, Path(work))
    size = sum(path.stat().st_size for path in folder.iterdir())
    click.echo(f"{folder.relative_to(ROOT)}: {size:,} bytes")


if __name__ == "__main__":
    main()
