"""SQL of the editor of templates."""

from __future__ import annotations

import sqlite3

from shared.surat.jenis import name_template


def list_template_records(conn: sqlite3.Connection, desa: str, slug: str) -> list[str]:
    """List the records that stand in the place of one letter, also one that is in dispute from its beginning."""
    return [id for (id,) in conn.execute(
        "SELECT id FROM templat_surat WHERE desa = ? AND (slug = ? OR id = ?) ORDER BY id",
        (desa, slug, name_template(desa, slug)),
    )]


def list_disputed_templates(conn: sqlite3.Connection, desa: str) -> set[str]:
    """List the records of templates that two computers wrote differently."""
    rows = conn.execute("SELECT id FROM templat_surat WHERE desa = ? AND konflik IS NOT NULL", (desa,))
    return {id for (id,) in rows}
