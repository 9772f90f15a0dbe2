"""The way into the practice village and back, what it is for, and the button that begins anew: `/latihan/`."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.latihan.place import PracticePlace
from shared.errors import DamageError, UserError
from shared.explain import explain_error

blueprint = Blueprint("latihan", __name__, url_prefix="/latihan")
AGAIN = "latihan_ulang"
"""The name under which the server of a practice village keeps what begins it anew."""
PLACE = "latihan_tempat"
"""The name under which the server of a desa keeps its practice village."""


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Say what practising is for; at the desa with the way in, in the practice village with the button."""
    if services().is_latihan:
        return render_template("latihan/index.html", can_restart=AGAIN in current_app.extensions)
    place = _find_place()
    port = None if place is None else place.port
    return render_template(
        "latihan/masuk.html", can_open=place is not None, address="" if port is None else address_beside(port)
    )


@blueprint.post("/buka")
def enter() -> ResponseReturnValue:
    """Open the practice village; the page then leads there, since no form may lead to another address."""
    place = _find_place()
    if place is None:
        abort(404)
    try:
        place.open()
    except (UserError, DamageError) as error:
        flash(explain_error(error), "salah")
    return redirect(url_for(".index"), 303)


@blueprint.post("/tutup")
def leave() -> ResponseReturnValue:
    """Close the practice village for everybody; what was practised stays."""
    place = _find_place()
    if place is None:
        abort(404)
    place.close()
    flash("Tempat latihan ditutup. Isinya tersimpan untuk latihan berikutnya.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/ulang")
def restart() -> ResponseReturnValue:
    """Throw away what was practised; everybody logs in again with the same password."""
    if not services().is_latihan or AGAIN not in current_app.extensions:
        abort(404)
    target = url_for("masuk.masuk")
    current_app.extensions[AGAIN]()
    return redirect(target, 303)


def address_beside(port: int) -> str:
    """Give the address of another port under the name by which this one was reached."""
    host = urlsplit(f"//{request.host}").hostname or "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def address_of_desa() -> str:
    """Give the way back from a practice village to the desa that it was opened at; empty when there is none."""
    port = services().desa_port
    return "" if port is None else address_beside(port)


def _find_place() -> PracticePlace | None:
    return cast("PracticePlace | None", current_app.extensions.get(PLACE))
