"""A list page of people or families: what it shows, which columns, which page, and the file of exactly that.

What was searched for never stands in an address: a view is kept for the session, and its token is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, keep, services
from node.beranda.looks import LONG_NUMBER
from node.beranda.reveals import PURPOSES, check_purpose
from node.penduduk.ekspor import FORMATS, MIME, write_table
from node.penduduk.queries import list_dusun
from node.penduduk.rules import STATUSES
from shared.clock import today
from shared.errors import UserError
from shared.store.migrations import read_setting, write_setting
from shared.web.audit import record_access
from shared.web.policy import has_right
from shared.web.services import require_user

PAGE_ROWS = 25


class Saring(Protocol):
    """What every filter of a list has: ``teks`` is what was typed into the search."""

    @property
    def teks(self) -> str: ...

    @property
    def hanya(self) -> str: ...

    @property
    def is_narrow(self) -> bool:
        """Tell whether anything but the search text narrows the list."""


S = TypeVar("S", bound=Saring)


@dataclass(frozen=True)
class Tampilan(Generic[S]):
    """What a list shows, ready to be asked for again: filters and order."""

    saringan: S
    urut: str = ""
    turun: bool = False


Draw = Callable[[Tampilan[S], str | None], dict[str, Any]]
"""Gives what the templates of a list draw, of a view and its token."""
MakeRows = Callable[[sqlite3.Connection, Tampilan[S], Sequence[str], bool], list[list[str]]]
"""Gives the rows of a file: of a view, in some columns, with numbers whole or not."""


@dataclass(frozen=True)
class Daftar(Generic[S]):
    """One list of the node; ``read`` makes its filter of what was typed, and leaves out what makes no sense."""

    name: str
    columns: Mapping[str, str]
    columns_default: Sequence[str]
    sorts: Mapping[str, str]
    only: Mapping[str, str]
    read: Callable[[Mapping[str, str]], S]

    def add_routes(self, blueprint: Blueprint, draw: Draw[S], first: str, make: MakeRows[S]) -> None:
        """Add the list to the blueprint of its name: page, search, columns, and the file of exactly what is shown.

        ``draw`` feeds the templates ``index.html`` and ``_hasil.html``; ``first`` and ``make`` as in :meth:`export`.
        """

        @blueprint.get("/")
        def index() -> ResponseReturnValue:
            """Show one page of the list."""
            return render_template(f"{self.name}/index.html", **draw(*self.current()))

        @blueprint.post("/cari")
        def search() -> ResponseReturnValue:
            """Keep what is searched for and show the list; the text never stands in an address."""
            return redirect(url_for(".index", lihat=self.keep(self.sent())), 303)

        @blueprint.post("/potongan")
        def fragment() -> ResponseReturnValue:
            """Answer a script with the list alone, while somebody types."""
            view = self.sent()
            return render_template(f"{self.name}/_hasil.html", **draw(view, self.keep(view)))

        @blueprint.post("/kolom")
        def choose_columns() -> ResponseReturnValue:
            """Remember which columns this account wants."""
            return self.choose_columns()

        @blueprint.post("/ekspor")
        def export() -> ResponseReturnValue:
            """Make a file of exactly the rows and columns shown, log it, and lead to it."""
            return self.export(first, make)

        @blueprint.get("/ekspor/<token>")
        def download(token: str) -> ResponseReturnValue:
            """Hand out an exported file to the session that made it."""
            return self.download(token)

    def current(self) -> tuple[Tampilan[S], str | None]:
        """Read which list the address asks for; the second member is the token of the search behind it."""
        token = request.args.get("lihat")
        view = self._views().get(token)
        if view is None:
            if token is not None:
                flash("Pencarian tadi sudah ditutup. Silakan cari lagi.", "baik")
            token = None
            view = Tampilan(self.read({"hanya": request.args.get("hanya", "")}))
        return self._sort(view, request.args), token

    def sent(self) -> Tampilan[S]:
        """Read the filter that a search form has sent."""
        return Tampilan(self.read(request.form))

    def keep(self, view: Tampilan[S]) -> str:
        """Keep a view for the session; return its token."""
        return self._views().put(view)

    def show(
        self, view: Tampilan[S], token: str | None, found: Sequence[Any], fill: Callable[[Sequence[Any]], Any],
        columns: Sequence[str],
    ) -> dict[str, Any]:
        """Give what the templates of a list draw: one page of what was found, its cells made by ``fill``."""
        page, pages = read_page(len(found), PAGE_ROWS)
        shown = found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        # What leads from here to the same list, in another order or on another page.
        same = {"lihat": token, "hanya": view.saringan.hanya or None if token is None else None}
        drawn = {
            "daftar": self, "view": view, "token": token, "same": same, "total": len(found), "page": page,
            "pages": pages, "first": (page - 1) * PAGE_ROWS + 1 if found else 0,
            "last": (page - 1) * PAGE_ROWS + len(shown), "rows": fill(shown), "columns": columns,
            "formats": FORMATS, "purposes": PURPOSES,
        }
        # As one, for the macros that lists share.
        return {**drawn, "d": drawn}

    def read_columns(self, conn: sqlite3.Connection) -> tuple[str, ...]:
        """Read which columns the account has chosen."""
        text = read_setting(conn, self._setting())
        chosen = tuple(name for name in (text or "").split(",") if name in self.columns)
        return chosen if text is not None else tuple(self.columns_default)

    def choose_columns(self) -> ResponseReturnValue:
        """Remember which columns the account wants, in the order of the list of all columns."""
        names = request.form.getlist("kolom")
        with services().database.write() as conn:
            write_setting(conn, self._setting(), ",".join(name for name in self.columns if name in names))
        return redirect(
            url_for(f"{self.name}.index", lihat=request.form.get("lihat") or None,
                    hanya=request.form.get("hanya") or None),
            303,
        )

    def export(self, first: str, make: MakeRows[S]) -> ResponseReturnValue:
        """Make a file of exactly the rows and columns shown, log it, and lead to it.

        ``first`` is the title of the column that is always there; ``make`` gives the rows, numbers whole or not.
        """
        node, user = services(), require_user()
        view = self._sort(self._views().get(request.form.get("lihat")) or self.sent(), request.form)
        kind = request.form.get("format", "xlsx")
        if kind not in FORMATS:
            abort(400)
        is_open, purpose = bool(request.form.get("lengkap")), request.form.get("keperluan", "")
        if is_open:
            if not has_right("nomor_buka"):
                abort(403)
            check_purpose(purpose)
        with node.database.read() as conn:
            columns = self.read_columns(conn)
            rows = make(conn, view, columns, is_open)
        content = write_table(kind, [first, *(self.columns[name] for name in columns)], rows)
        numbers = f"nomor lengkap, {purpose}" if is_open else "nomor disamarkan"
        with node.database.write() as conn:
            told = (kind, f"{len(rows)} baris", self._word_filter(conn, view.saringan), numbers)
            record_access(conn, node.clock, user.name, "ekspor", self.name, ", ".join(filter(None, told)))
        return redirect(url_for(f"{self.name}.download", token=self._files().put((kind, content))), 303)

    def _word_filter(self, conn: sqlite3.Connection, by: S) -> str:
        """Say what a list is narrowed down to, for the audit; of a search only that there was one."""
        chosen = {name: getattr(by, name, None) for name in (
            "dusun", "rt", "rw", "jenis_kelamin", "umur_dari", "umur_sampai", "status",
        )}
        places = list_dusun(conn, services().wilayah) if chosen["dusun"] else {}
        sexes = {1: "laki-laki", 2: "perempuan"}
        parts = (
            "hasil pencarian" if by.teks else "",
            f"dusun {places.get(chosen['dusun'], 'lain')}" if chosen["dusun"] else "",
            *(f"{name.upper()} {chosen[name]}" for name in ("rt", "rw") if chosen[name]),
            sexes.get(chosen["jenis_kelamin"] or 0, ""),
            f"umur dari {chosen['umur_dari']}" if chosen["umur_dari"] is not None else "",
            f"umur sampai {chosen['umur_sampai']}" if chosen["umur_sampai"] is not None else "",
            STATUSES[chosen["status"]].lower() if chosen["status"] not in (None, "hidup") else "",
            self.only[by.hanya].lower() if by.hanya else "",
        )
        return "; ".join(LONG_NUMBER.sub("…", part) for part in parts if part)

    def download(self, token: str) -> Response:
        """Hand out an exported file to the session that made it."""
        found = self._files().get(token)
        if found is None:
            raise UserError("Berkas ini sudah tidak ada. Buka daftarnya, lalu ekspor lagi.", "berkas_hilang")
        kind, content = found
        name = f"{self.name}-{today(services().clock).isoformat()}.{kind}"
        return Response(content, mimetype=MIME[kind].split(";")[0],
                        headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def _sort(self, view: Tampilan[S], asked: Mapping[str, str]) -> Tampilan[S]:
        if asked.get("urut") not in self.sorts:
            return view
        return replace(view, urut=asked["urut"], turun=asked.get("arah") == "turun")

    def _views(self) -> Notes[Tampilan[S]]:
        return keep(f"tampilan_{self.name}", lambda node: Notes[Tampilan[S]](node))

    def _files(self) -> Notes[tuple[str, bytes]]:
        return keep(f"ekspor_{self.name}", lambda node: Notes[tuple[str, bytes]](node, 8))

    def _setting(self) -> str:
        return f"kolom_{self.name}:{require_user().no}"


def read_later() -> int:
    """Read how many of the newest changes of a history are passed over (``?riwayat=``)."""
    text = request.args.get("riwayat", "")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def read_page(total: int, rows_max: int) -> tuple[int, int]:
    """Read the page that is asked for (``?hal=``), the last one at most, and how many there are."""
    pages = max(1, -(-total // rows_max))
    text = request.args.get("hal", "")
    return min(max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1, pages), pages
