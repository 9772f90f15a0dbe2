"""The help inside an app: ``/panduan/`` with its chapters, and the way from every page to the right place in it.

An app hands in its chapters; their texts are its templates ``panduan/<slug>.html``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, abort, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from shared.web.guards import MASUK, UMUM, Registration, may_open

FIRST = "hari-pertama"
"""The chapter for those who have no account yet; open to everybody."""


@dataclass(frozen=True)
class Bab:
    """One chapter. ``pages`` maps endpoints, or names of whole blueprints, to the anchor that explains them."""

    slug: str
    judul: str
    ringkas: str
    pages: Mapping[str, str] = field(default_factory=dict)


def make_panduan(chapters: Sequence[Bab]) -> Registration:
    """Make the blueprint of the help with its guard; the first chapter is :data:`FIRST`."""
    by_slug = {bab.slug: bab for bab in chapters}
    places = {page: (bab.slug, anchor) for bab in chapters for page, anchor in bab.pages.items()}
    blueprint = Blueprint("panduan", __name__, url_prefix="/panduan")

    @blueprint.get("/")
    def index() -> ResponseReturnValue:
        """List the chapters."""
        return render_template("panduan/index.html", chapters=chapters)

    @blueprint.get(f"/{FIRST}")
    def first() -> ResponseReturnValue:
        """Show the chapter that needs no login."""
        return _show(FIRST)

    @blueprint.get("/<slug>")
    def chapter(slug: str) -> ResponseReturnValue:
        """Show one chapter."""
        return _show(slug)

    def _show(slug: str) -> str:
        if slug not in by_slug:
            abort(404)
        return render_template(f"panduan/{slug}.html", bab=by_slug[slug], chapters=chapters)

    def link_chapter(slug: str) -> str:
        """Give the address of a chapter."""
        return url_for("panduan.first") if slug == FIRST else url_for("panduan.chapter", slug=slug)

    def link_page() -> str:
        """Give the address of the help on the page of the current request; empty when there is none."""
        endpoint = request.endpoint or ""
        place = places.get(endpoint) or places.get(endpoint.partition(".")[0])
        if place is None or not may_open("panduan.first" if place[0] == FIRST else "panduan.chapter"):
            return ""
        return link_chapter(place[0]) + (f"#{place[1]}" if place[1] else "")

    @blueprint.record_once
    def add_globals(state: BlueprintSetupState) -> None:
        state.app.jinja_env.globals.update(bantuan_halaman=link_page, alamat_bab=link_chapter)

    return Registration(blueprint, MASUK, {"first": UMUM})
