"""Does the heavy work of a large print in a process of its own, which gives all its memory back when it ends.

The typesetter remembers what it has set for the next ten prints. For letters that is what makes them fast; of a book
it is a hundred megabytes for every part, and a computer of an office would run out of them in one afternoon. Orders go
in and what was made comes out over pipes: no file with names lies anywhere.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.pdf.typeset import NO_IMAGES, TypesetError, measure, typeset

TIME_S_MAX = 600
_ROOT = Path(__file__).resolve().parents[2]
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from shared.pdf.apart import main; main()"
_FAILED = 3
_one_at_a_time = threading.Lock()


def typeset_apart(
    template: str, data: Mapping[str, Any], *, timestamp_s: int, images: Mapping[str, bytes] = NO_IMAGES,
    is_tagged: bool = True,
) -> bytes:
    """Set one print as PDF like :func:`shared.pdf.typeset.typeset`, in a process of its own where one can be had."""
    return _run("set", {
        "template": template, "data": data, "timestamp_s": timestamp_s, "images": _pack(images), "is_tagged": is_tagged,
    })


def measure_apart(template: str, data: Mapping[str, Any], *, images: Mapping[str, bytes] = NO_IMAGES) -> Any:
    """Give what :func:`shared.pdf.typeset.measure` finds, in a process of its own where one can be had."""
    return json.loads(_run("measure", {"template": template, "data": data, "images": _pack(images)}))


def join_apart(parts: Sequence[bytes], pages: int) -> bytes:
    """Make one PDF of several, in a process of its own where one can be had: title and date are those of the first.

    Raises TypesetError when it has not so many ``pages`` as stand on every one of them.
    """
    return _run("join", {"parts": [base64.b64encode(part).decode() for part in parts], "pages": pages})


def _run(work: str, order: Mapping[str, Any]) -> bytes:
    """Do one kind of ``_WORK``. Raises TypesetError when it fails, its process dies or takes too long."""
    # Two at once would cost an old computer the memory of both, and neither would be ready sooner.
    with _one_at_a_time:
        try:
            done = subprocess.run(
                # Isolated: neither the folder where the program was started nor a variable decides what is imported.
                [sys.executable, "-I", "-c", _CODE, str(_ROOT)], input=json.dumps([work, order]).encode(),
                # What a crash would write there may quote names.
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=TIME_S_MAX, check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            return _WORK[work](order)
        except subprocess.TimeoutExpired:
            raise TypesetError(f"{work}: not ready after {TIME_S_MAX} s") from None
    if done.returncode == _FAILED:
        raise TypesetError(done.stdout.decode(errors="replace"))
    if done.returncode or not done.stdout:
        raise TypesetError(f"{work}: the process ended with {done.returncode}")
    return done.stdout


def main() -> None:
    """Read an order from standard input and write what was made, or why it was not, to standard output."""
    work, order = json.load(sys.stdin.buffer)
    try:
        made = _WORK[work](order)
    except TypesetError as error:
        sys.stdout.buffer.write(str(error).encode())
        sys.exit(_FAILED)
    sys.stdout.buffer.write(made)


def _pack(images: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in images.items()}


def _unpack(images: Mapping[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in images.items()}


def _set(order: Mapping[str, Any]) -> bytes:
    return typeset(
        order["template"], order["data"], timestamp_s=order["timestamp_s"], images=_unpack(order["images"]),
        is_tagged=order["is_tagged"],
    )


def _measure(order: Mapping[str, Any]) -> bytes:
    return json.dumps(measure(order["template"], order["data"], images=_unpack(order["images"]))).encode()


def _join(order: Mapping[str, Any]) -> bytes:
    # Imported here: most days join nothing, and a small PC has little memory.
    from pypdf import PdfWriter

    first, *others = (io.BytesIO(base64.b64decode(part)) for part in order["parts"])
    # A copy of the first, so its title, language and date are those of the book.
    writer = PdfWriter(clone_from=first)
    for other in others:
        writer.append(other, import_outline=False)
    # It counts the pages of the first part alone; title and date stand in the file once more.
    writer.xmp_metadata = None
    if len(writer.pages) != order["pages"]:
        raise TypesetError(f"join: {len(writer.pages)} pages, {order['pages']} expected")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


_WORK = {"set": _set, "measure": _measure, "join": _join}
