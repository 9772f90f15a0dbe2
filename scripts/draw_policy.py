"""Draws who may open what, at the desa and at the kecamatan: docs/hak-akses.md, from the routes as they are registered.

``python scripts/draw_policy.py`` writes the document; tests/project/test_asvs_access.py fails while it says something
else than the program does, so that no route gets in unseen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
DOCUMENT = ROOT / "docs" / "hak-akses.md"
_TOP = """# Siapa boleh apa

Digambar oleh `scripts/draw_policy.py` dari `node/policy.py`, `hub/policy.py` dan rute yang terdaftar; jangan diubah
dengan tangan. `x` boleh, `.` tidak, `x!` boleh sesudah kata sandi atau kode diketik lagi (sepuluh menit). Yang tidak
tertulis di sini ditolak. Kepala dusun melihat dusunnya sendiri saja (`node/lingkup.py`).
"""


def draw_routes(app: Flask) -> str:
    """Draw one table: a line for each route and method that people call, a column for each role."""
    from shared.web.guards import policy_of

    roles = list(app.extensions["sipande"].roles)
    rows = []
    for rule in app.url_map.iter_rules():
        guard = policy_of(app, rule.endpoint)
        for method in sorted((rule.methods or frozenset()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            if guard is None or guard.is_machine:
                signs = ["mesin"] * len(roles)
            else:
                proof = "!" if guard.proof and method != "GET" else ""
                signs = [f"x{proof}" if guard.admits(role) else "." for role in roles]
            rows.append((rule.rule, method, rule.endpoint, *signs))
    lines = [("Alamat", "Cara", "Nama", *roles), ("---",) * (3 + len(roles)), *sorted(rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def draw_document() -> str:
    """Draw both sides."""
    from hub.app import make_hub_app
    from hub.commands import make_hub
    from node.app import make_node_app
    from node.commands import make_node
    from shared.clock import SystemClock, system_random

    with tempfile.TemporaryDirectory(prefix="sipande-hak-") as name:
        folder = Path(name)
        node = make_node(folder / "desa", "33.03.04.2006", "Kantor", SystemClock(), system_random)
        hub, _ = make_hub(folder / "hub", "33.03.04", SystemClock(), system_random)
        parts = [_TOP, "## Desa\n", draw_routes(make_node_app(node))]
        parts += ["\n## Kecamatan\n", draw_routes(make_hub_app(hub))]
        node.close()
        hub.close()
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(draw_document(), encoding="utf-8")
    print(DOCUMENT)
