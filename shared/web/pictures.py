"""Pictures between a browser and the attachments: taken from a form, shown on a page."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from flask import Response, request

from shared.errors import EnvironmentProblem, UserError
from shared.store.blobs import store_of
from shared.store.side import Side
from shared.web.audit import record_access
from shared.web.images import (
    PAGES_MAX, UPLOAD_BYTES_MAX, encode_image, encode_pages, is_jpeg, make_thumbnail, refuse_pages,
)
from shared.web.scans import is_pdf, read_pages
from shared.web.services import require_user

ACCEPT = "image/jpeg,image/png,image/webp"
"""What a form offers to choose; what is sent is looked at all the same."""
ACCEPT_SCAN = f"{ACCEPT},application/pdf"
SCAN_HELP = (
    "PDF hasil pindai, JPEG, PNG, atau WebP; paling besar 15 MB. Surat beberapa halaman: PDF-nya, atau pilih beberapa"
    f" gambar sekaligus menurut urutannya (paling banyak {PAGES_MAX} halaman)."
)

_WAITING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="160" viewBox="0 0 240 160">'
    '<rect width="240" height="160" fill="#eef0ec"/>'
    '<g text-anchor="middle" font-family="sans-serif" fill="#4c5752"><text x="120" y="58" font-size="28">Gambar</text>'
    '<text x="120" y="92" font-size="28">belum tiba</text><text x="120" y="128" font-size="19">menunggu sinkronisasi'
    "</text></g></svg>"
)


def take_picture(name: str, missing: str = "") -> tuple[bytes | None, str]:
    """Read a picture that was chosen in a form, as it is to be kept; with what to tell the person where there is none.

    ``missing`` says in Indonesian that none was chosen; empty where none need be.
    """
    sent = request.files.get(name)
    if sent is None or not sent.filename:
        return None, missing
    try:
        return encode_image(sent.read(UPLOAD_BYTES_MAX + 1)), ""
    except EnvironmentProblem:
        raise
    except UserError as error:
        return None, error.pesan


def take_scan(name: str, missing: str = "") -> tuple[bytes | None, str]:
    """Read the pages of a paper that were chosen in a form, pictures and scanner's PDFs, as one picture to be kept.

    Answers and takes ``missing`` as :func:`take_picture` does.
    """
    sent = [file for file in request.files.getlist(name) if file.filename]
    if not sent:
        return None, missing
    try:
        if len(sent) > PAGES_MAX:
            raise refuse_pages(len(sent))
        pages: list[bytes] = []
        for file in sent:
            data = file.read(UPLOAD_BYTES_MAX + 1)
            pages += read_pages(data) if len(data) <= UPLOAD_BYTES_MAX and is_pdf(data) else [data]
        return encode_pages(pages), ""
    except EnvironmentProblem:
        raise
    except UserError as error:
        return None, error.pesan


def answer_picture(side: Side, desa: str, digest: str, *, small: bool = False) -> Response:
    """Show a stored picture, whole or small; a drawing that says so where it is not here."""
    data = store_of(side).read(desa, digest)
    # What came from another computer is shown as a picture or not at all.
    if data is not None and is_jpeg(data):
        try:
            return Response(make_thumbnail(data) if small else data, mimetype="image/jpeg")
        except UserError:
            pass
    return Response(_WAITING, mimetype="image/svg+xml")


def answer_scan(
    side: Side, desa: str, digest: str, subject: str, detail: str, *, small: bool = False,
    keep: Callable[[sqlite3.Connection], None] = lambda conn: None,
) -> Response:
    """Show the scan of a paper; looking at it whole is logged as access to ``subject``, a record id.

    ``keep`` writes in the transaction of that log what else is to be known of the look.
    """
    if not small:
        with side.database.write() as conn:
            record_access(conn, side.clock, require_user().name, "pindaian_dilihat", subject, detail)
            keep(conn)
    return answer_picture(side, desa, digest, small=small)
