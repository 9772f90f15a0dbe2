"""Taking a whole import back: everything or nothing, and only while nobody has built on it."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.change import write_drafts
from node.commands import make_node
from node.impor.service import import_file
from node.impor.undo import find_obstacle, undo_batch
from node.impor.undo_queries import find_batch
from node.services import NodeServices
from shared.errors import UserError
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from tests.node_app.test_pages_desa import finish_jobs
from tests.node_app.test_pages_kit import Browser, Desa, read_text
from tests.support.federation import DESA, TestClock

AUTHOR = "01990000-0000-7000-8000-00000000000a"
HEADER = "alamat,dusun,rw,rt,nama,no_kk,nik,sex,tempatlahir,tanggallahir,agama_id,kk_level,status_kawin"
PAIJAN = "JL. A,KALIWUNI,001,001,PAIJAN,3303990303000001,3303990303700001,1,PURBALINGGA,1970-03-03,1,1,2"
PONIRAH = "JL. A,KALIWUNI,001,001,PONIRAH,3303990303000001,3303994403720001,2,PURBALINGGA,1972-03-04,1,3,2"
TABLES = ("penduduk", "keluarga", "dusun")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeServices]:
    services = make_node(tmp_path / "simpul", DESA, "PC uji", TestClock(), random.Random(7).randbytes)
    yield services
    services.close()


def send(node: NodeServices, *rows: str) -> int:
    """Import rows; return the number of the batch."""
    content = "\n".join([HEADER, *rows]).encode()
    return int(import_file(node, content, "warga.csv", AUTHOR)["batch"])


def read(node: NodeServices, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    with node.database.read() as conn:
        return [tuple(row) for row in conn.execute(sql, args)]


def everything(node: NodeServices) -> list[list[tuple[Any, ...]]]:
    """Read all that an import may change: the record tables and the memory of the source."""
    return [
        *(read(node, f"SELECT * FROM {table} ORDER BY id") for table in TABLES),
        read(node, "SELECT * FROM import_base ORDER BY kind, key"),
    ]


def obstacle(node: NodeServices, batch: int) -> str | None:
    with node.database.read() as conn:
        found = find_batch(conn, batch)
        assert found is not None
        return find_obstacle(node, conn, found)


def person_id(node: NodeServices, nama: str) -> str:
    ((id,),) = read(node, "SELECT id FROM penduduk WHERE nama = ?", nama)
    return str(id)


def edit(node: NodeServices, nama: str, **changed: Any) -> None:
    kind, id = node.catalogue["penduduk"], person_id(node, nama)
    with node.database.write() as conn:
        draft = draft_update(kind, load_state(conn, node.catalogue, kind, DESA, id), id, changed)
        assert draft is not None
        write_drafts(node, [draft], author=AUTHOR)


def test_what_a_first_import_made_is_gone_and_the_log_has_grown(node: NodeServices) -> None:
    before, size = everything(node), read(node, "SELECT count(*) FROM change")[0][0]
    batch = send(node, PAIJAN, PONIRAH)
    wrote = read(node, "SELECT count(*) FROM change")[0][0] - size
    steps: list[tuple[int, int]] = []
    assert undo_batch(node, batch, "salah berkas", AUTHOR, lambda done, total: steps.append((done, total))) == wrote
    assert everything(node) == before and steps[-1] == (wrote, wrote)
    assert read(node, "SELECT count(*) FROM change")[0][0] == size + 2 * wrote
    assert read(node, "SELECT alasan, changes FROM import_undo") == [("salah berkas", wrote)]


def test_changed_values_come_back_and_so_does_what_the_source_had_said(node: NodeServices) -> None:
    send(node, PAIJAN, PONIRAH)
    edit(node, "PONIRAH", telepon="0812")
    before = everything(node)
    second = send(node, PAIJAN.replace("JL. A", "JL. B"), PONIRAH.replace(",1,3,2", ",2,3,"))
    assert everything(node) != before
    undo_batch(node, second, "salah berkas", AUTHOR)
    assert everything(node) == before


def test_after_undoing_the_right_file_can_be_imported(node: NodeServices) -> None:
    undo_batch(node, send(node, PAIJAN), "salah berkas", AUTHOR)
    send(node, PAIJAN.replace("PAIJAN", "PAIJO"))
    assert read(node, "SELECT nama FROM penduduk") == [("PAIJO",)]
    assert read(node, "SELECT count(*) FROM keluarga") == [(1,)]


def test_a_plan_from_before_the_undoing_is_made_anew(node: NodeServices) -> None:
    first = send(node, PAIJAN)
    stamp = read(node, "SELECT max(id) FROM import_batch")
    undo_batch(node, first, "salah berkas", AUTHOR)
    assert stamp == [(first,)]
    send(node, PAIJAN)
    assert read(node, "SELECT count(*) FROM penduduk") == [(1,)]


def test_a_record_that_was_edited_since_stands_in_the_way(node: NodeServices) -> None:
    batch = send(node, PAIJAN, PONIRAH)
    edit(node, "PONIRAH", telepon="0812")
    before = everything(node)
    with pytest.raises(UserError, match="1 data dari impor ini sudah diubah sesudahnya") as caught:
        undo_batch(node, batch, "salah berkas", AUTHOR)
    assert "memakai" not in caught.value.pesan and everything(node) == before


def test_who_points_to_what_the_import_made_stands_in_the_way(node: NodeServices) -> None:
    batch = send(node, PAIJAN)
    ((family,),) = read(node, "SELECT id FROM keluarga")
    child = {"nama": "ANAK", "keluarga": family, "jenis_kelamin": 1, "tanggal_lahir": "2020-01-01"}
    write_drafts(node, [draft_create(node.catalogue["penduduk"], node.new_id(), child)], author=AUTHOR)
    assert "1 data lain sudah memakai" in (obstacle(node, batch) or "")


def test_imports_are_undone_from_the_newest_back(node: NodeServices) -> None:
    first = send(node, PAIJAN)
    second = send(node, PAIJAN, PONIRAH)
    assert "impor lain" in (obstacle(node, first) or "")
    undo_batch(node, second, "salah berkas", AUTHOR)
    # The family of the first is untouched by the second, and what the second did to people is undone.
    assert obstacle(node, first) is None
    undo_batch(node, first, "salah berkas", AUTHOR)
    assert read(node, "SELECT count(*) FROM penduduk") == [(0,)]


def test_an_import_without_changes_is_no_obstacle_for_the_one_before(node: NodeServices) -> None:
    first = send(node, PAIJAN)
    send(node, PAIJAN)
    assert obstacle(node, first) is None


def test_an_import_is_undone_once_and_never_without_a_reason(node: NodeServices) -> None:
    batch = send(node, PAIJAN)
    with pytest.raises(UserError, match="alasannya"):
        undo_batch(node, batch, "  ", AUTHOR)
    undo_batch(node, batch, "salah berkas", AUTHOR)
    with pytest.raises(UserError, match="sudah dibatalkan"):
        undo_batch(node, batch, "salah berkas", AUTHOR)
    with pytest.raises(UserError, match="tidak ada"):
        undo_batch(node, 99, "salah berkas", AUTHOR)


def test_a_rebuild_gives_the_same_after_an_undoing(node: NodeServices) -> None:
    send(node, PAIJAN)
    undo_batch(node, send(node, PAIJAN, PONIRAH), "salah berkas", AUTHOR)
    before = everything(node)
    node.rebuild()
    assert everything(node) == before


# The pages.


def upload(desa: Desa, browser: Browser) -> int:
    browser.get("/impor/")
    content = f"{HEADER}\n{PAIJAN}".encode()
    target = browser.post("/impor/periksa", {"berkas": (io.BytesIO(content), "warga.csv")}).headers["Location"]
    finish_jobs(desa)
    browser.get(target)
    result = browser.post(f"{target}/terapkan")
    finish_jobs(desa)
    assert "Batalkan impor ini" in read_text(browser.follow(result))
    return desa.count("SELECT max(id) FROM import_batch")


def test_a_clerk_finds_the_import_and_takes_it_back(desa: Desa) -> None:
    siti = desa.browser("siti")
    batch = upload(desa, siti)
    listed = read_text(siti.get("/impor/riwayat"))
    assert "warga.csv" in listed and "Siti Petugas" in listed and "Berlaku" in listed
    page = f"/impor/riwayat/{batch}"
    siti.get(page)
    refused = siti.post(f"{page}/batalkan", alasan="")
    assert refused.status_code == 400 and "alasannya" in read_text(refused)
    begun = siti.post(f"{page}/batalkan", alasan="salah berkas")
    finish_jobs(desa)
    done = siti.follow(siti.get(begun.headers["Location"]))
    assert "Sudah dibatalkan" in read_text(done) and "salah berkas" in read_text(done)
    assert desa.count("SELECT count(*) FROM penduduk WHERE nama = 'PAIJAN'") == 0
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'impor_dibatalkan'") == 1
    assert "Dibatalkan" in read_text(siti.get("/impor/riwayat"))


def test_the_page_says_what_stands_in_the_way(desa: Desa) -> None:
    siti = desa.browser("siti")
    batch = upload(desa, siti)
    with desa.node.database.read() as conn:
        id = conn.execute("SELECT id FROM penduduk WHERE nama = 'PAIJAN'").fetchone()[0]
    desa.change("penduduk", id, telepon="0812")
    text = read_text(siti.get(f"/impor/riwayat/{batch}"))
    assert "1 data dari impor ini sudah diubah" in text and "Batalkan seluruh" not in text


def test_an_unknown_import_is_not_found(desa: Desa) -> None:
    assert desa.browser("siti").get("/impor/riwayat/77").status_code == 404
