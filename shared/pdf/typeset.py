"""Sets a print with typst: a template of this package, data, pictures; a PDF, or PNG pages to look at, comes back.

Data reach the template as JSON and are text to it, never typst code. The compiler sees the folder of the templates
and the shipped fonts alone: no other file, no font of the machine, no network. One compiler a process stays warm,
because making one takes longer than a page; a lock lets one print at a time through it.
"""

from __future__ import annotations

import base64
import ctypes
import json
import re
import struct
import threading
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import SipandeError

if TYPE_CHECKING:
    import typst

PPI_SCREEN = 80.0
NO_IMAGES: Mapping[str, bytes] = MappingProxyType({})
_PNG = b"\x89PNG\r\n\x1a\n"
_HERE = Path(str(files("shared.pdf")))
_TEMPLATES = _HERE / "templates"
_one_at_a_time = threading.Lock()
# What a printed line must not hold: control characters, and those that turn the direction of what follows them, by
# which a name could be made to read differently from what was checked. A line break stays.
_TAKEN_OUT = {
    code: None for code in (*range(10), *range(11, 32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F),
                            *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF)
} | {9: " "}


class TypesetError(SipandeError):
    """A template does not accept its data: a defect of the program, not of what somebody typed."""


def typeset(
    template: str, data: Mapping[str, Any], *, timestamp_s: int, images: Mapping[str, bytes] = NO_IMAGES,
    is_tagged: bool = True,
) -> bytes:
    """Set one print as PDF; the same arguments give the same bytes.

    ``template`` names a file of the templates without its ending. ``data`` is anything JSON can say; a template
    reads it as ``data``. ``images`` are PNG or SVG, found there as ``gambar.NAME``. ``timestamp_s`` is the date
    that the file bears. ``is_tagged``: with what a screen reader needs. Raises TypesetError when the template fails,
    ValueError for a picture of another format.
    """
    return _compile(template, data, images, timestamp_s, "pdf", is_tagged=is_tagged)[0]


def measure(template: str, data: Mapping[str, Any], *, images: Mapping[str, bytes] = NO_IMAGES) -> Any:
    """Give what a template says of its own pages, under the label ``<ukuran>``, without making a file."""
    import typst

    with _one_at_a_time:
        try:
            # One of its own: the warm one cannot be told other data for a question.
            asked = _make_compiler(input=_TEMPLATES / f"{template}.typ", sys_inputs=_write_inputs(data, images))
            return json.loads(asked.query("<ukuran>", field="value", one=True))
        except typst.TypstError as error:
            raise _fail(template, error) from None
        finally:
            _give_back_memory()


def draw_pages(
    template: str, data: Mapping[str, Any], *, images: Mapping[str, bytes] = NO_IMAGES, ppi: float = PPI_SCREEN
) -> list[bytes]:
    """Draw the same print as PNG, one a page, for a screen."""
    return _compile(template, data, images, 0, "png", ppi)


def _compile(
    template: str, data: Mapping[str, Any], images: Mapping[str, bytes], timestamp_s: int,
    form: Literal["pdf", "png"], ppi: float | None = None, *, is_tagged: bool = True,
) -> list[bytes]:
    inputs = _write_inputs(data, images)
    # Imported here and elsewhere: a small PC has little memory, and many days bring no letter.
    import typst

    with _one_at_a_time:
        try:
            made = _compiler().compile(
                input=_TEMPLATES / f"{template}.typ", root=_TEMPLATES, format=form, ppi=ppi, sys_inputs=inputs,
                timestamp=timestamp_s, pdf_tags=is_tagged,
            )
        except typst.TypstError as error:
            raise _fail(template, error) from None
        finally:
            _give_back_memory()
    if made is None:
        raise TypesetError(f"template {template}: no page")
    return made if isinstance(made, list) else [made]


@cache
def _compiler() -> typst.Compiler:
    return _make_compiler()


def _make_compiler(**more: Any) -> typst.Compiler:
    import typst

    nowhere = _TEMPLATES / "packages"
    return typst.Compiler(
        root=_TEMPLATES, font_paths=typst.Fonts(False, False, [_HERE / "fonts"]), ignore_system_fonts=True,
        package_path=nowhere, package_cache_path=nowhere, **more,
    )


def _write_inputs(data: Mapping[str, Any], images: Mapping[str, bytes]) -> dict[str, str]:
    return {
        "data": json.dumps(_clean(data), ensure_ascii=False),
        "gambar": json.dumps({name: _as_svg(content) for name, content in images.items()}),
    }


def _fail(template: str, error: typst.TypstError) -> TypesetError:
    return TypesetError(f"template {template}: {_first_words(error.message)}")


def _first_words(message: str) -> str:
    """Keep what failed, and not the data, which may name a person: typst quotes values behind these words."""
    return re.split(r"[\"`:(]|found", message.splitlines()[0])[0].strip()[:80] if message else ""


def _give_back_memory() -> None:
    """Return what a print has used to the system, at once: half of it would stay with the process (glibc only)."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        pass


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").translate(_TAKEN_OUT)
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


def _as_svg(content: bytes) -> str:
    """Make text of a picture, for inputs of the compiler are text: a PNG is wrapped into an SVG of its size."""
    if content.lstrip().startswith(b"<"):
        return content.decode()
    if not content.startswith(_PNG):
        raise ValueError("a picture on a print is PNG or SVG")
    width, height = struct.unpack(">II", content[16:24])
    code = base64.b64encode(content).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{code}"/></svg>'
    )
