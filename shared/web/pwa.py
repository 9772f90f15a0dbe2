"""Makes an app one that a phone can install: manifest, service worker, the page for when the office is out of reach.

The worker keeps the shell alone: static files, and that one page. What holds data is never kept, nothing that is
sent is ever touched, and an answer that says ``no-store`` is thrown away again.
"""

from __future__ import annotations

from hashlib import sha256

from flask import Flask, Response, jsonify, render_template, url_for

from shared.web.guards import UMUM, set_policy
from shared.web.services import web

COLOUR = "#14532d"
SHELL = ("sipande.css", "ikon.svg", "ikon-192.png", "kantor.js")
_ICONS = (("ikon-192.png", "192x192", "any"), ("ikon-512.png", "512x512", "any"),
          ("ikon-tepi-512.png", "512x512", "maskable"))


def set_up_pwa(app: Flask) -> None:
    """Add the routes of an installable app; all of them are public, for they hold nothing of anybody."""
    for path, view in (
        ("/manifest.webmanifest", manifest), ("/pekerja.js", worker), ("/tak-terjangkau", unreachable),
        ("/terjangkau", reachable),
    ):
        app.add_url_rule(path, f"pwa_{view.__name__}", view)
        set_policy(app, f"pwa_{view.__name__}", UMUM)
    app.jinja_env.globals["manifes"] = lambda: url_for("pwa_manifest")


def manifest() -> Response:
    """Describe the app to the phone that installs it (W3C Web Application Manifest)."""
    shell = web()
    answer = jsonify({
        "id": "/", "name": shell.title, "short_name": "Sipande", "lang": "id", "start_url": shell.home, "scope": "/",
        "display": "standalone", "theme_color": COLOUR, "background_color": "#f4f6f4",
        "description": "Sistem informasi desa dan kecamatan.",
        "icons": [
            {"src": url_for("static", filename=name), "sizes": size, "type": "image/png", "purpose": purpose}
            for name, size, purpose in _ICONS
        ],
    })
    answer.mimetype = "application/manifest+json"
    return _keep_shortly(answer)


def worker() -> Response:
    """Give the service worker; its version is the hash of what it keeps, so a new program brings a new shell."""
    page = render_template("tak_terjangkau.html", tanpa_pengguna=True)
    paths = [url_for("static", filename=name) for name in SHELL]
    version = sha256("\n".join([*paths, page]).encode()).hexdigest()[:12]
    text = render_template(
        "pekerja.js", version=version, paths=[*paths, url_for("pwa_unreachable")], page=url_for("pwa_unreachable"),
    )
    return Response(text, mimetype="text/javascript")


def unreachable() -> Response:
    """Show what a phone shows when the computer of the office does not answer."""
    return _keep_shortly(Response(render_template("tak_terjangkau.html", tanpa_pengguna=True)))


def reachable() -> Response:
    """Say that the computer of the office answers: asked before a form is sent."""
    return Response(status=204)


def _keep_shortly(answer: Response) -> Response:
    # Public, or the answer would be marked no-store, which the worker obeys; asked for again every time.
    answer.cache_control.public = True
    answer.cache_control.no_cache = True
    return answer
