"""Enrolment: a slot is opened, a node proves its code and keys, a person compares six words and admits or refuses."""

from __future__ import annotations

import hmac
import sqlite3
from typing import Any

from hub.change import current_log, write_common
from hub.pemulihan.state import list_former_keys
from hub.services import HubServices
from hub.simpul.refusal import find_refusal_problem
from shared.codes import wilayah as codes
from shared.errors import ProtocolError, UserError
from shared.merge.scope import Role
from shared.store.drafts import draft_create
from shared.sync.address import Road, judge_address
from shared.sync.enrolment import (
    SECRET_BYTES,
    SLOT_BYTES,
    EnrolmentCode,
    derive_proof_key,
    fingerprint_of,
    is_address,
    prove_code,
    words_of,
)
from shared.sync.limits import limit


def open_slot(
    services: HubServices, desa: str, address: str, opened_by: str, *, by_file: bool = False
) -> EnrolmentCode:
    """Open a slot for one node of a desa of this kecamatan; the code is shown once and kept nowhere.

    ``by_file`` is for a desa without internet: its code lives as long as a stick travels. Raises UserError when
    the desa is not one of this kecamatan's.
    """
    if codes.desa(desa) is None or codes.kecamatan_of(desa) is None or not desa.startswith(services.wilayah + "."):
        raise UserError(
            f"Kode itu bukan desa di kecamatan ini. Periksa kodenya, misalnya {services.wilayah}.2001.",
            "desa_tidak_dikenal",
        )
    if not is_address(address):
        raise UserError(
            "Alamat kecamatan harus seperti https://hub.kecamatan.go.id: diawali http:// atau https://,"
            " dan tanpa spasi.",
            "alamat_salah",
        )
    if judge_address(address) is Road.OPEN:
        raise UserError(
            "Alamat kecamatan harus diawali https:// supaya sambungan desa tidak dilihat dan diganggu orang di jalan."
            " Tanpa https hanya boleh alamat angka di jaringan kantor sendiri, misalnya http://192.168.1.10:8700.",
            "alamat_terbuka",
        )
    secret = services.random(SECRET_BYTES)
    code = EnrolmentCode(
        services.random(SLOT_BYTES), secret, fingerprint_of(services.keys.signing.public), address.rstrip("/")
    )
    expires_s = services.clock.now_s() + limit("enrol_file_code_s" if by_file else "enrol_code_s")
    with services.database.write() as conn:
        conn.execute(
            "INSERT INTO slot (id, wilayah, secret, expires_s, attempts, status, opened_by)"
            " VALUES (?, ?, ?, ?, 0, 'terbuka', ?)",
            (code.slot_id, desa, derive_proof_key(secret), expires_s, opened_by),
        )
    return code


def accept_candidate(services: HubServices, request: dict[str, Any], signed_key: str) -> dict[str, Any]:
    """Check a node's proof and note it as waiting for a person's word; the same node may ask again.

    Raises ProtocolError: slot_closed, wrong_code (five close the slot), wrong_desa, key_revoked, not_admitted,
    bad_signature.
    """
    if signed_key != request["kunci"]:
        raise ProtocolError("bad_signature", "request is signed by another key")
    with services.database.write() as conn:
        refusal = _check_slot(conn, services, request)
        if refusal is None:
            answer = _note_candidate(conn, services, request)
    if refusal is not None:
        raise ProtocolError(refusal)
    return answer


def _check_slot(conn: sqlite3.Connection, services: HubServices, request: dict[str, Any]) -> str | None:
    slot = conn.execute(
        "SELECT wilayah, secret, expires_s, attempts, status FROM slot WHERE id = ?", (request["slot"],)
    ).fetchone()
    if slot is None:
        return "slot_closed"
    desa, secret, expires_s, attempts, status = slot
    proof = prove_code(
        secret, wilayah=request["wilayah"], kunci=request["kunci"], segel=request["segel"], nonce=request["nonce"]
    )
    if not hmac.compare_digest(proof, request["bukti"]):
        closes = attempts + 1 >= limit("enrol_attempts_max") and status == "terbuka"
        conn.execute(
            "UPDATE slot SET attempts = attempts + 1, status = CASE WHEN ? THEN 'ditutup' ELSE status END"
            " WHERE id = ?",
            (closes, request["slot"]),
        )
        return "slot_closed" if closes or status == "ditutup" else "wrong_code"
    if desa != request["wilayah"]:
        return "wrong_desa"
    known = conn.execute(
        "SELECT refused_s FROM candidate WHERE slot = ? AND kunci = ?", (request["slot"], request["kunci"])
    ).fetchone()
    if known != (None,) and (status != "terbuka" or expires_s < services.clock.now_s()):
        return "not_admitted" if known else "slot_closed"
    revoked = conn.execute(
        "SELECT 1 FROM simpul WHERE kunci = ? AND status = 'dicabut'", (request["kunci"],)
    ).fetchone()
    return "key_revoked" if revoked else None


def _note_candidate(conn: sqlite3.Connection, services: HubServices, request: dict[str, Any]) -> dict[str, Any]:
    """Note a node as waiting; one that asks with another slot, or once more after a refusal, waits anew."""
    row = conn.execute(
        "SELECT simpul, slot, refused_s FROM candidate WHERE kunci = ?", (request["kunci"],)
    ).fetchone()
    simpul = row[0] if row else services.new_id()
    if row is None or row[1] != request["slot"] or row[2] is not None:
        secret = conn.execute("SELECT secret FROM slot WHERE id = ?", (request["slot"],)).fetchone()[0]
        words = words_of(
            services.keys.signing.public, bytes.fromhex(request["kunci"]), bytes.fromhex(request["segel"]), secret
        )
        conn.execute(
            "INSERT OR REPLACE INTO candidate (simpul, slot, wilayah, kunci, segel, nama, kata, time_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (simpul, request["slot"], request["wilayah"], request["kunci"], request["segel"], request["nama"],
             " ".join(words), services.clock.now_s()),
        )
        conn.execute("UPDATE slot SET status = 'terpakai' WHERE id = ?", (request["slot"],))
    active = conn.execute("SELECT 1 FROM simpul WHERE kunci = ?", (request["kunci"],)).fetchone()
    return {
        "status": "aktif" if active else "menunggu",
        "simpul": simpul,
        "wilayah": services.wilayah,
        "nama": services.nama,
        "segel": services.seal_key.public.hex(),
        "pemulihan": services.pemulihan,
        "kunci_lama": list_former_keys(conn),
        "echo": request["nonce"],
    }


def list_candidates(services: HubServices) -> list[dict[str, Any]]:
    """List the nodes that wait for a person to compare their six words, each with the end of its slot."""
    with services.database.read() as conn:
        rows = conn.execute(
            "SELECT c.simpul, c.wilayah, c.nama, c.kata, c.time_s, s.expires_s FROM candidate AS c"
            " JOIN slot AS s ON s.id = c.slot"
            " WHERE c.refused_s IS NULL AND NOT EXISTS (SELECT 1 FROM simpul AS n WHERE n.kunci = c.kunci)"
            " ORDER BY c.time_s"
        )
        names = ("simpul", "wilayah", "nama", "kata", "time_s", "expires_s")
        return [dict(zip(names, row, strict=True)) for row in rows]


def confirm_candidate(services: HubServices, simpul: str, kata: str, author: str) -> None:
    """Enrol a node whose six words a person has compared; opens the channel to its desa.

    Raises UserError when no such candidate waits or the words differ.
    """
    with services.database.write() as conn:
        row = conn.execute(
            "SELECT wilayah, kunci, segel, nama, kata FROM candidate WHERE simpul = ? AND refused_s IS NULL", (simpul,)
        ).fetchone()
        if row is None:
            raise _nobody_waits()
        desa, kunci, segel, nama, words = row
        if kata.split() != words.split():
            raise UserError(
                "Enam kata tidak sama. Jangan setujui; tanyakan lagi lewat telepon kata yang tampil di desa.",
                "kata_berbeda",
            )
        if conn.execute("SELECT 1 FROM simpul WHERE kunci = ?", (kunci,)).fetchone():
            return
        values = {"wilayah": desa, "kunci": kunci, "segel": segel, "nama": nama, "status": "aktif"}
        write_common(services, [draft_create(services.catalogue["simpul"], simpul, values)], author=author)
        current_log(services, conn, desa, Role.SALURAN)


def refuse_candidate(
    services: HubServices, simpul: str, reason: str, note: str, refused_by: str, *, reopen: bool = False
) -> None:
    """Send a waiting node away; with ``reopen`` its code may be used again until it expires, else it is closed.

    ``reason`` is a key of REASONS. Raises UserError when no such node waits, or the reason does not fit.
    """
    problem = find_refusal_problem(reason, note, reopen)
    if problem:
        raise UserError(problem, "alasan_salah")
    with services.database.write() as conn:
        row = conn.execute(
            "SELECT slot FROM candidate AS c WHERE simpul = ? AND refused_s IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM simpul AS n WHERE n.kunci = c.kunci)",
            (simpul,),
        ).fetchone()
        if row is None:
            raise _nobody_waits()
        conn.execute(
            "UPDATE candidate SET refused_s = ?, refused_by = ?, reason = ?, note = ? WHERE simpul = ?",
            (services.clock.now_s(), refused_by, reason, note, simpul),
        )
        conn.execute("UPDATE slot SET status = ? WHERE id = ?", ("terbuka" if reopen else "ditutup", row[0]))


def withdraw_slot(services: HubServices, slot: str) -> str:
    """Close an open slot before anybody has used its code; return its desa. Raises UserError when it is not open."""
    with services.database.write() as conn:
        row = conn.execute("SELECT wilayah FROM slot WHERE id = ? AND status = 'terbuka'", (slot,)).fetchone()
        if row is None:
            raise UserError(
                "Pendaftaran itu tidak terbuka lagi: sudah dipakai atau ditutup. Muat ulang daftarnya.",
                "slot_tidak_terbuka",
            )
        conn.execute("UPDATE slot SET status = 'ditutup' WHERE id = ?", (slot,))
    return str(row[0])


def _nobody_waits() -> UserError:
    return UserError("Tidak ada komputer yang menunggu dengan nomor itu.", "simpul_tidak_ada")
