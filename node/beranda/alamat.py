"""How phones and other computers of the office open this one: `/alamat` here, `/hp` on the device that is made ready.

The pages under `/hp` are for everybody: who has no account yet, or does not want to type a password in the clear, needs
the certificate first. A certificate is public; its key never leaves the key folder.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from shared.web.identity import read_public_root
from shared.web.lan import draw_qr_svg, find_office_url, find_secure_url
from shared.web.services import web

blueprint = Blueprint("alamat", __name__)
FILE_NAME = "sertifikat-sipande.crt"


@blueprint.get("/alamat")
def index() -> ResponseReturnValue:
    """Show both addresses as text and QR codes, and by what the certificate is compared; or say why there is none."""
    folder = web().folder
    url, secure, root = find_office_url(folder), find_secure_url(folder), read_public_root(folder.keys)
    if url is None or secure is None or root is None:
        return render_template("beranda/alamat.html", url=url, drawn=_draw(url), secure=None)
    ready = url + url_for(".phone")
    return render_template(
        "beranda/alamat.html", url=url, drawn=_draw(url), secure=secure, drawn_secure=_draw(secure), ready=ready,
        drawn_ready=_draw(ready), root=root,
    )


@blueprint.get("/hp")
def phone() -> ResponseReturnValue:
    """Lead through the certificate on the device that opens the page; without an account."""
    folder = web().folder
    secure, root = find_secure_url(folder), read_public_root(folder.keys)
    return render_template("beranda/hp.html", secure=secure if root is not None else None, root=root)


@blueprint.get("/hp/sertifikat.crt")
def certificate() -> ResponseReturnValue:
    """Give the certificate of the office to be installed; 404 while there is none."""
    root = read_public_root(web().folder.keys)
    if root is None:
        abort(404)
    answer = Response(root.der, mimetype="application/x-x509-ca-cert")
    answer.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return answer


def _draw(url: str | None) -> Markup:
    return Markup(draw_qr_svg(url)) if url else Markup("")
