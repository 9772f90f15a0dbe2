"""Under which address phones and other computers of the office open this one: `/alamat`."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from shared.web.lan import draw_qr_svg, find_office_url
from shared.web.services import web

blueprint = Blueprint("alamat", __name__)


@blueprint.get("/alamat")
def index() -> ResponseReturnValue:
    """Show the address as text and as a QR code, or say why there is none."""
    url = find_office_url(web().folder)
    drawn = Markup(draw_qr_svg(url)) if url else ""
    return render_template("beranda/alamat.html", url=url, drawn=drawn)
