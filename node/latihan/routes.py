"""The way into the practice village and back, what it is for, and the button that begins anew: `/latihan/`."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.latihan.place import PracticePlace
from node.services import Ports
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
    ports = None if place is None else place.ports
    return render_template(
        "latihan/masuk.html", can_open=place is not None, address="" if ports is None else address_beside(ports)
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


def address_beside(ports: Ports) -> str:
    """Give the address of another server of this computer under the name, and as safely, as this one was reached."""
    host = urlsplit(f"//{request.host}").hostname or "127.0.0.1"
    if ":" in host:
        host = f"[{host}]"
    if request.is_secure and ports.https is not None:
        return f"https://{host}:{ports.https}/"
    return f"http://{host}:{ports.plain}/"


def address_of_desa() -> str:
    """Give the way back from a practice village to the desa that it was opened at; empty when there is none."""
    ports = services().desa_ports
    return "" if ports is None else address_beside(ports)


def _find_place() -> PracticePlace | None:
    return cast("PracticePlace | None", current_app.extensions.get(PLACE))
