"""The story, act by act. Every step is an HTTP request or a command; facts come from the files, read-only."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from demonstration import checker
from demonstration.counter import examine_month, open_counter
from demonstration.reading import read_rows
from demonstration.stage import ARENAN, KALIGONDANG, LAYOUTS, NODES, SELAKAMBANG, SLINGA, Account, Stage, say
from running.processes import KECAMATAN, run_command

Records = set[tuple[str, ...]]
NIK_UJI = "330399"
SECOND_PASSWORD = "-".join(secrets.token_hex(3) for _ in range(4))


def _plain(dusun: str) -> str:
    return " ".join(dusun.upper().replace("_", " ").removeprefix("DUSUN ").split())


class Story:
    """What was planted and what came of it."""

    def __init__(self, stage: Stage, faults: int) -> None:
        self.stage = stage
        self.fault_count = faults
        self.planted: dict[str, Records] = {"V1": set(), "V2": set(), "V3": set(), "V5": set(), "V7": set()}
        self.decided = 0
        self.problems: list[str] = []
        self.started = time.monotonic()

    def expect(self, holds: bool, what: str) -> None:
        """Note what is not as it should be; the story goes on so that one run tells everything."""
        if not holds:
            self.problems.append(what)
            say(f"SALAH: {what}")

    # Act 1: a hub, five nodes, enrolment, first logins.
    def open_offices(self) -> None:
        stage = self.stage
        stage.start_hub()
        stage.first_login(stage.hub, "hub", "Ratna Wulandari", "Wali data kecamatan")
        for name in NODES:
            stage.start_node(name)
            stage.first_login(stage.nodes[name], name, f"Operator {name}", "Operator desa")
            stage.enrol(name)
        run_command(
            "sipande-hub", stage.hub_folder, "akun", "bambang", "--nama", "Bambang Prakoso", "--jabatan", "Sekcam",
            stdin=f"{SECOND_PASSWORD}\n",
        )
        stage.accounts["bambang"] = Account("bambang", SECOND_PASSWORD)

    # Act 2: the villages' spreadsheets.
    def import_sheets(self) -> None:
        for name in LAYOUTS:
            path = self.stage.write_sheet(name, self.fault_count if name == "selakambang-1" else 0)
            checked = self.stage.node(name, "impor", str(path), "--periksa")
            rejects = self.stage.folder / f"{name}-ditolak.xlsx"
            done = self.stage.node(name, "impor", str(path), "--tolak", str(rejects))
            say(f"Impor {name}: {json.dumps(done['jumlah'], ensure_ascii=False)}")
            self.expect(done["jumlah"] == checked["jumlah"], f"impor {name}: periksa dan hasil berbeda")
            if name == "selakambang-1":
                self._check_faults(checked["masalah"], rejects.exists())
            again = self.stage.node(name, "impor", str(path))
            changed = again["jumlah"]["baru"] + again["jumlah"]["berubah"]
            self.expect(changed == 0, f"impor {name} kedua kali: {changed} perubahan")

    def _check_faults(self, problems: list[dict[str, Any]], rejects: bool) -> None:
        """Every planted fault is found at its row, and the operator gets the rejected rows back."""
        rows = {int(problem["baris"]) for problem in problems}
        # A misspelt dusun is told once, on its first row, however many rows have it.
        dusun = {str(problem["nilai"]).upper() for problem in problems if problem["kolom"] == "dusun"}
        for fault in self.stage.faults:
            if fault.kode != "tanpa_nik":
                told = fault.baris in rows or _plain(str(fault.nilai_tertulis)) in {_plain(name) for name in dusun}
                self.expect(told, f"kesalahan lembar kerja tidak ditemukan: {fault.kode} baris {fault.baris}")
        self.expect(rejects or not self.stage.faults, "berkas baris ditolak tidak dibuat")

    # Act 3: first sync, an aid programme for everybody.
    def first_sync(self) -> None:
        self.program = run_command(
            "sipande-hub", self.stage.hub_folder, "program", "--nama", "Bantuan Sembako Kecamatan", "--sasaran", "1",
            "--mulai", "2026-01-01", "--selesai", "2026-12-31",
        )["program"]
        self.stage.sync()
        self.stage.sync()

    # Act 4: a week without internet.
    def offline_week(self) -> None:
        port = self.stage.stop_hub()
        say("Hub berhenti: seminggu tanpa internet.")
        self._edit_on_two_computers()
        self._enter_people_twice()
        self._give_aid()
        # The hub comes back under the address that the villages know.
        self.stage.start_hub(port)

    def _write(self, node: str, kind: str, record: str = "", **values: Any) -> str:
        answer = self.stage.nodes[node].call("tulis", jenis=kind, id=record, nilai=values)
        return str(answer["id"])

    def _edit_on_two_computers(self) -> None:
        people = self.stage.people("selakambang-1", "hubungan = 4 AND pekerjaan IS NOT NULL", 10)
        ordinary, identity, calm = people[0], people[1], people[2]
        self._write("selakambang-1", "penduduk", ordinary["id"], pekerjaan=26)
        self._write("selakambang-2", "penduduk", ordinary["id"], pekerjaan=88)
        self._write("selakambang-1", "penduduk", identity["id"], nama=f"{identity['nama']} UTAMI")
        self._write("selakambang-2", "penduduk", identity["id"], nama=f"{identity['nama']} UTOMO")
        self._write("selakambang-1", "penduduk", calm["id"], telepon="0800-00-777001")
        self._write("selakambang-2", "penduduk", calm["id"], golongan_darah=1)
        self.ordinary, self.identity, self.calm = ordinary["id"], identity["id"], calm["id"]
        self.planted["V1"] = {(SELAKAMBANG, ordinary["id"]), (SELAKAMBANG, identity["id"])}

    def _enter_people_twice(self) -> None:
        moved = self.stage.people("kaligondang", "hubungan = 4 AND nik IS NOT NULL", 5)[0]
        copy = self._enter_copy("slinga", moved, moved["nama"])
        self.planted["V2"] = {(KALIGONDANG, moved["id"], SLINGA, copy)}
        self.moved, self.moved_copy = moved["id"], copy
        one, other = self.stage.people("arenan", "hubungan = 4 AND nik IS NOT NULL", 5)[:2]
        twin = self._enter_copy("arenan", one, "SUKARTI")
        self.planted["V3"] = {(ARENAN, one["id"], ARENAN, twin)}
        self.twin, self.one = twin, one
        self._write("arenan", "penduduk", other["id"], jenis_kelamin=3 - other["jenis_kelamin"],
                    nama=other["nama"], tempat_lahir=other["tempat_lahir"], tanggal_lahir=other["tanggal_lahir"])
        self.planted["V5"] = {(ARENAN, other["id"])}
        self.odd = other

    def _enter_copy(self, node: str, person: dict[str, Any], nama: str) -> str:
        return self._write(
            node, "penduduk", nik=person["nik"], nama=nama, tempat_lahir=person["tempat_lahir"],
            tanggal_lahir=person["tanggal_lahir"], jenis_kelamin=person["jenis_kelamin"], status_dasar=1,
        )

    def _give_aid(self) -> None:
        aided = self.stage.people("kaligondang", f"hubungan = 4 AND id <> '{self.moved}' AND nik IS NOT NULL", 9)[5]
        dead = self.stage.people("kaligondang", f"hubungan = 4 AND id <> '{self.moved}'", 9)[7]
        first = self._give("kaligondang", aided["id"])
        second = self._give("kaligondang", aided["id"])
        to_dead = self._give("kaligondang", dead["id"])
        self._write(
            "kaligondang", "penduduk", dead["id"], status_dasar=2, tanggal_status="2026-10-01", sebab_status="Sakit"
        )
        self.planted["V7"] = {(KALIGONDANG, first, KALIGONDANG, second), (KALIGONDANG, to_dead)}
        self.to_dead = to_dead

    def _give(self, node: str, penduduk: str) -> str:
        return self._write(
            node, "penerima_bantuan", program=self.program, penduduk=penduduk, periode="2026", status="aktif"
        )

    # Act 5: everything meets; exactly the planted findings appear.
    def meet(self) -> None:
        self.stage.sync()
        self.stage.sync()
        self.found = self._findings()
        for code, planted in self.planted.items():
            found = {self._subjects(finding) for finding in self.found if finding["kode"] == code}
            wanted = {self._sorted(records) for records in planted}
            self.expect(found == wanted, f"{code}: ditemukan {len(found)}, ditanam {len(wanted)}")
        merged = self.stage.people("selakambang-1", f"id = '{self.calm}'")[0]
        self.expect(
            merged["telepon"] == "0800-00-777001" and merged["golongan_darah"] == 1 and not merged["konflik"],
            "perubahan bagian berbeda tidak digabung",
        )

    def _findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.stage.hub_command("temuan")["temuan"]
        return found

    def _subjects(self, finding: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Which records a finding is about; an aid finding also names the person, who is not the planted one."""
        kinds = {"V7": "penerima_bantuan"}
        kind = kinds.get(finding["kode"], "penduduk")
        return tuple(sorted((desa, id) for desa, k, id in finding["rekaman"] if k == kind))

    def _sorted(self, records: Iterable[str]) -> tuple[tuple[str, str], ...]:
        flat = list(records)
        return tuple(sorted(zip(flat[::2], flat[1::2], strict=True)))

    def _finding(self, code: str, record: str) -> dict[str, Any]:
        return next(f for f in self.found if f["kode"] == code and any(r[2] == record for r in f["rekaman"]))

    # Act 6: officers decide, the decision comes home, a returned case is answered.
    def decide(self) -> None:
        hub = self.stage.hub_command
        ordinary = self._finding("V1", self.ordinary)
        stale = hub("putus", ordinary["id"], "--petugas", "admin", "--jenis", "pilih", "--pilih", "A",
                    "--kepala", "0" * 32 + ":0:" + "0" * 16, fails=True)
        self.expect(stale["exit"] == 2, "putusan atas versi lama tidak ditolak")
        self._act("V1", self.ordinary, "--jenis", "pilih", "--pilih", "B")
        self._decide_identity_on_pages()
        link = ("--jenis", "tautkan", "--dihitung", KALIGONDANG, "--alasan", "Orang yang sama")
        self._act("V2", self.moved, *link, two=True)
        due = (date.today() + timedelta(days=7)).isoformat()
        returned = (("V3", self.one["id"], ARENAN, "NIK_GANDA"), ("V5", self.odd["id"], ARENAN, "TGL_TIDAK_COCOK"),
                    ("V7", self.to_dead, KALIGONDANG, "MENINGGAL"))
        for code, record, desa, reason in returned:
            back = ("--jenis", "kembalikan", "--desa", desa, "--alasan", reason, "--batas", due)
            self._act(code, record, *back)
        double = next(f for f in self.found if f["kode"] == "V7" and len(self._subjects(f)) == 2)
        hub("putus", double["id"], "--petugas", "admin", "--jenis", "bukan-ganda", "--alasan", "Dua kali salur")
        self.decided += 1
        self.stage.sync()
        self._check_homecoming()
        self._answer_returned()

    def _act(self, code: str, record: str, *options: str, two: bool = False) -> None:
        finding = self._finding(code, record)
        first = self.stage.hub_command("putus", finding["id"], "--petugas", "admin", *options)
        if two:
            self.expect(first["hasil"] == "menunggu_petugas_kedua", f"{code}: satu petugas cukup")
            again = self.stage.hub_command("putus", finding["id"], "--petugas", "admin", *options, fails=True)
            self.expect(again["exit"] == 2, f"{code}: petugas yang sama boleh dua kali")
            first = self.stage.hub_command("putus", finding["id"], "--petugas", "bambang", *options)
        self.expect(first["hasil"] == "selesai", f"{code}: putusan tidak selesai")
        self.decided += 1

    def _decide_identity_on_pages(self) -> None:
        """Two officers decide the name at their screens: the first proposes, the second agrees."""
        finding = self._finding("V1", self.identity)
        page = f"/verval/{finding['id']}"
        heads = finding["kepala"]
        for name in ("hub", "bambang"):
            officer = self.stage.log_in(self.stage.hub, self.stage.accounts[name])
            self.expect("Terakhir disepakati" in officer.get(page), "halaman kasus tidak memperlihatkan versi")
            officer.post(page, f"{page}/pilih", kepala=heads, semua="A", alasan="Sesuai akta kelahiran")
        self.decided += 1

    def _check_homecoming(self) -> None:
        for name in ("selakambang-1", "selakambang-2"):
            ordinary = self.stage.people(name, f"id = '{self.ordinary}'")[0]
            identity = self.stage.people(name, f"id = '{self.identity}'")[0]
            came = ordinary["pekerjaan"] in (26, 88) and not ordinary["konflik"]
            self.expect(came, f"{name}: putusan pekerjaan belum pulang")
            came = identity["nama"].endswith(("UTAMI", "UTOMO")) and not identity["konflik"]
            self.expect(came, f"{name}: putusan nama belum pulang")
        remaining = {f["kode"] for f in self._findings()}
        self.expect("V1" not in remaining and "V2" not in remaining, "temuan V1 atau V2 masih ada setelah diputus")

    def _answer_returned(self) -> None:
        """The villages repair what was returned and answer; the cases close at the hub."""
        self._repair_twin()
        odd = self.odd
        self._write("arenan", "penduduk", odd["id"], jenis_kelamin=odd["jenis_kelamin"], nama=odd["nama"],
                    tempat_lahir=odd["tempat_lahir"], tanggal_lahir=odd["tanggal_lahir"])
        self._write("kaligondang", "penerima_bantuan", self.to_dead, status="berhenti", alasan_status="Meninggal")
        for name in ("arenan", "kaligondang"):
            sql = "SELECT id FROM kasus WHERE desa = ? AND status = 'dikembalikan'"
            for case in read_rows(self.stage.node_folder(name), sql, NODES[name]):
                self.stage.node(name, "jawab", case["id"], "Sudah kami perbaiki di desa.")
        self.stage.sync()
        self.stage.sync()
        open_cases = read_rows(
            self.stage.hub_folder, "SELECT kode, status FROM kasus WHERE kode <> 'V6' AND status <> 'selesai'"
        )
        self.expect(not open_cases, f"kasus belum ditutup: {open_cases}")

    def _repair_twin(self) -> None:
        twin = self.stage.people("arenan", f"id = '{self.twin}'")[0]
        day = int(twin["tanggal_lahir"][8:]) + (40 if twin["jenis_kelamin"] == 2 else 0)
        nik = f"{NIK_UJI}{day:02d}{twin['tanggal_lahir'][5:7]}{twin['tanggal_lahir'][2:4]}9990"
        self._write("arenan", "penduduk", self.twin, nik=nik)

    # Act 7: a day at the counter, after which the month is told to the kecamatan.
    def open_counter(self) -> None:
        self.counter = open_counter(self.stage, "selakambang-1")
        self.stage.sync("selakambang-1", "selakambang-2")
        for folder in (self.stage.hub_folder, self.stage.node_folder("selakambang-2")):
            for table, count in self.counter.items():
                self.expect(checker.count_rows(folder, table) == count, f"{folder.name}: {table} tidak lengkap")
        examine_month(self.stage, SELAKAMBANG)
        self.stage.sync("selakambang-1", "selakambang-2")

    # Act 8: the kabupaten pulls what changed.
    def pull_exports(self) -> int:
        token = self.stage.hub_command("token", "dinas-kominfo")
        lake = self.stage.folder / "kabupaten"
        run_command("sipande-kabupaten", lake, "tambah-hub", self.stage.hub.address, "--kunci", token["vkey"],
                    "--token", token["token"])
        first = run_command("sipande-kabupaten", lake, "pull")
        self._write("slinga", "penduduk", self.stage.people("slinga", limit=3)[2]["id"], telepon="0800-00-777002")
        self.stage.sync("slinga")
        second = run_command("sipande-kabupaten", lake, "pull")
        self.expect(first["terverifikasi"] and second["terverifikasi"], "ekspor tidak terverifikasi")
        self.expect(second["baris"] == 1, f"tarikan kedua {second['baris']} baris, seharusnya 1")
        return int(first["baris"])

    # Act 9: rebuild everywhere, verify, compare record by record.
    def compare(self) -> None:
        self.stage.sync()
        before = self._digest()
        for name in NODES:
            self.stage.node(name, "rebuild")
            self.expect(self.stage.node(name, "verify")["baik"], f"{name}: verify menemukan kerusakan")
        self.stage.hub_command("rebuild")
        self.expect(self.stage.hub_command("verify")["baik"], "hub: verify menemukan kerusakan")
        self.expect(before == self._digest(), "tabel berbeda setelah susun ulang")
        nodes = {self.stage.node_folder(name): desa for name, desa in NODES.items()}
        differences = checker.compare(self.stage.hub_folder, nodes, KECAMATAN)
        self.expect(not differences, f"{len(differences)} perbedaan desa dan hub, misalnya {differences[:2]}")

    def _digest(self) -> list[Any]:
        folders = [self.stage.hub_folder, *(self.stage.node_folder(name) for name in NODES)]
        return [
            sorted(map(repr, (sorted(row.items(), key=str) for row in read_rows(folder, f"SELECT * FROM {table}"))))
            for folder in folders
            for table in checker.list_tables(folder)
        ]

    def play(self) -> dict[str, Any]:
        """Play all acts; return the line that the demo prints."""
        acts = (
            self.open_offices, self.import_sheets, self.first_sync, self.offline_week, self.meet, self.decide,
            self.open_counter,
        )
        for act in acts:
            say(f"--- {act.__name__} ({time.monotonic() - self.started:.0f} s)")
            act()
        rows = self.pull_exports()
        self.compare()
        hub = self.stage.hub_folder
        codes = sorted({f["kode"] for f in self.found} | self.planted.keys())
        counts = {code: sum(f["kode"] == code for f in self.found) for code in codes}
        per_desa = {desa: name for name, desa in reversed(NODES.items())}
        return {
            "ok": not self.problems, "desa": len(per_desa), "simpul": len(NODES),
            "penduduk_desa": sum(
                checker.count_rows(self.stage.node_folder(name), "penduduk") for name in per_desa.values()
            ),
            "penduduk_hub": checker.count_rows(hub, "penduduk"),
            "perubahan": checker.count_rows(hub, "change"), "temuan": counts, "diputus": self.decided,
            **self.counter, "ekspor_baris": rows, "detik": round(time.monotonic() - self.started, 1),
            **({"masalah": self.problems} if self.problems else {}),
        }
