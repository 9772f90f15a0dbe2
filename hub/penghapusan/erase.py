"""Erases: gathers what a target holds now, writes the verdicts, cleans the files. Two officers, or nothing.

A verdict is a change of the desa's channel, so every computer of the desa has it with the next session or
stick; the bytes go there in the transaction that brings it (shared/store/erasure.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from hub.change import write_to_desa
from hub.officers import has_left
from hub.penghapusan import queries
from hub.penghapusan.queries import Content, Late, Proposal
from hub.penghapusan.rules import Target, check_reason, dump_targets, may_be_chosen, may_go_whole
from hub.services import HubServices
from hub.verval.cases import update_cases
from shared.errors import UserError
from shared.store.cleaning import clean_when_due
from shared.store.drafts import draft_create
from shared.store.erasure import read_named

LATER = "Susulan: "
"""How the reason of a verdict begins that follows an earlier one."""
CLEAN_AT_ONCE_BYTES_MAX = 100_000_000
"""Of the database: a person waits for it meanwhile."""
PER_VERDICT = 200
"""Changes that one verdict names at most, so that it fits into a small run."""


@dataclass(frozen=True)
class Done:
    """What an erasure did here: changes that lost their body, and whether the file was cleaned of them already."""

    count: int
    is_clean: bool


def erase(
    services: HubServices, targets: Sequence[Target], alasan: str, petugas: Sequence[str], author: str = ""
) -> Done:
    """Erase what the targets hold now, in every log and second history of their desa.

    ``petugas`` are the record ids of the two officers, ``alasan`` the words of the verdict. Raises UserError when
    the officers are not two, or there is nothing left to erase. Not inside a transaction.
    """
    if len(set(filter(None, petugas))) < 2:
        raise UserError("Penghapusan isi harus disetujui dua petugas yang berbeda.", "perlu_dua_petugas")
    with services.database.write() as conn:
        count = _write_all(conn, services, targets, alasan, petugas, author)
        if not count:
            raise UserError(
                "Tidak ada isi yang bisa dihapus: isinya sudah dihapus atau datanya tidak ada.", "sudah_dihapus"
            )
    return Done(count, _clean_small(services))


def _clean_small(services: HubServices) -> bool:
    """Clean the file at once where that is quick; a large one is written anew in the background (hub/server.py)."""
    if services.folder.database.stat().st_size > CLEAN_AT_ONCE_BYTES_MAX:
        return False
    return clean_when_due(services)


def _write_all(
    conn: sqlite3.Connection, services: HubServices, targets: Sequence[Target], alasan: str, petugas: Sequence[str],
    author: str = "",
) -> int:
    """Write the verdicts of every desa concerned; return how many bodies they name."""
    count = 0
    for desa in sorted({target.desa for target in targets}):
        for is_whole in (True, False):
            own = [target for target in targets if target.desa == desa and target.is_whole is is_whole]
            contents = _gather(conn, services, desa, own)
            _write_verdicts(services, desa, contents, is_whole, alasan, petugas, author or petugas[-1])
            count += len({content.digest for content in contents})
    if count:
        update_cases(services)
    return count


def _gather(
    conn: sqlite3.Connection, services: HubServices, desa: str, targets: Sequence[Target]
) -> list[Content]:
    """Gather what some targets of a desa mean, with the handed back pieces that carry any of it."""
    contents = [content for target in targets for content in find_contents(conn, services, target, is_sure=True)]
    bodies = {bytes.fromhex(content.digest) for content in contents}
    contents += queries.list_carriers(conn, desa, bodies)
    return list({content.ref: content for content in contents}.values())


def _write_verdicts(
    services: HubServices, desa: str, contents: Sequence[Content], is_whole: bool, alasan: str,
    petugas: Sequence[str], author: str,
) -> None:
    kind = services.catalogue["penghapusan"]
    parts = [contents[start : start + PER_VERDICT] for start in range(0, len(contents), PER_VERDICT)]
    drafts = [
        draft_create(kind, services.new_id(), {
            "perubahan": sorted({content.ref for content in part}),
            "isi": sorted({content.digest for content in part}),
            "rekaman": sorted({content.header.record for content in part}),
            "seluruh": is_whole or None, "alasan": alasan, "petugas": list(petugas),
        })
        for part in parts
    ]
    write_to_desa(services, desa, drafts, author=author)


def find_contents(
    conn: sqlite3.Connection, services: HubServices, target: Target, *, is_sure: bool = False
) -> list[Content]:
    """Find what a target means among what has its body now; a change that is named stands for its twins too.

    ``is_sure`` is that of :func:`hub.penghapusan.queries.list_contents`: what is erased is read there, pages are not.
    """
    if target.kind == "cabang":
        return queries.list_carriers(conn, target.desa, read_named(conn).bodies)
    contents = queries.list_contents(conn, target.desa, target.record, is_sure=is_sure)
    if target.is_whole:
        return contents
    chosen = {content.digest for content in contents if content.ref in target.refs and _is_open(services, content)}
    return [content for content in contents if content.digest in chosen]


def _is_open(services: HubServices, content: Content) -> bool:
    kind = services.catalogue.kinds.get(content.header.kind)
    return kind is None or may_be_chosen(kind, content.header)


def propose(services: HubServices, targets: Sequence[Target], code: str, note: str, petugas: str) -> str:
    """Keep what an officer asks for until a second one confirms it; return the id of the proposal.

    Raises UserError without reason or target, or when there is nothing to erase.
    """
    alasan = check_reason(code, note)
    if not targets:
        raise UserError("Pilih dulu apa yang dihapus isinya.", "pilihan_kosong")
    if any(target.is_whole and not may_go_whole(services.catalogue.kinds.get(target.kind)) for target in targets):
        raise UserError("Data ini hanya dapat dihapus isinya satu per satu.", "pilihan_salah")
    with services.database.write() as conn:
        if not any(find_contents(conn, services, target) for target in targets):
            raise UserError("Isi yang dipilih sudah tidak ada. Muat ulang halamannya.", "sudah_dihapus")
        id = services.new_id()
        queries.add_proposal(conn, id, dump_targets(targets), alasan, petugas, services.clock.now_s())
    return id


def confirm(services: HubServices, id: str, petugas: str) -> Done:
    """Carry out what another officer has proposed.

    UserError when it is one's own, no longer waits, or who proposed it may do so no more.
    """
    with services.database.read() as conn:
        proposal = _need_waiting(conn, id)
    if not petugas or proposal.petugas == petugas:
        raise UserError(
            "Anda yang mengusulkan. Penghapusan isi harus disetujui petugas lain.", "perlu_dua_petugas"
        )
    with services.database.write() as conn:
        # Looked at again under the lock: two officers may press at one moment.
        _need_waiting(conn, id)
        if has_left(conn, proposal.petugas, "hapus_isi"):
            raise UserError(
                "Pengusulnya tidak bertugas lagi di hub ini. Tolak usulan ini, lalu usulkan lagi.", "pengusul_pergi"
            )
        officers = (proposal.petugas, petugas)
        count = _write_all(conn, services, proposal.targets, proposal.alasan, officers)
        status, note = (queries.DONE, "") if count else (queries.WITHDRAWN, "Isinya sudah dihapus lebih dulu.")
        queries.end_proposal(conn, id, status, petugas, services.clock.now_s(), note)
    if not count:
        raise UserError("Isinya sudah dihapus lebih dulu, jadi usulan ini ditutup.", "sudah_dihapus")
    return Done(count, _clean_small(services))


def refuse(services: HubServices, id: str, petugas: str, note: str) -> bool:
    """Close a proposal without erasing anything; True when it was withdrawn by who made it, False when refused."""
    with services.database.write() as conn:
        proposal = _need_waiting(conn, id)
        own = proposal.petugas == petugas
        note = " ".join(note.split())[:200]
        if not own and not note:
            raise UserError("Isi alasan menolak, supaya pengusul tahu.", "alasan_kosong")
        status = queries.WITHDRAWN if own else queries.REFUSED
        queries.end_proposal(conn, id, status, petugas, services.clock.now_s(), note)
    return own


def _need_waiting(conn: sqlite3.Connection, id: str) -> Proposal:
    proposal = queries.find_proposal(conn, id)
    if proposal is None or proposal.status != queries.WAITING:
        raise UserError("Usulan ini sudah diputus atau ditarik. Muat ulang halamannya.", "usulan_hilang")
    return proposal


def extend(services: HubServices, desa: str, record: str, petugas: str) -> Done:
    """Erase what has come of a record since the whole of it was erased, under the verdict of then.

    Its two officers meant the whole record, so one is enough to say it again, and is named beside them. UserError
    when nothing came, or no verdict of its desa means it.
    """
    with services.database.read() as conn:
        late = _need_late(conn, desa, record)
        grounds = queries.list_grounds(conn, late)
    if not grounds:
        raise UserError(
            "Putusan yang menghapus isi itu milik desa lain. Usulkan penghapusan yang baru di desa ini.", "tanpa_dasar"
        )
    # What was said again names who said it; whose decision it was stands in the first.
    verdict = next((one for one in grounds if not one.alasan.startswith(LATER)), grounds[0])
    officers = list(dict.fromkeys((*verdict.petugas, petugas)))
    alasan = LATER + verdict.alasan.removeprefix(LATER)
    return erase(services, [Target(desa, late.kind, record)], alasan, officers, petugas)


def leave(services: HubServices, desa: str, record: str, petugas: str) -> None:
    """Leave what has come later as it is; it is shown again when there is more of it."""
    with services.database.write() as conn:
        queries.leave_late(conn, _need_late(conn, desa, record), petugas, services.clock.now_s())


def _need_late(conn: sqlite3.Connection, desa: str, record: str) -> Late:
    found = [late for late in queries.list_late(conn) if (late.desa, late.record) == (desa, record)]
    if not found:
        raise UserError("Tidak ada isi susulan dari data itu. Muat ulang halamannya.", "sudah_dihapus")
    return found[0]
