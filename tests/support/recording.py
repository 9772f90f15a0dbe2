"""What a program of today leaves behind, recorded once, to be opened by every program to come (tests/recorded/).

A set is written by ``python scripts/make_recorded.py`` and never changed: the program that would write the same
bytes will not exist any more. Keys, codes and people in it are made up and worth nothing.
"""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image

from hub.akses.keep import keep_look
from hub.akses.tell import tell_looks
from hub.ekspor.manifest import export_vkey
from hub.ekspor.tokens import make_reader
from hub.kabupaten.lake import Lake
from hub.kabupaten.pull import pull_hub
from hub.kabupaten.witness import open_witness, witness_hub
from hub.pemulihan.keys import take_new_keys
from hub.pemulihan.revoke import adopt, list_quarantined, revoke
from hub.penghapusan.erase import erase
from hub.penghapusan.rules import Target
from hub.services import HubServices
from hub.simpul.enrol import open_slot
from hub.usb.folder import take_path
from hub.verval import decide
from hub.verval.cases import list_findings
from node.change import write_drafts
from node.commands import make_node, refresh_parity
from node.services import NodeServices
from node.usb.enrol import write_request
from node.usb.send import write_bundle
from shared.records.kantor import name_office
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import back_up
from shared.store.backup.state import adopt_code
from shared.store.blobs import store_of
from shared.store.changes import list_logs
from shared.store.drafts import draft_create
from shared.store.outbox import Outbox
from shared.store.parity import compute_parity
from shared.store.runs import encode_root
from shared.surat.jenis import name_template
from shared.web.sessions import User
from tests.support.editions import KELAK
from tests.support.export_hub import make_app
from tests.support.federation import ADDRESS, DESA, Federation, TestClock, seeded
from tests.support.lampid import close, happen
from tests.support.office import (
    NIK_A,
    NIK_B,
    NIK_C,
    Talk,
    create,
    delete,
    find,
    heads,
    officers,
    open_log,
    own_log,
    update,
    value,
    version_of,
)

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
OTHER_DESA = "33.03.04.2001"
SUMS = "SHA256SUMS"
Side = NodeServices | HubServices


def record(folder: Path, work: Path) -> None:
    """Write one set into an empty folder; ``work`` is for what is only needed meanwhile."""
    federation = Federation(work / "dunia", seed=2026)
    a, b = _lose_history(federation)
    far, stolen = federation.add_node("far", OTHER_DESA), federation.add_node("dicuri")
    _live_a_year(federation, a, b, far, stolen)
    _work_in_the_office(a)
    _settle_at_the_kecamatan(federation, a)
    lake = _pull(federation, work)
    take_new_keys(federation.hub)
    federation.sync_all(3)
    kode = make_code(seeded("kode cadangan"))
    with a.database.write() as conn:
        adopt_code(conn, read_code(kode).public, 1)
    backup = back_up(a, work / "a.cadangan", 0)
    figures = {"hub": figures_of(federation.hub, DESA), "b": figures_of(b, DESA)}
    _keep(folder, "a.cadangan", backup.path)
    _pack(folder / "danau.tar.xz", lake)
    _pack_side(folder / "simpul-b.tar.xz", b)
    stick = work / "stik"
    stick.mkdir()
    waiting = make_node(work / "dunia" / "baru", DESA, "baru", federation.clock, seeded("2026/baru"))
    code = open_slot(federation.hub, DESA, ADDRESS, "uji", by_file=True)
    request = write_request(waiting, code, stick)
    _pack_side(folder / "hub.tar.xz", federation.hub)
    _keep(folder, "daftar.sipande", request)
    create(a, nama="SETELAH REKAMAN", nik="3303990101900008")
    create(a, "keluarga", no_kk="3303990101260009", alamat="KENANGA 6")
    log, held = open_log(a), _size_at(federation.hub, open_log(a).id)
    figures["a"] = figures_of(a, DESA)
    (folder / "kiriman.run").write_bytes(Talk(federation, a).run(held))
    _keep(folder, "kirim.sipande", write_bundle(a, stick).path)
    _pack_side(folder / "simpul-a.tar.xz", a)
    outcomes = take_path(federation.hub, stick, Outbox(federation.hub.folder))
    answers = {str(outcome.answer.name).split("-")[1]: outcome.answer for outcome in outcomes if outcome.answer}
    for name, answer in answers.items():
        _keep(folder, f"{name}.sipande", answer)
    told = {
        "figures": figures, "kode_cadangan": kode, "log": log.id, "new": log.size - held,
        "clock_s": federation.clock.now_s(),
        "words": next(" ".join(outcome.taken.words.split()) for outcome in outcomes
                      if outcome.taken is not None and outcome.taken.words),
    }
    (folder / "isi.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / SUMS).write_text(sums_of(folder), encoding="utf-8")
    waiting.close()
    federation.close()


def _lose_history(federation: Federation) -> tuple[NodeServices, NodeServices]:
    from tests.federation.test_histories import lose_history

    return lose_history(federation, lambda a: create(a, nama="DITULIS SEBELUM PULIH"))


def _live_a_year(
    federation: Federation, a: NodeServices, b: NodeServices, far: NodeServices, stolen: NodeServices
) -> None:
    """Let happen what happens in a year: families, conflicts, decisions, deletions, theft, a later program."""
    hub = federation.hub
    family = create(a, "keluarga", no_kk="3303990101260001", alamat="MELATI 4", rt="001")
    people = [
        create(a, nama=f"WARGA {at}", nik=f"33039901019010{at:02}", keluarga=family, hubungan=1 if at == 0 else 4,
               jenis_kelamin=1 + at % 2, tanggal_lahir=f"1990-01-{1 + at:02}", telepon=str(at))
        for at in range(20)
    ]
    create(a, nama="SITI AMINAH", nik=NIK_A)
    create(far, nama="SITI AMINAH", nik=NIK_A)
    create(stolen, nama="DARI PC YANG DICURI", nik=NIK_B)
    create(a, "dusun", nama="KRAJAN")
    program = create(a, "program_bantuan", nama="BLT", sasaran=1)
    create(a, "penerima_bantuan", program=program, penduduk=people[1], periode="2026", status="aktif")
    federation.sync_all(3)
    update(a, people[0], telepon="0811")
    update(b, people[0], telepon="0822")
    update(a, people[1], nik=NIK_C)
    update(b, people[1], nik="3303990101900007")
    delete(b, people[2])
    later = KELAK.catalogue
    write_drafts(b, [draft_create(later["sumur"], b.new_id(), {"nama": "TIMUR"})], author="")
    write_drafts(b, [draft_create(later["penduduk"], b.new_id(), {"nama": "NANTI", "hobi": ["CATUR"]})], author="")
    federation.sync_all(3)
    sri, _ = officers(federation)
    with hub.database.read() as conn:
        found = list_findings(conn, kode="V1")
    finding = next(one for one in found if any(record == people[0] for _, _, record in one.rekaman))
    decide.hold_versions(hub, finding.id, version_of(hub, finding, b), heads(hub, finding), sri, "sesuai KTP-el")
    simpul = str(value(hub, "SELECT id FROM simpul WHERE kunci = ?", stolen.keys.signing.public.hex()))
    revoke(hub, simpul, "dicuri", {own_log(stolen).id: 1}, "x")
    federation.nodes.pop("dicuri").close()
    federation.sync_all(3)


def _work_in_the_office(a: NodeServices) -> None:
    """Leave one record of each kind of the daily work, and a photo."""
    person, event = happen(a, "datang", "2026-09-03", jenis_kelamin=1, warganegara=1, hubungan=1)
    happen(a, "mati", "2026-09-10", person, sebab="USIA LANJUT")
    close(a, "2026-09")
    kades = create(a, "perangkat", nama="SUGENG RIYADI", jabatan="kades", mulai="2022-01-01")
    update(a, name_office(DESA), of="desa", telepon="0281-111", kepala_desa="SUGENG RIYADI")
    slug = "keterangan-usaha"
    kind = a.catalogue["templat_surat"]
    write_drafts(a, [draft_create(kind, name_template(DESA, slug), {"slug": slug, "isi": "[identitas]"})], author="")
    konsep = create(a, "konsep_surat", jenis=slug, nama="TAMU", keperluan="modal", status="disetujui")
    create(
        a, "surat", nomor="400/001/33.03.04.2006/IX/2026", urut=1, tahun=2026, jenis=slug, tanggal="2026-09-21",
        judul="SURAT KETERANGAN USAHA", nama="TAMU", konsep=konsep, penandatangan=kades,
    )
    create(a, "surat_masuk", tanggal_terima="2026-09-20", pengirim="Camat Kaligondang", isi_singkat="Undangan")
    update(a, person, foto=store_of(a).add(DESA, _draw()))


def _draw() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (24, 32), (90, 120, 150)).save(drawn, "JPEG")
    return drawn.getvalue()


def _settle_at_the_kecamatan(federation: Federation, a: NodeServices) -> None:
    """Let the hub link, adopt, erase, and tell what it looked at."""
    hub = federation.hub
    gone = create(a, nama="YANG DIHAPUS", nik="3303990101900010")
    federation.sync_all(3)
    sri, joko = officers(federation)
    twin = find(hub, "V2")
    for officer in (sri, joko):
        decide.link_records(hub, twin.id, DESA, heads(hub, twin), officer, "orang yang sama")
    with hub.database.read() as conn:
        (held, *_) = list_quarantined(conn)
    adopt(hub, held.ref, "sudah dicocokkan", sri.petugas)
    erase(hub, [Target(DESA, "penduduk", gone)], "permintaan warga", (sri.petugas, joko.petugas))
    with hub.database.write() as conn:
        looker = User(1, "sri", "wali_data", sri.petugas, 1, 0)
        keep_look(conn, hub, looker, "data_dilihat", [(DESA, "penduduk", gone)], tentang="penduduk")
    federation.clock.now += 86_400
    assert tell_looks(hub, DESA)
    federation.sync_all(3)


def _pull(federation: Federation, work: Path) -> Path:
    """Let the kabupaten pull the hub's data once; return its folder."""
    from tests.federation.test_saksi import Wire
    from tests.hub_app.test_kabupaten import WsgiTransport

    lake = Lake(work / "danau")
    lake.lock()
    entry = lake.add_hub("https://hub.uji", export_vkey(federation.hub), make_reader(federation.hub, "bappeda"))
    witness_hub(lake, entry, open_witness(lake, seeded("saksi")), Wire(federation), federation.clock)
    pull_hub(lake, entry, WsgiTransport(make_app(federation.hub)), federation.clock)
    lake.unlock()
    return work / "danau"


def _size_at(hub: HubServices, log: str) -> int:
    return int(value(hub, "SELECT size FROM log WHERE id = ?", log))


def figures_of(side: Side, desa: str) -> dict[str, Any]:
    """Count and digest what a side holds and shows of a desa."""
    with side.database.read() as conn:
        parity = compute_parity(conn, side.catalogue, desa)
        logs = {log.id: [log.size, encode_root(log.root())] for log in list_logs(conn, desa)}
        held = dict(conn.execute("SELECT alasan, count(*) FROM held WHERE desa = ? GROUP BY alasan", (desa,)))
        conflicts = conn.execute("SELECT count(*) FROM conflict WHERE desa = ?", (desa,)).fetchone()[0]
    return {"parity": {k: list(v) for k, v in parity.kinds.items()}, "logs": logs, "held": held, "conflicts": conflicts}


def _pack_side(target: Path, side: Side) -> None:
    """Keep a data folder: database, keys and attachments, as they lie on the disk."""
    refresh = side if isinstance(side, NodeServices) else None
    if refresh is not None:
        refresh_parity(refresh)
    with sqlite3.connect(side.folder.database) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _pack(target, side.folder.path)


def _pack(target: Path, source: Path) -> None:
    skip = ("lock", "server.json", "templat")

    def clean(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
        return None if Path(info.name).name in skip else info

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", preset=9) as tar:
        tar.add(source, arcname=source.name if source.is_file() else ".", filter=clean)
    target.write_bytes(packed.getvalue())


def unpack(source: Path, target: Path) -> Path:
    """Lay a packed folder out again."""
    with tarfile.open(source) as tar:
        tar.extractall(target, filter="data")
    return target


def _keep(folder: Path, name: str, source: Path) -> None:
    (folder / name).write_bytes(source.read_bytes())


def sums_of(folder: Path) -> str:
    """List the SHA-256 of every file of a set."""
    names = sorted(path.name for path in folder.iterdir() if path.name != SUMS)
    return "".join(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


__all__ = ["RECORDED", "SUMS", "TestClock", "figures_of", "record", "sums_of", "unpack"]
