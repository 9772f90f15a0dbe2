"""A record behind a page: found, or 404; its edit form, saved unless somebody was faster; the choice between values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.looks import LOOKED_AT, note_look
from node.beranda.reveals import is_revealed
from node.change import write_drafts
from node.penduduk.biodata import make_teller
from node.penduduk.history import Sengketa, Words
from node.penduduk.queries import has_conflict, read_row
from node.penduduk.rules import show_value
from node.penduduk.writing import (
    Check, Choices, Overtaken, Rejected, choose_version, restore, save_edit, write_frontier,
)
from shared.errors import EnvironmentProblem, UserError
from shared.records.kind import Kind
from shared.store.attachments import list_written
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.web.forms import Form, make_form, write_number
from shared.web.guards import may_open

FRONTIER_MAX = 10_000
REASON_MAX = 400
MARK_LETTERS = 8
"""Of a hash, to tell the versions of one picture apart in an address."""
PROPOSED = "Isian Anda dicatat sebagai usulan; kecamatan yang memutus identitas dan bantuan."


@dataclass(frozen=True)
class EditView:
    """What the page of an edit form draws; ``changes`` are label, old and new of what others have changed."""

    form: Form
    frontier: str
    is_open: bool
    changes: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True)
class Editor:
    """The edit form of one record; ``draw`` makes its page, ``check`` adds rules of this form."""

    kind: Kind
    id: str
    names: Sequence[str]
    choices: Choices
    draw: Callable[[EditView], str]
    check: Check | None = None

    def show(self) -> str:
        """Draw the form of the record as it stands."""
        node = services()
        with node.database.read() as conn:
            state = load_state(conn, node.catalogue, self.kind, node.wilayah, self.id)
        if not state.exists:
            abort(404)
        is_open = is_revealed(self.id)
        form = make_form(
            self.kind, state.values(self.kind), names=self.names, choices=self.choices, reveal=is_open
        )
        return self.draw(EditView(form, write_frontier(self.kind, state), is_open))

    def save(self, target: str) -> ResponseReturnValue:
        """Save what was typed and lead to ``target``, or draw the form again with what stands in the way."""
        frontier = request.form.get("kepala", "")[:FRONTIER_MAX]
        # The form that was sent showed masked numbers whole, and still may.
        is_open = bool(request.form.get("terbuka")) and is_revealed(self.id)
        try:
            saved = save_edit(
                services(), self.kind, self.id, request.form, names=self.names, choices=self.choices,
                frontier=frontier, author=author(), reveal=is_open, check=self.check,
            )
        except Overtaken as overtaken:
            changes = self._describe(overtaken)
            return self.draw(EditView(overtaken.form, overtaken.frontier, is_open, changes)), 409
        except Rejected as rejected:
            return self.draw(EditView(rejected.form, frontier, is_open)), 400
        if saved.is_proposal:
            flash(PROPOSED, "baik")
        else:
            flash("Perubahan sudah disimpan." if saved.is_changed else "Tidak ada yang berubah.", "baik")
        return redirect(target, 303)

    def _describe(self, overtaken: Overtaken) -> list[tuple[str, str, str]]:
        names = {value: text for options in self.choices.values() for value, text in options}
        described = []
        for change in overtaken.changes:
            field = self.kind.fields[change.name]
            described.append(
                (field.info.label, show_value(field, change.before, names), show_value(field, change.now, names))
            )
        return described


def read_reason(missing: str, name: str = "alasan", length_max: int = REASON_MAX) -> tuple[str, str]:
    """Read the reason that was typed, in one line, and say what is wrong with it: none (``missing``), or too long."""
    text = " ".join(request.form.get(name, "").split())
    if len(text) > length_max:
        label = name.capitalize()
        return text, f"{label} paling banyak {length_max} huruf; yang diketik {write_number(len(text))} huruf."
    return text, "" if text else missing


def require_row(kind: Kind, id: str) -> dict[str, Any]:
    """Read the record that a page is about; 404 when there is none."""
    node = services()
    with node.database.read() as conn:
        values = read_row(conn, kind, node.wilayah, id)
    if values is None:
        abort(404)
    return values


def find_picture(kind: Kind, id: str, name: str) -> str:
    """Find the attachment in a field of the record behind an address, or the version that it asks for; 404 without."""
    node, mark = services(), request.args.get("versi", "")
    values = require_row(kind, id)
    if not mark:
        digest = str(values.get(name) or "")
    else:
        with node.database.read() as conn:
            written = list_written(conn, node.wilayah, [id])
        digest = next((one for one in sorted(written) if one[:MARK_LETTERS] == mark), "")
    if not digest:
        abort(404)
    return digest


def write_fields(kind: Kind, id: str, changed: Mapping[str, Any]) -> None:
    """Write some fields of the record that a page is about, where they differ; 404 when it is gone."""
    node = services()
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        if not state.exists:
            abort(404)
        draft = draft_update(kind, state, id, changed)
        if draft is not None:
            write_drafts(node, [draft], author=author())


def add_edit_routes(blueprint: Blueprint, make_editor: Callable[[str], Editor]) -> None:
    """Add the edit form of its records, `/<id>/ubah`, to a blueprint; what was saved is shown on `.show`."""

    @blueprint.get("/<uuid:id>/ubah")
    def edit(id: object) -> ResponseReturnValue:
        """Show the form of a record as it stands."""
        editor = make_editor(str(id))
        page = editor.show()
        if editor.kind.name in LOOKED_AT:
            note_look(editor.id)
        return page

    @blueprint.post("/<uuid:id>/ubah")
    def update(id: object) -> ResponseReturnValue:
        """Save what was typed, unless somebody else was faster: then show both."""
        return make_editor(str(id)).save(url_for(".show", id=id))


OTHERWISE = "*"
NO_RIGHTS: Mapping[str, str] = {}


def list_disputes(
    kind: Kind, id: str, *, rights: Mapping[str, str] = NO_RIGHTS, words: Words | None = None
) -> list[Sengketa]:
    """List the groups of a record whose value is not settled, for its page; see :func:`add_choice_route`."""
    node = services()
    with node.database.read() as conn:
        if not has_conflict(conn, node.wilayah, id):
            return []
        found = make_teller(node, conn, kind, id, words=words).list_disputes()
    return [replace(one, may_choose=_may_choose(one.group, rights)) for one in found]


def add_choice_route(
    blueprint: Blueprint, kind: Kind, *, gone: str = "", rights: Mapping[str, str] = NO_RIGHTS
) -> None:
    """Add the choice between versions of its records, `/<id>/pilih`, to a blueprint; it leads back to `.show`.

    ``gone`` is the page behind a choice that leaves the record deleted, where `.show` has none to show.
    ``rights``: groups that only those may settle who may use another endpoint, too; OTHERWISE stands for the rest.
    """

    @blueprint.post("/<uuid:id>/pilih")
    def choose(id: object) -> ResponseReturnValue:
        """Take one of several values that wait for verval; protected ones as a proposal to the kecamatan."""
        take_version(kind, str(id), rights=rights)
        if gone and not _is_there(kind, str(id)):
            return redirect(url_for(gone), 303)
        return redirect(url_for(".show", id=id), 303)


def add_restore_route(blueprint: Blueprint, kind: Kind, done: str) -> None:
    """Add the return of a deleted record, `/<id>/kembalikan`, to a blueprint; ``done`` is the sentence for it."""

    @blueprint.post("/<uuid:id>/kembalikan")
    def bring_back(id: object) -> ResponseReturnValue:
        """Bring a deleted record back."""
        restore(services(), kind, str(id), author())
        flash(done, "baik")
        return redirect(url_for(".show", id=id), 303)


def take_version(
    kind: Kind, id: str, *, rights: Mapping[str, str] = NO_RIGHTS, also: Mapping[str, Any] | None = None
) -> None:
    """Write the choice between versions that was sent, and say on the next page what came of it."""
    group, version = request.form.get("grup", ""), request.form.get("versi", "")
    if not _may_choose(group, rights):
        abort(403)
    try:
        is_settled = choose_version(services(), kind, id, group, version, author(), also)
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    else:
        flash("Pilihan sudah disimpan." if is_settled else PROPOSED, "baik")


def _may_choose(group: str, rights: Mapping[str, str]) -> bool:
    endpoint = rights.get(group) or rights.get(OTHERWISE)
    return endpoint is None or may_open(endpoint)


def _is_there(kind: Kind, id: str) -> bool:
    node = services()
    with node.database.read() as conn:
        return read_row(conn, kind, node.wilayah, id) is not None
