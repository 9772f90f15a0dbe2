"""Sets a large print in a process of its own, which gives all its memory back when it ends.

The typesetter remembers what it has set for the next ten prints. For letters that is what makes them fast; of a book
it is a hundred megabytes for every part, and a computer of an office would run out of them in one afternoon. Data go
in and the PDF comes out over pipes: no file with names lies anywhere.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.pdf.typeset import NO_IMAGES, TypesetError, typeset

TIME_S_MAX = 600
ROWS_AT_HAND_MAX = 60
"""A book of so many rows is set where letters are set, which is faster; a longer one apart."""
_ROOT = Path(__file__).resolve().parents[2]
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from shared.pdf.apart import main; main()"
_FAILED = 3


def typeset_book(data: Mapping[str, Any], *, timestamp_s: int, images: Mapping[str, bytes] = NO_IMAGES) -> bytes:
    """Set one book (template *buku*, rows in ``isi``) as PDF. Raises as :func:`shared.pdf.typeset.typeset` does."""
    make = typeset_apart if len(data["isi"]) > ROWS_AT_HAND_MAX else typeset
    return make("buku", data, timestamp_s=timestamp_s, images=images)


def typeset_apart(
    template: str, data: Mapping[str, Any], *, timestamp_s: int, images: Mapping[str, bytes] = NO_IMAGES
) -> bytes:
    """Set one print as PDF like :func:`shared.pdf.typeset.typeset`, in a process of its own where one can be had."""
    order = json.dumps({
        "template": template, "data": data, "timestamp_s": timestamp_s,
        "images": {name: base64.b64encode(content).decode() for name, content in images.items()},
    })
    try:
        done = subprocess.run(
            # Isolated: neither the folder where the program was started nor a variable decides what is imported.
            [sys.executable, "-I", "-c", _CODE, str(_ROOT)], input=order.encode(), stdout=subprocess.PIPE,
            # What a crash would write there may quote names.
            stderr=subprocess.DEVNULL, timeout=TIME_S_MAX, check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return typeset(template, data, timestamp_s=timestamp_s, images=images)
    except subprocess.TimeoutExpired:
        raise TypesetError(f"template {template}: not ready after {TIME_S_MAX} s") from None
    if done.returncode == _FAILED:
        raise TypesetError(done.stdout.decode(errors="replace"))
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        raise TypesetError(f"template {template}: the process ended with {done.returncode}")
    return done.stdout


def main() -> None:
    """Read an order from standard input and write the PDF, or why there is none, to standard output."""
    order = json.load(sys.stdin.buffer)
    images = {name: base64.b64decode(content) for name, content in order["images"].items()}
    try:
        made = typeset(order["template"], order["data"], timestamp_s=order["timestamp_s"], images=images)
    except TypesetError as error:
        sys.stdout.buffer.write(str(error).encode())
        sys.exit(_FAILED)
    sys.stdout.buffer.write(made)
