"""The checks 32–34 of the security list: one aid for one person, what strangers may type, what all may read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from functools import partial

from shared.web import periksa_surat
from shared.web.guards import Access
from tests.support.security import Client, Side

ROUNDS = 200
SPAM = "SLOT GACOR MAXWIN https://judi.example/daftar.php"


def at_once(acts: Sequence[Callable[[], int]]) -> list[int]:
    """Do things in the same moment; give the status of each answer."""
    gate, found = threading.Barrier(len(acts)), [0] * len(acts)

    def run(at: int) -> None:
        gate.wait(10)
        found[at] = acts[at]()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_asvs_32_two_operators_give_the_same_aid_at_once_and_it_is_given_once(office: Side) -> None:
    """A desa decides who receives; what two desa gave one person is a case of the hub, decided by two officers."""
    desa = office.desa
    assert desa is not None
    path = f"/bantuan/{desa.program}/penerima"
    clients = [office.client(name) for name in ("admin", "operator")]
    for client in clients:
        client.get(f"/bantuan/{desa.program}")
    won = 0
    for number in range(ROUNDS):
        typed = {"penduduk": desa.ayah, "periode": f"P{number}", "status": "aktif"}

        def add(client: Client, typed: dict[str, str] = typed) -> int:
            with client.http.post(path, data={"csrf_token": client.token, **typed}) as answer:
                return answer.status_code

        won += sorted(at_once([partial(add, client) for client in clients])) == [303, 400]
    with office.database.read() as conn:
        sql = "SELECT count(*) FROM penerima_bantuan WHERE periode LIKE 'P%' GROUP BY periode"
        found = conn.execute(sql).fetchall()
    counts = [row[0] for row in found]
    assert won == ROUNDS and counts == [1] * ROUNDS


OPEN_FORMS = {
    "masuk.log_in", "masuk.log_in_code", "masuk.log_out", "masuk.redeem", "masuk.start", "periksa_surat.check",
}
"""All that somebody without an account may send. No complaint, comment or guest book is among it."""


def dump(side: Side) -> str:
    with side.database.read() as conn:
        return "".join(conn.iterdump())


def test_asvs_33_a_stranger_may_ask_but_leaves_nothing_and_not_without_end(side: Side) -> None:
    open_to_all = [(name, path) for name, path, guard in side.rules("POST") if guard.access is Access.UMUM]
    assert {name for name, _ in open_to_all} == OPEN_FORMS
    names = ("nama", "nama_pengguna", "kata_sandi", "kata_sandi_ulang", "kode", "teks", "jabatan", "isi", "komentar")
    for endpoint, path in open_to_all:
        client = side.client()
        client.get("/masuk")
        answer = client.post(path, dict.fromkeys(names, SPAM))
        assert answer.status_code in (303, 400, 401, 404, 429), (endpoint, answer.status_code)
    assert "GACOR" not in dump(side) and "judi.example" not in dump(side)
    # A program that asks on and on is told to wait.
    client = side.client()
    client.get("/periksa-surat")
    asked = [client.post("/periksa-surat", teks=f"{SPAM} {n}").status_code for n in range(periksa_surat.MISSES_MAX + 5)]
    assert set(asked[:periksa_surat.MISSES_MAX - 1]) == {400} and set(asked[-5:]) == {429}
    side.clock.now += periksa_surat.WINDOW_S + 86_401


def test_asvs_34_pages_for_all_hold_names_of_programmes_at_most_and_lead_nowhere_else(side: Side) -> None:
    """What scores published text and crawls it by night waits for the site of the desa."""
    if side.desa is not None:
        side.desa.change("penduduk", side.desa.ayah, nama=SPAM, alamat=SPAM)
        side.desa.change("program_bantuan", side.desa.program, nama=SPAM, keterangan=SPAM)
        side.desa.write("dusun", nama=SPAM)
    else:
        admin = side.client("admin")
        admin.get("/program/baru")
        typed = {"nama": SPAM, "sasaran": "1", "mulai": "01-01-2026"}
        assert admin.post("/program/baru", typed).status_code == 303
    client, seen = side.client(), 0
    for endpoint, path, guard in side.rules("GET"):
        if guard.access is Access.UMUM:
            with client.get(path) as answer:
                seen += 1
                # The numbers of the kecamatan name its programmes: as text, and cut off from every link.
                assert (b"GACOR" in answer.data) is (endpoint == "sipande.public"), path
                if answer.mimetype == "text/html":
                    away = re.findall(r'(?:href|src|action)="(?![/#])([^"]+)"', answer.text)
                    assert not [link for link in away if not link.startswith(("data:", "tel:"))], (endpoint, away)
    assert seen >= 10
    for path in ("/index.php", "/wp-content/uploads/slot.php", "/slot-gacor", "/publik/slot.php", "/aset/a.php",
                 "/daftar/..%2fa.php", "/xmlrpc.php", "/.well-known/a.php"):
        with client.get(path) as answer:
            assert answer.status_code == 404, path
