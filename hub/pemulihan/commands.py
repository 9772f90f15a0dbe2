"""What the command line can ask of trust and recovery; hub.commands lists them with the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.officers import COMMAND, find_officer, note_act
from hub.pemulihan import revoke
from hub.pemulihan.keys import take_new_keys
from hub.pemulihan.state import end_recovery, read_recovery
from hub.pemulihan.succeeded import SENTENCE, find_later_keys, take_keys_by_recovery
from hub.services import HubServices
from hub.verval.cases import update_cases
from hub.verval.values import write_values
from shared.errors import UserError
from shared.store.branch import list_branches
from shared.store.evidence import list_events

Progress = Callable[[dict[str, Any]], None]
QUARANTINE_PAGE = 200


def _author(services: HubServices, args: Mapping[str, Any]) -> str:
    return find_officer(services, str(args.get("petugas") or ""), "kelola").petugas


def _note(services: HubServices, args: Mapping[str, Any], action: str, subject: str = "") -> None:
    note_act(services, str(args.get("petugas") or COMMAND), action, subject)


def run_cabut(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Revoke a key; ``batas`` is a list of ``log:size``."""
    cutoffs: dict[str, int] = {}
    for item in args.get("batas") or ():
        log, _, size = str(item).rpartition(":")
        if not (log and size.isascii() and size.isdigit()):
            raise UserError("Batas ditulis seperti catatan:jumlah, dari perintah batas.", "batas_salah")
        cutoffs[log] = int(size)
    simpul = str(args["simpul"])
    revoke.revoke(services, simpul, str(args.get("sebab") or ""), cutoffs, _author(services, args))
    _note(services, args, "kunci_dicabut", simpul)
    return {"simpul": simpul, "status": "dicabut"}


def run_batas(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """List where the logs of a node may be cut off."""
    with services.database.read() as conn:
        choices = revoke.list_choices(conn, str(args["simpul"]))
    return {"catatan": [{"catatan": c.log, "jumlah": c.size, "tanda_terima": c.receipts} for c in choices]}


def run_pulihkan_simpul(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Lift a suspension."""
    simpul = str(args["simpul"])
    revoke.lift(services, simpul, str(args.get("sebab") or ""), _author(services, args))
    _note(services, args, "kunci_dipulihkan", simpul)
    return {"simpul": simpul, "status": "aktif"}


def run_karantina(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """List a page (``halaman``, from 1) of what is in quarantine, with values as on the page: numbers are masked."""
    desa, page = str(args.get("desa") or ""), max(1, int(args.get("halaman") or 1))
    with services.database.read() as conn:
        count = revoke.count_quarantined(conn, desa)
        held = revoke.list_quarantined(conn, desa, QUARANTINE_PAGE, (page - 1) * QUARANTINE_PAGE)
        listed = [
            {"perubahan": q.ref, "desa": q.desa, "jenis": q.kind, "rekaman": q.record, "waktu_komputer": q.time_s,
             "isi": dict(write_values(conn, services.catalogue.kinds.get(q.kind), q.desa, q.values))}
            for q in held
        ]
    pages = max(1, -(-count // QUARANTINE_PAGE))
    return {"jumlah": count, "halaman": page, "dari_halaman": pages, "karantina": listed}


def run_ambil(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Adopt one change from quarantine."""
    ref = str(args["perubahan"])
    revoke.adopt(services, ref, str(args.get("alasan") or ""), _author(services, args))
    _note(services, args, "karantina_diambil", ref.split(":")[0])
    return {"diambil": ref}


def run_ganti_kunci(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Take new keys for the hub; nodes follow by themselves. ``pemulihan`` is the recovery key, where it is needed."""
    if args.get("pemulihan"):
        take_keys_by_recovery(services, str(args["pemulihan"]))
        _note(services, args, "kunci_hub_dipulihkan")
    else:
        take_new_keys(services)
        _note(services, args, "kunci_hub_diganti")
    return {"kunci": services.keys.signing.public.hex()}


def run_pemulihan(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Tell how far a recovery is; ``selesai`` ends it."""
    with services.database.write() as conn:
        state = read_recovery(conn)
        if args.get("selesai"):
            end_recovery(conn)
            update_cases(services)
            _note(services, args, "pemulihan_ditutup")
        branches, events = list_branches(conn), list_events(conn)
        is_succeeded = bool(find_later_keys(conn, services))
    return {
        "kunci_lama": SENTENCE if is_succeeded else "",
        "sejak": None if state is None else state.since_s, "sudah": 0 if state is None else state.heard,
        "belum": 0 if state is None else state.silent,
        "riwayat_kedua": [{"catatan": b.log, "dari": b.start, "sampai": b.size} for b in branches],
        "kejadian": [{"waktu": e.time_s, "kalimat": e.sentence(), "rincian": e.detail} for e in events],
    }


COMMANDS = {
    "cabut": run_cabut,
    "batas": run_batas,
    "pulihkan-simpul": run_pulihkan_simpul,
    "karantina": run_karantina,
    "ambil": run_ambil,
    "ganti-kunci": run_ganti_kunci,
    "pemulihan": run_pemulihan,
}
