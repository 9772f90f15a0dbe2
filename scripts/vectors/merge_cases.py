"""Cases of merging: folds, scope, ids of findings and cases, parity. Each fold is a story in one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from vectors.case import DESA, RECORD, Case

ADDRESS_A, ADDRESS_B, ADDRESS_C = "Jalan Melati 4", "Jalan Mawar 5", "Jalan Kenanga 6"
KK_A, KK_B, KK_C = "3303990101260001", "3303990101260002", "3303990101260003"


@dataclass
class Story:
    """Changes of one family, each named by its writer and place: a0, b0, hub0."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)

    def add(
        self, name: str, op: str, groups: str = "", after: str = "", standing: str = "berlaku", **values: Any
    ) -> Story:
        """Add a change; ``after`` names the changes that its author saw."""
        writer = name.rstrip("0123456789")
        log = {"a": "aa", "b": "bb", "c": "cc", "hub": "ff"}[writer] * 16
        ref = f"{log}:{name[len(writer):]}:{sha256(name.encode()).hexdigest()[:16]}"
        parents = sorted(self.refs.get(other, f"{'ee' * 16}:0:{'0' * 16}") for other in after.split())
        if op == "p":
            values = {group: self.refs[chosen] for group, chosen in values.items()}
        self.refs[name] = ref
        self.changes.append({
            "name": name, "ref": ref, "op": op, "groups": sorted(groups.split()), "parents": parents, "values": values,
            "by_hub": writer == "hub", "standing": standing,
        })
        return self


def _begin() -> Story:
    return Story().add("a0", "c", alamat=ADDRESS_A, no_kk=KK_A)


def _disputed_address() -> Story:
    return _begin().add("a1", "u", "alamat", "a0", alamat=ADDRESS_B).add("b0", "u", "alamat", "a0", alamat=ADDRESS_C)


def _disputed_number() -> Story:
    return _begin().add("a1", "u", "no_kk", "a0", no_kk=KK_B).add("b0", "u", "no_kk", "a0")


def fold_cases() -> Iterator[Case]:
    for name, why, story in _stories():
        yield Case("fold", name, why, {"kind": "keluarga", "changes": story.changes})


def _stories() -> Iterator[tuple[str, str, Story]]:
    yield "created", "one change, all groups agreed", _begin()
    yield "changed after", "the later change saw the earlier one", (
        _begin().add("b0", "u", "alamat", "a0", alamat=ADDRESS_B)
    )
    yield "two groups at once", "concurrent, no conflict, is_merged", (
        _begin().add("a1", "u", "alamat", "a0", alamat=ADDRESS_B).add("b0", "u", "no_kk", "a0", no_kk=KK_B)
    )
    yield "equal values at once", "no conflict, even where only the hub may settle", (
        _begin().add("a1", "u", "no_kk", "a0", no_kk=KK_B).add("b0", "u", "no_kk", "a0", no_kk=KK_B)
    )
    yield "conflict", "the last agreed value stays live, both versions are kept", _disputed_address()
    yield "part of a group", "a change writes its group whole: what it leaves out is emptied", (
        _begin().add("a1", "u", "alamat", "a0", rt="02")
    )
    yield "closed by the desa", "a change that saw all heads of an ordinary group", (
        _disputed_address().add("a2", "u", "alamat", "a1 b0", alamat=ADDRESS_B)
    )
    yield "not closed", "a change that saw one head only", (
        _disputed_address().add("a2", "u", "alamat", "a1", alamat=ADDRESS_A)
    )
    yield "proposal", "a protected group stays with its last agreed value until the hub decides", (
        _disputed_number().add("a2", "u", "no_kk", "a1 b0", no_kk=KK_B)
    )
    yield "decision", "the hub chooses a version", _disputed_number().add("hub0", "p", "no_kk", "a1 b0", no_kk="a1")
    yield "decision for the older value", "any version it saw may be chosen", (
        _disputed_number().add("hub0", "p", "no_kk", "a1 b0", no_kk="a0")
    )
    yield "head after a decision", "a new conflict; the decision stays live", (
        _disputed_number().add("hub0", "p", "no_kk", "a1 b0", no_kk="a1").add("c0", "u", "no_kk", "a0", no_kk=KK_C)
    )
    yield "two decisions", "each saw the heads and not the other: the last agreed value", (
        _disputed_number().add("hub0", "p", "no_kk", "a1 b0", no_kk="a1").add("hub1", "p", "no_kk", "a1 b0", no_kk="b0")
    )
    yield "decision for what it did not see", "has no effect", (
        _disputed_number().add("hub0", "p", "no_kk", "a1", no_kk="b0")
    )
    yield "after a decision", "the desa goes on", (
        _disputed_number().add("hub0", "p", "no_kk", "a1 b0", no_kk="a1").add("a2", "u", "no_kk", "hub0", no_kk=KK_A)
    )
    yield "deleted", "gone, its values kept for a restore", _begin().add("a1", "d", after="a0")
    yield "edit against delete", "a conflict of existence; the record stays visible", (
        _begin().add("a1", "d", after="a0").add("b0", "u", "alamat", "a0", alamat=ADDRESS_B)
    )
    yield "restored", "an update without groups", _begin().add("a1", "d", after="a0").add("a2", "u", "", "a1")
    yield "waiting", "a parent is unknown here: no effect until it comes", (
        _begin().add("b1", "u", "alamat", "b0", alamat=ADDRESS_B)
    )
    yield "quarantined", "keeps its place, gives no value; the earlier value is live again", (
        _begin().add("a1", "u", "alamat", "a0", "karantina", alamat=ADDRESS_B)
    )
    yield "on top of a quarantined change", "holds, as an ordinary change would", (
        _begin().add("a1", "u", "alamat", "a0", "karantina", alamat=ADDRESS_B)
        .add("a2", "u", "alamat", "a1", alamat=ADDRESS_C)
    )
    yield "erased", "keeps its place, its value is empty, never the older one", (
        _begin().add("a1", "u", "alamat", "a0", "terhapus", alamat=ADDRESS_B)
    )
    yield "erased creation", "the record still exists: the operation stands in the header", (
        Story().add("a0", "c", standing="terhapus", alamat=ADDRESS_A, no_kk=KK_A)
    )
    yield "erased beside another value", "what is known stands: an unknown value contradicts nothing", (
        _begin().add("a1", "u", "alamat", "a0", "terhapus", alamat=ADDRESS_B)
        .add("b0", "u", "alamat", "a0", alamat=ADDRESS_C)
    )
    yield "changed after the erased", "goes on as after any other", (
        _begin().add("a1", "u", "alamat", "a0", "terhapus", alamat=ADDRESS_B)
        .add("a2", "u", "alamat", "a1", alamat=ADDRESS_C)
    )
    yield "decision for an erased version", "it stands, its value is empty", (
        _begin().add("a1", "u", "no_kk", "a0", "terhapus", no_kk=KK_B).add("b0", "u", "no_kk", "a0", no_kk=KK_C)
        .add("hub0", "p", "no_kk", "a1 b0", no_kk="a1")
    )
    yield "erased decision", "the operation stands, what it chose is gone with its body", (
        _disputed_number().add("hub0", "p", "no_kk", "a1 b0", "terhapus", no_kk="a1")
    )
    yield "a group that the kind does not have", "passed over: existence alone is touched", (
        _begin().add("a1", "u", "sumur", "a0")
    )
    yield "injection into an empty group", "fills it", (
        Story().add("a0", "c", alamat=ADDRESS_A).add("hub0", "u", "no_kk", "a0", no_kk=KK_A)
    )
    yield "injection over a value", "a case for people; the value of the desa stays", (
        _begin().add("hub0", "u", "alamat", "a0", alamat=ADDRESS_B)
    )
    yield "injection creates", "the hub may create a record and the desa goes on with it", (
        Story().add("hub0", "c", alamat=ADDRESS_A).add("a0", "u", "alamat", "hub0", alamat=ADDRESS_B)
    )


def scope_cases() -> Iterator[Case]:
    for name, why, role, kind, op, groups, members in (
        ("desa writes a resident", "its own kind", "desa", "penduduk", "u", "alamat", "alamat"),
        ("desa creates a case", "only the hub does", "desa", "kasus", "c", "", "kode"),
        ("desa answers a case", "its group", "desa", "kasus", "u", "jawaban", "jawaban"),
        ("desa changes the status of a case", "the hub's group", "desa", "kasus", "u", "status", "status"),
        ("desa fills a field of the hub", "whatever the groups say", "desa", "kasus", "u", "jawaban", "jawaban status"),
        ("desa decides", "only the hub does", "desa", "penduduk", "p", "nik", "pilih"),
        ("desa enrols a node", "trust is the hub's", "desa", "simpul", "c", "", "kunci"),
        ("hub decides", "its right", "saluran", "penduduk", "p", "nik", "pilih"),
        ("hub injects a resident", "it may create", "saluran", "penduduk", "c", "", "nama"),
        ("hub fills a group", "the fold tells whether it was empty", "saluran", "penduduk", "u", "alamat", "alamat"),
        ("hub deletes a resident", "never", "saluran", "penduduk", "d", "", "alasan"),
        ("hub answers for a desa", "never", "saluran", "kasus", "u", "jawaban", "jawaban"),
        ("hub publishes a programme", "both may", "umum", "program_bantuan", "c", "", "nama"),
    ):
        yield Case("scope", name, why, {
            "role": role, "kind": kind, "op": op, "groups": groups.split(), "members": members.split()
        })


def shape_cases() -> Iterator[Case]:
    def given(kind: str, groups: str, op: str = "u", **values: Any) -> dict[str, Any]:
        return {"kind": kind, "op": op, "groups": groups.split(), "values": values}

    for name, why, put in (
        ("as declared", "texts", given("keluarga", "alamat", alamat=ADDRESS_A, rt="02")),
        ("against the domain", "live, and a finding", given("keluarga", "no_kk", no_kk="12")),
        ("unknown field", "kept and ignored", given("keluarga", "alamat", alamat=ADDRESS_A, sumur=7)),
        ("longest text", "200 characters, whatever their bytes", given("keluarga", "alamat", alamat="é" * 200)),
        ("too long", "one character more", given("keluarga", "alamat", alamat="é" * 201)),
        ("number for a text", "the type counts", given("keluarga", "alamat", rt=2)),
        ("text for a code", "the type counts", given("penduduk", "agama", agama="1")),
        ("true for a code", "true is no number", given("penduduk", "agama", agama=True)),
        ("code beyond 2^31", "codes are small", given("penduduk", "agama", agama=1 << 31)),
        ("number for a truth value", "the type counts", given("petugas", "aktif", aktif=1)),
        ("list of numbers", "lists hold texts", given("program_bantuan", "meniadakan", meniadakan=[1])),
        ("attachment that is no hash", "64 hex digits", given("penduduk", "foto", foto="ab")),
        ("field of a group not named", "it would be lost without a word",
         given("keluarga", "alamat", alamat=ADDRESS_A, no_kk=KK_A)),
        ("field in a creation", "a creation touches all groups", given("keluarga", "", "c", no_kk=KK_A)),
    ):
        yield Case("bentuk", name, why, put)


def id_cases() -> Iterator[Case]:
    other = "33.03.99.2002"
    record_b = "01990000-0000-7000-8000-000000000002"
    heads = [f"{'aa' * 16}:4:0011223344556677", f"{'bb' * 16}:9:8899aabbccddeeff"]
    rekaman = [[DESA, "penduduk", RECORD], [other, "penduduk", record_b]]
    yield Case("temuan", "same NIK in two desa", "SHA-256 of canonical JSON of code, records and frontier", {
        "kode": "V2", "rekaman": rekaman, "kepala": heads
    })
    yield Case("temuan", "in another order", "sets: the same id", {
        "kode": "V2", "rekaman": rekaman[::-1], "kepala": heads[::-1]
    })
    yield Case("temuan", "after an edit", "another frontier is another finding", {
        "kode": "V2", "rekaman": rekaman, "kepala": heads[:1]
    })
    finding = sha256(b"temuan").hexdigest()
    for desa in (DESA, other):
        given = {"temuan": finding, "desa": desa}
        yield Case("kasus", f"in {desa}", "UUIDv8 of SHA-256; one case per finding and desa", given)


def parity_cases() -> Iterator[Case]:
    rows = [
        {"id": RECORD, "alamat": ADDRESS_A, "no_kk": KK_A},
        {"id": "01990000-0000-7000-8000-000000000002", "alamat": "Jl. “Mawar”", "konflik": "alamat"},
    ]
    given = {"kind": "keluarga", "desa": DESA, "rows": rows, "low": "", "high": ""}
    yield Case("parity", "two families", "SHA-256 over the SHA-256 of each row in order of id; 32 digits kept", given)
    yield Case("parity", "half of them", "low ≤ id < high", {**given, "high": rows[1]["id"]})
    yield Case("parity", "none", "nothing digested", {**given, "rows": []})
    people = [{"id": RECORD, "nama": "Sistem", "aktif": True}]
    yield Case("parity", "truth values", "as 1 and 0", {**given, "kind": "petugas", "rows": people})


def all_cases() -> Iterator[Case]:
    for make in (fold_cases, scope_cases, shape_cases, id_cases, parity_cases):
        yield from make()
