"""The logo, for everybody who sees a page; and the page on which an admin changes it: `/logo/`."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from node.beranda.desk import services
from node.logo.image import UPLOAD_BYTES_MAX, Logo, read_logo
from node.logo.queries import store_logo
from shared.errors import EnvironmentProblem, UserError
from shared.web.audit import record_access
from shared.web.services import require_user

blueprint = Blueprint("logo", __name__, url_prefix="/logo")
_KEPT_S = 31_536_000


class Shown(NamedTuple):
    """A logo as the templates draw it."""

    url: str
    width: int
    height: int


@blueprint.get("/gambar")
def image() -> ResponseReturnValue:
    """Give the picture; under the address with its version it never changes."""
    logo = services().logo
    if logo is None:
        abort(404)
    return make_answer(logo, _KEPT_S if request.args.get("v") == logo.version else 0)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show the logo and the form for another."""
    return render_template("logo/index.html", problem="")


@blueprint.post("/")
def change() -> ResponseReturnValue:
    """Take another logo; the former stays until the new one is stored."""
    try:
        _store(read_upload(request.files.get("logo")), "logo_diganti")
    except EnvironmentProblem:
        raise
    except UserError as error:
        return render_template("logo/index.html", problem=error.pesan), 400
    flash("Logo desa disimpan.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/hapus")
def remove() -> ResponseReturnValue:
    """Take the logo off all pages."""
    _store(None, "logo_dihapus")
    flash("Logo desa dihapus.", "baik")
    return redirect(url_for(".index"), 303)


def describe(logo: Logo | None, endpoint: str = "logo.image") -> Shown | None:
    """Tell where the picture is and how large; None when there is no logo."""
    return None if logo is None else Shown(url_for(endpoint, v=logo.version), logo.width, logo.height)


def read_upload(file: FileStorage | None) -> Logo:
    """Make a logo of what came with a form; UserError says what is wrong with it."""
    return read_logo(b"" if file is None else file.read(UPLOAD_BYTES_MAX + 1))


def make_answer(logo: Logo, age_s: int) -> Response:
    """Send a logo, to be kept by anybody for so long."""
    answer = Response(logo.png, mimetype="image/png")
    answer.cache_control.public = True
    answer.cache_control.max_age = age_s
    return answer


def _store(logo: Logo | None, action: str) -> None:
    node = services()
    with node.database.write() as conn:
        store_logo(conn, logo)
        record_access(conn, node.clock, require_user().name, action, "logo")
    node.logo = logo
