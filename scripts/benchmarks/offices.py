"""Fills a node and a hub for the measuring of pages: a whole kecamatan with aid, and people registered twice."""

from __future__ import annotations

import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.villages import CHUNK, draft_village
from node.change import write_drafts
from node.commands import make_node, system_author
from running.processes import KECAMATAN, Server, enrol_node, serving
from shared.clock import SystemClock, system_random
from shared.codes import wilayah as codes
from shared.records.kind import Kind
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_state

PENDUDUK = 5000
TWINS = 20
"""How many people each desa shares with the next: each is a finding for verval."""
ODD = 150
"""How many people in each desa have a NIK that says another sex: as many warnings, thousands at the hub."""
RECIPIENTS = 400
_NIK = "330399"
PASSWORD = "tujuh-kerbau-di-sawah-hijau"


def list_places() -> list[str]:
    """List the desa of the kecamatan that is measured."""
    return [place.kode for place in codes.children(KECAMATAN)]


def make_office(folder: Path, desa: str, program: str = "") -> None:
    """Make a node with a village of 5,000: families, people registered elsewhere too, odd NIK, recipients of aid."""
    services = make_node(folder, desa, "PC bench", SystemClock(), system_random)
    try:
        drafts = draft_village(services, desa, PENDUDUK - 2 * TWINS - ODD, 7)
        at = list_places().index(desa)
        kind = services.catalogue["penduduk"]
        people = [draft for draft in drafts if draft.kind.name == "penduduk"]
        for number in (*range(at * TWINS, (at + 1) * TWINS), *range((at + 1) * TWINS, (at + 2) * TWINS)):
            drafts.append(draft_create(kind, services.new_id(), _twin(number % (TWINS * len(list_places())))))
        drafts += [draft_create(kind, services.new_id(), _odd(at * ODD + number)) for number in range(ODD)]
        if program:
            drafts += [_recipient(services.catalogue["penerima_bantuan"], services.new_id(), program, person.record)
                       for person in people[:: len(people) // RECIPIENTS]]
        author = system_author(services)
        for start in range(0, len(drafts), CHUNK):
            write_drafts(services, drafts[start : start + CHUNK], author=author)
        with services.database.read() as conn:
            # Something with a history, as every resident of an office that works has one.
            edits = [
                draft_update(kind, load_state(conn, services.catalogue, kind, desa, person.record), person.record, {
                    "telepon": f"0800-22-{no:06d}", "pekerjaan": 9 + no % 60,
                })
                for no, person in enumerate(people[:300])
            ]
        write_drafts(services, [draft for draft in edits if draft is not None], author=author)
    finally:
        services.close()


def _twin(number: int) -> dict[str, object]:
    return {**_person(number, 88), "nama": f"SUGENG WARGA {chr(65 + number % 26)}", "jenis_kelamin": 1}


def _odd(number: int) -> dict[str, object]:
    return {**_person(number, 77), "nama": f"SUGENG RATNA {chr(65 + number % 26)}", "jenis_kelamin": 2}


def _person(number: int, year: int) -> dict[str, object]:
    """Give what a person has whose NIK is that of a man born in a year."""
    day, month = number % 28 + 1, number % 12 + 1
    return {
        "nik": f"{_NIK}{day:02d}{month:02d}{year}{number + 1:04d}", "tempat_lahir": "PURBALINGGA",
        "tanggal_lahir": f"19{year}-{month:02d}-{day:02d}", "agama": 1, "status_dasar": 1, "status_kawin": 2,
        "warganegara": 1, "pekerjaan": 9,
    }


def _recipient(kind: Kind, id: str, program: str, person: str) -> Draft:
    return draft_create(kind, id, {"program": program, "penduduk": person, "periode": "2026", "status": "aktif"})


def fill_hub(base: Path, hub: Server, program: str, kept: str) -> None:
    """Let a node of every desa sync its village to the hub; the folder of the desa ``kept`` stays."""
    # Not forked: this process has threads, and they hold locks.
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        made = {desa: pool.submit(make_office, base / desa, desa, program) for desa in list_places()}
        for desa, job in made.items():
            job.result()
            with serving("sipande-node", base / desa, "--tanpa-otomatis") as node:
                enrol_node(hub, node, desa)
                answer = node.call("sync")
                if answer["hasil"] != "selesai":
                    raise RuntimeError(f"{desa}: {answer['hasil']}")
                if desa == kept:
                    node.call("sync")  # the findings that came of it go down to the desa
            if desa != kept:
                shutil.rmtree(base / desa)
