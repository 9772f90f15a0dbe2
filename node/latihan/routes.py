"""What the practice village says of itself, and the button that begins anew: `/latihan/`."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services

blueprint = Blueprint("latihan", __name__, url_prefix="/latihan")
AGAIN = "latihan_ulang"
"""The name under which the server keeps what begins the practice anew."""


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Say what this village is for; in a real one there is no such page."""
    if not services().is_latihan:
        abort(404)
    return render_template("latihan/index.html", can_restart=AGAIN in current_app.extensions)


@blueprint.post("/ulang")
def restart() -> ResponseReturnValue:
    """Throw away what was practised; everybody logs in again with the same password."""
    if not services().is_latihan or AGAIN not in current_app.extensions:
        abort(404)
    target = url_for("masuk.masuk")
    current_app.extensions[AGAIN]()
    return redirect(target, 303)
