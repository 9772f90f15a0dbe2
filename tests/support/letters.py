"""Letters for tests: written to the log as an office issues them, with a proof under the key of that node."""

from __future__ import annotations

from typing import Any

from node.change import write_drafts
from node.services import NodeServices
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.surat.tanda import Seal, seal_surat


def issue(node: NodeServices, author: str, nomor: str = "500.2.2.4/1/2026", **changed: Any) -> tuple[str, Seal]:
    """Write one letter; return its record id and its proof."""
    values: dict[str, Any] = {
        "nomor": nomor, "urut": 1, "tahun": 2026, "jenis": "keterangan-usaha", "judul": "Surat Keterangan Usaha",
        "nama": "SITI RAHAYU", "tanggal": "2026-09-22", "berlaku_sampai": "2999-10-22", **changed,
    }
    seal = seal_surat(values, node.wilayah, node.keys.signing, node.random)
    values |= {"kode": seal.kode, "tanda": seal.tanda, "kunci": seal.kunci}
    id = node.new_id()
    write_drafts(node, [draft_create(node.catalogue["surat"], id, values)], author=author)
    return id, seal


def cancel(
    node: NodeServices, author: str, id: str, reason: str = "salah nama", day: str = "2026-09-23"
) -> None:
    """Cancel a letter; it keeps its number."""
    kind = node.catalogue["surat"]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        draft = draft_update(kind, state, id, {
            "batal": True, "tanggal_batal": day, "alasan_batal": reason, "dibatalkan_oleh": author,
        })
        assert draft is not None
        write_drafts(node, [draft], author=author)
