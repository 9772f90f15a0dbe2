"""Keys over time: rotated, revoked, suspended, adopted from quarantine; a hub destroyed and rebuilt."""

from __future__ import annotations

from typing import Any

import pytest

from hub.change import write_common
from hub.commands import COMMANDS, make_hub
from hub.pemulihan.keys import read_sheet, take_new_keys, take_the_place
from hub.pemulihan.revoke import adopt, lift, list_choices, list_quarantined, revoke
from hub.pemulihan.state import read_recovery
from hub.pemulihan.watch import suspend
from hub.services import open_hub
from node.services import NodeServices, open_node
from node.sinkron.handover import InlineExecutor
from node.sinkron.rotate import take_new_keys as take_new_node_keys
from node.sinkron.rotate import tell_new_keys
from node.sinkron.session import Outcome
from shared.changelog.keychain import Successor, follow, sign_successor
from shared.changelog.keys import SigningKey
from shared.errors import EnvironmentProblem, TransportError, UserError
from shared.store.drafts import draft_create
from shared.sync.limits import limit
from tests.federation.test_histories import check_whole, copy_folder, names, own_logs, restore_hub
from tests.support.federation import DESA, HUB, Federation, make_sync_app, refuse_all, seeded
from tests.support.office import create, rows, update, value
from tests.support.slow_link import CutAfterPush


def status(federation: Federation, node: NodeServices) -> str:
    return str(value(federation.hub, "SELECT status FROM simpul WHERE kunci = ?", node.keys.signing.public.hex()))


def simpul_of(federation: Federation, node: NodeServices) -> str:
    return str(value(federation.hub, "SELECT id FROM simpul WHERE kunci = ?", node.keys.signing.public.hex()))


# Who may ask for it ----------------------------------------------------------------------------------------


def test_a_command_of_trust_needs_the_account_that_its_page_needs_and_is_written_down(federation: Federation) -> None:
    a, hub = federation.add_node("a"), federation.hub
    for name, role in (("ratna", "admin"), ("bambang", "wali_data"), ("wira", "pengamat")):
        COMMANDS["akun"](hub, {
            "pengguna": name, "nama": name, "peran": role, "kata_sandi": "kuda lumping di tengah sawah",
        }, print)
    simpul = simpul_of(federation, a)

    def ask(command: str, name: str, **args: Any) -> dict[str, Any]:
        return COMMANDS[command](hub, {"petugas": name, **args}, print)

    for name, code in (("wira", "peran_tidak_boleh"), ("bambang", "peran_tidak_boleh"), ("budi", "petugas_tidak_ada")):
        for command in ("cabut", "pulihkan-simpul", "ambil"):
            with pytest.raises(UserError) as caught:
                ask(command, name, simpul=simpul, sebab="dicuri", perubahan="x", alasan="y")
            assert caught.value.kode == code
    assert federation.sync(a).outcome is Outcome.SELESAI
    ask("cabut", "ratna", simpul=simpul, sebab="dicuri")
    ask("ganti-kunci", "")
    ask("pemulihan", "", selesai=True)
    assert rows(hub, "SELECT account, action, subject FROM access_audit WHERE action NOT LIKE 'akun%' ORDER BY no") == [
        ("ratna", "kunci_dicabut", simpul), ("perintah", "kunci_hub_diganti", ""),
        ("perintah", "pemulihan_ditutup", ""),
    ]


# A node changes its key ------------------------------------------------------------------------------------


def test_a_node_takes_new_keys_offline_and_loses_nothing(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(a, nama="SITI")
    federation.sync_all()
    update(a, siti, telepon="0811")
    old = a.keys.signing.public.hex()
    take_new_node_keys(a)
    update(a, siti, agama=1)
    assert a.keys.signing.public.hex() != old and len(own_logs(a)) == 2
    federation.sync_all()
    assert a.keys.previous is None and status(federation, a) == "aktif"
    assert value(federation.hub, "SELECT status FROM simpul WHERE kunci = ?", old) == "dicabut"
    for side in (federation.hub, a, b):
        assert rows(side, "SELECT telepon, agama FROM penduduk") == [("0811", 1)]
        assert value(side, "SELECT count(*) FROM held") == 0
    check_whole(federation, a, b)


def test_a_lost_answer_to_the_change_of_keys_is_asked_again(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    take_new_node_keys(a)
    create(a, nama="SITI")
    transport = federation.transport(a)

    def after(path: str, answer: Any) -> Any:
        if path.endswith("rotate"):
            raise TransportError("answer lost")
        return answer

    transport.after = after
    assert federation.sync(a, transport).outcome is Outcome.TERPUTUS
    assert a.keys.previous is not None
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert a.keys.previous is None and names(federation.hub) == {"SITI"}
    assert value(federation.hub, "SELECT count(*) FROM simpul") == 2
    check_whole(federation, a)


def test_keys_changed_just_before_a_crash_are_settled_when_the_folder_is_opened(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    a.replace_keys(a.keys.rotate(a.random, 0, 0))
    a.close()
    b = federation.nodes["a"] = open_node(a.folder.path, clock=federation.clock, random=seeded("b"))
    create(b, nama="BUDI")
    federation.sync_all()
    assert names(federation.hub) == {"SITI", "BUDI"}
    check_whole(federation, b)


def test_a_stick_sealed_to_the_old_key_still_opens(federation: Federation) -> None:
    a = federation.add_node("a")
    old = a.keys.seal
    assert old is not None
    take_new_node_keys(a)
    assert a.keys.find_seal(old.key_id) is not None
    late = a.clock.now_s() + 500 * 24 * 3600
    assert a.keys.rotate(a.random, late, 400 * 24 * 3600).find_seal(old.key_id) is None


def test_another_key_cannot_put_itself_in_the_place_of_a_node(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    stolen = a.keys.signing.public.hex()
    take_new_node_keys(a)
    transport = federation.transport(b)
    federation.sync(a)
    assert federation.sync(b, transport).outcome is Outcome.SELESAI
    assert value(federation.hub, "SELECT count(*) FROM simpul WHERE pendahulu IS NOT NULL") == 1
    assert value(federation.hub, "SELECT s.kunci FROM simpul s JOIN simpul n ON n.pendahulu = s.id") == stolen


def test_a_hub_that_forgot_a_change_of_keys_is_told_again(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    take_new_node_keys(a)
    transport = federation.transport(a)
    assert tell_new_keys(a, transport.with_key, InlineExecutor()) is None and a.keys.previous is None
    create(a, nama="SITI")
    restore_hub(federation, old, keeps_keys=True)
    assert federation.sync(a).code == "unknown_key"
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert names(federation.hub) == {"SITI"}
    check_whole(federation, a)


def test_a_change_of_keys_that_comes_back_after_the_revocation_lets_nobody_in(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    federation.sync_all()
    old, before = copy_folder(federation, federation.hub, "hub-lama"), simpul_of(federation, a)
    take_new_node_keys(a)
    create(a, nama="DARI MALING")
    federation.sync_all()
    after = simpul_of(federation, a)
    hub = restore_hub(federation, old, keeps_keys=True)
    with hub.database.read() as conn:
        cutoffs = {choice.log: choice.size for choice in list_choices(conn, before)}
    revoke(hub, before, "dicuri", cutoffs, "")
    # The sibling brings back that the stolen key was followed by another.
    federation.sync(b)
    assert rows(hub, "SELECT id, status, konflik FROM simpul WHERE id IN (?, ?) ORDER BY id", before, after) == [
        (before, "dicabut", None), (after, "dicabut", None),
    ]
    create(b, nama="SESUDAH DICURI")
    federation.sync(b)
    assert federation.sync(a).code == "key_revoked"
    assert "SESUDAH DICURI" not in names(a) and names(hub) == names(b) == {"SITI", "SESUDAH DICURI"}
    with hub.database.read() as conn:
        assert [one.values["nama"] for one in list_quarantined(conn)] == ["DARI MALING"], "nothing is lost"
    check_whole(federation, b)


def test_a_hub_that_forgot_two_changes_of_keys_and_seals_to_what_is_forgotten_here_is_told(
    federation: Federation,
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    for _ in range(2):
        take_new_node_keys(a)
        assert tell_new_keys(a, federation.transport(a).with_key, InlineExecutor()) is None
        federation.clock.now += (limit("seal_key_kept_days") + 1) * 24 * 3600
    take_new_node_keys(a)
    create(b, nama="SITI")
    restore_hub(federation, old, keeps_keys=True)
    federation.sync(b)  # what a lacks, sealed to its first key, which it has dropped
    assert tell_new_keys(a, federation.transport(a).with_key, InlineExecutor()) is None
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert names(a) == {"SITI"}
    check_whole(federation, a)


# A key is revoked ------------------------------------------------------------------------------------------


def test_what_a_revoked_computer_wrote_is_adopted_one_by_one(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    federation.sync_all()
    with federation.hub.database.read() as conn:
        (choice,) = list_choices(conn, simpul_of(federation, a))
    early = choice.size
    budi, palsu = create(a, nama="BUDI"), create(a, nama="PALSU")
    federation.sync(a)
    revoke(federation.hub, simpul_of(federation, a), "dicuri", {choice.log: early}, "x")
    federation.sync_all()
    assert names(federation.hub) == names(b) == {"SITI"}
    with federation.hub.database.read() as conn:
        held = {q.record: q.ref for q in list_quarantined(conn)}
    assert set(held) == {budi, palsu}
    adopt(federation.hub, held[budi], "sudah dicocokkan", "x")
    federation.sync(b)
    assert names(federation.hub) == names(b) == {"SITI", "BUDI"}
    with pytest.raises(UserError, match="karantina"):
        adopt(federation.hub, held[budi], "lagi", "x")
    check_whole(federation, b)


def test_what_a_thief_wrote_before_he_changed_the_keys_can_be_cut_off_too(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    federation.sync_all()
    with federation.hub.database.read() as conn:
        (honest,) = list_choices(conn, simpul_of(federation, a))
    create(a, nama="PALSU SATU")
    federation.sync(a)
    before = simpul_of(federation, a)
    take_new_node_keys(a)
    create(a, nama="PALSU DUA")
    federation.sync_all()
    assert names(b) == {"SITI", "PALSU SATU", "PALSU DUA"}
    with federation.hub.database.read() as conn:
        choices = list_choices(conn, simpul_of(federation, a))
        assert {choice.log for choice in choices} > {honest.log} and choices == list_choices(conn, before)
    ends = {choice.log: honest.size if choice.log == honest.log else 0 for choice in choices}
    # By either record: people see a computer and not its keys.
    revoke(federation.hub, before, "dicuri tanggal 3", ends, "")
    federation.sync(b)
    assert names(federation.hub) == names(b) == {"SITI"} and federation.sync(a).code == "key_revoked"
    with federation.hub.database.read() as conn:
        assert {one.values.get("nama") for one in list_quarantined(conn)} == {"PALSU SATU", "PALSU DUA"}
    with pytest.raises(UserError, match="sudah dicabut"):
        revoke(federation.hub, simpul_of(federation, a), "lagi", ends, "")
    check_whole(federation, b)


def test_a_cut_off_that_was_chosen_too_late_is_brought_forward_and_never_back(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    federation.sync_all()
    simpul = simpul_of(federation, a)
    with federation.hub.database.read() as conn:
        (early,) = list_choices(conn, simpul)
    create(a, nama="PALSU")
    federation.sync_all()
    revoke(federation.hub, simpul, "rusak", {}, "")
    assert names(federation.hub) == {"SITI", "PALSU"}
    revoke(federation.hub, simpul, "ternyata dicuri", {early.log: early.size}, "")
    federation.sync(b)
    assert names(federation.hub) == names(b) == {"SITI"}
    with pytest.raises(UserError, match="di luar catatan"):
        revoke(federation.hub, simpul, "ternyata tidak", {early.log: early.size + 1}, "")
    check_whole(federation, b)


def test_what_a_hub_that_was_put_back_lacks_of_a_stolen_computer_is_beyond_the_cut_off(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    create(a, nama="PALSU")
    federation.sync(a)
    take_new_node_keys(a)
    federation.sync_all()
    hub = restore_hub(federation, old, keeps_keys=True)
    transport = federation.transport(b)
    transport.after = CutAfterPush()
    federation.sync(b, transport)
    simpul, before = simpul_of(federation, a), names(hub)
    assert before == {"SITI"}, "the change of keys has come back, and what the old key wrote last has not"
    revoke(hub, simpul, "dicuri", {}, "")
    federation.sync_all()
    assert names(hub) == names(b) == {"SITI"}
    check_whole(federation, b)


def test_a_revoked_computer_is_told_and_works_on(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    revoke(federation.hub, simpul_of(federation, a), "dicuri", {}, "x")
    report = federation.sync(a)
    assert (report.outcome, report.code) == (Outcome.DITOLAK, "key_revoked") and "dicabut" in report.sentence()
    create(a, nama="SITI")
    assert names(a) == {"SITI"}


@pytest.mark.parametrize("sebab", ["", "  "])
def test_a_revocation_needs_a_reason(federation: Federation, sebab: str) -> None:
    a = federation.add_node("a")
    with pytest.raises(UserError, match="sebab"):
        revoke(federation.hub, simpul_of(federation, a), sebab, {}, "x")
    assert status(federation, a) == "aktif"


def test_a_cut_off_beyond_what_is_held_is_refused(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    with pytest.raises(UserError, match="Batas"):
        revoke(federation.hub, simpul_of(federation, a), "dicuri", {own_logs(a)[0]: 999}, "x")


def test_a_suspended_computer_is_heard_and_comes_back(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    hub = federation.hub
    with hub.database.write() as conn:
        suspend(conn, hub, simpul_of(federation, a), "diperiksa")
    create(a, nama="SITI")
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert names(hub) == set() and value(hub, "SELECT count(*) FROM held WHERE alasan = 'dicabut'") == 1
    lift(hub, simpul_of(federation, a), "sudah jelas", "x")
    federation.sync(a)
    assert names(hub) == names(a) == {"SITI"}
    check_whole(federation, a)


def test_a_new_pc_of_the_desa_gets_everything_from_the_hub(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = create(a, nama="SITI")
    update(a, siti, telepon="0811")
    federation.sync_all()
    revoke(federation.hub, simpul_of(federation, a), "rusak", {}, "x")
    a.close()
    del federation.nodes["a"]
    b = federation.add_node("b")
    federation.sync_all()
    assert rows(b, "SELECT nama, telepon FROM penduduk") == [("SITI", "0811")]
    check_whole(federation, b)


# The hub changes its key -----------------------------------------------------------------------------------


def test_nodes_follow_the_hub_to_its_new_key(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    federation.sync_all()
    for _ in range(2):
        take_new_keys(federation.hub)
    create(a, nama="BUDI")
    federation.sync_all()
    hub = a.hub()
    assert hub is not None and hub.kunci == federation.hub.keys.signing.public.hex() and len(hub.kunci_lama) == 2
    assert names(b) == {"SITI", "BUDI"}
    check_whole(federation, a, b)
    c = federation.add_node("c")
    federation.sync_all()
    assert names(c) == {"SITI", "BUDI"}
    check_whole(federation, c)


def test_a_hub_whose_change_of_keys_fails_half_way_is_followed_and_finishes_it(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, hub = federation.add_node("a"), federation.hub
    federation.sync_all()
    before = hub.keys.signing.public

    def fail(*args: object) -> None:
        raise EnvironmentProblem("Disk komputer penuh.", "disk_penuh")

    with monkeypatch.context() as full:
        full.setattr("hub.pemulihan.keys.append_successor", fail)
        with pytest.raises(EnvironmentProblem):
            take_new_keys(hub)
    assert hub.keys.signing.public == before
    create(a, nama="SITI")
    assert federation.sync(a).outcome is Outcome.SELESAI
    take_new_keys(hub)
    assert federation.sync(a).outcome is Outcome.SELESAI
    known = a.hub()
    assert known is not None and known.kunci == hub.keys.signing.public.hex()
    # The keys that were on disk already are the ones that came into office: no successor names lost ones.
    assert len(rows(hub, "SELECT DISTINCT kunci FROM kunci_hub")) == 1
    check_whole(federation, a)


@pytest.mark.parametrize("surat", ["bukan surat", "sipande-kunci-hub/1\na\nb\nc\nd\n", None])
def test_a_note_about_keys_that_cannot_be_read_stops_nobody(federation: Federation, surat: str | None) -> None:
    a, hub = federation.add_node("a"), federation.hub
    draft = draft_create(hub.catalogue["kunci_hub"], hub.new_id(), {"kunci": "00", "segel": "00", "surat": surat})
    write_common(hub, [draft], author="")
    federation.sync_all()
    b = federation.add_node("b")
    assert federation.sync(b).outcome is Outcome.SELESAI
    take_new_keys(hub)
    create(a, nama="SITI")
    assert federation.sync(a).outcome is Outcome.SELESAI


def test_a_hub_that_shows_no_successor_is_not_followed(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    stranger = SigningKey(b"\x05" * 32)
    with federation.hub.database.write() as conn:
        conn.execute(
            "INSERT INTO kunci_hub (id, desa, kunci, segel, surat) VALUES ('x', ?, ?, ?, ?)",
            (HUB, stranger.public.hex(), "00" * 32,
             sign_successor(Successor(HUB, "00" * 32, stranger.public.hex(), "00" * 32), stranger)),
        )
    federation.hub.keys = type(federation.hub.keys)(stranger, federation.hub.keys.seal)
    report = federation.sync(a)
    hub = a.hub()
    assert report.outcome is Outcome.TERPUTUS and hub is not None and hub.kunci != stranger.public.hex()


def test_only_a_chain_from_the_pinned_key_is_followed() -> None:
    keys = [SigningKey(bytes([number]) * 32) for number in range(1, 6)]
    recovery = SigningKey(b"\x09" * 32)
    publics = [key.public.hex() for key in keys]

    def step(old: int, new: int, signer: SigningKey, *, by_recovery: bool = False) -> str:
        return sign_successor(Successor(HUB, publics[old], publics[new], "00" * 32), signer, by_recovery=by_recovery)

    def path(notes: list[str], start: int, end: int, former: tuple[int, ...] = ()) -> list[str] | None:
        known = [publics[number] for number in former]
        steps = follow(notes, HUB, publics[start], recovery.public.hex(), publics[end], known)
        return None if steps is None else [step.kunci for step in steps]

    chain = [step(1, 2, keys[1]), step(0, 1, keys[0])]
    assert path(chain, 0, 2) == publics[1:3], "in whatever order they come"
    assert path(chain, 3, 2) is None and path(chain, 2, 0) is None
    assert follow(chain, "33.03.05", publics[0], recovery.public.hex(), publics[2]) is None
    assert path([step(0, 1, keys[3])], 0, 1) is None, "signed by another key"
    assert path([chain[1].replace(publics[1], publics[4])], 0, 4) is None, "another text"
    assert path([step(3, 4, recovery)], 0, 4) is None, "the recovery key in the name of the hub"
    saved = [step(3, 4, recovery, by_recovery=True), step(4, 2, keys[4])]
    assert path(saved, 0, 2) == [publics[4], publics[2]], "after a disaster from whatever key is pinned"
    assert path(saved, 2, 4, former=(0, 4)) is None, "never back to a key that was followed by another"


def test_a_hub_key_changed_just_before_a_crash_is_settled_when_it_is_opened(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    hub = federation.hub
    hub.replace_keys(hub.keys.rotate(hub.random, 0, 0))
    hub.close()
    federation.hub = open_hub(hub.folder.path, clock=federation.clock, random=seeded("hub again"))
    federation.app = make_sync_app(federation.hub)
    federation.sync_all()
    check_whole(federation, a)


# The hub is destroyed --------------------------------------------------------------------------------------


def test_a_destroyed_hub_is_rebuilt_from_the_nodes_under_the_recovery_key(federation: Federation) -> None:
    federation.hub.close()
    federation.hub, recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.app = make_sync_app(federation.hub)
    a, b = federation.add_node("a"), federation.add_node("b")
    c = federation.add_node("c", "33.03.04.2001")
    create(a, nama="SITI")
    create(c, nama="WATI")
    federation.sync_all()
    former = federation.hub.keys.signing.public.hex()
    before = set(rows(federation.hub, "SELECT id, nama FROM penduduk"))
    federation.hub.close()
    create(b, nama="BUDI")
    hub, _ = make_hub(federation.folder / "hub3", HUB, federation.clock, seeded("hub3"))
    take_the_place(hub, read_sheet(recovery, former))
    federation.hub, federation.app = hub, make_sync_app(hub)
    assert federation.sync(a, None).outcome is Outcome.SELESAI
    federation.sync_all(3)
    assert before < set(rows(hub, "SELECT id, nama FROM penduduk")) and names(hub) == {"SITI", "WATI", "BUDI"}
    with hub.database.read() as conn:
        state = read_recovery(conn)
    assert state is not None and (state.heard, state.silent) == (3, 0)
    check_whole(federation, a, b, c)
    d = federation.add_node("d")
    federation.sync_all(2)
    assert names(d) == {"SITI", "BUDI"}


def test_a_hub_that_had_changed_its_key_before_is_rebuilt_too(federation: Federation) -> None:
    """The sheet names the last key; what the one before it has signed, enrolments among it, comes back as well."""
    federation.hub.close()
    federation.hub, recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.app = make_sync_app(federation.hub)
    a = federation.add_node("a")
    create(a, nama="SITI")
    federation.sync_all()
    for number in range(3, 6):
        if number == 4:
            take_new_keys(federation.hub)
            federation.sync_all(2)
        former = federation.hub.keys.signing.public.hex()
        federation.hub.close()
        hub, _ = make_hub(federation.folder / f"hub{number}", HUB, federation.clock, seeded(f"hub{number}"))
        take_the_place(hub, read_sheet(recovery, former))
        federation.hub, federation.app = hub, make_sync_app(hub)
        assert federation.sync(a).outcome is Outcome.SELESAI, number
        assert names(hub) == {"SITI"}
        federation.sync_all(2)
    check_whole(federation, a)


def test_a_node_that_missed_a_key_of_the_hub_takes_what_it_has_signed(federation: Federation) -> None:
    federation.hub.close()
    federation.hub, recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.app = make_sync_app(federation.hub)
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    for number in (3, 4, 5):
        former = federation.hub.keys.signing.public.hex()
        federation.hub.close()
        hub, _ = make_hub(federation.folder / f"hub{number}", HUB, federation.clock, seeded(f"hub{number}"))
        take_the_place(hub, read_sheet(recovery, former))
        federation.hub, federation.app = hub, make_sync_app(hub)
        create(a, nama=f"SITI {number}")
        federation.sync(a)
    assert federation.sync(b).outcome is Outcome.SELESAI
    federation.sync_all()
    check_whole(federation, a, b)


@pytest.mark.parametrize("sheet", [("", ""), ("zz", "00"), ("00" * 32, "00" * 31)])
def test_a_mistyped_sheet_is_told(sheet: tuple[str, str]) -> None:
    with pytest.raises(UserError, match="salah ketik"):
        read_sheet(*sheet)


def test_no_network_changes_nothing_about_keys(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    take_new_node_keys(a)
    transport = federation.transport(a)
    transport.before = refuse_all
    assert federation.sync(a, transport).outcome is Outcome.TERPUTUS
    create(a, nama="SITI")
    assert a.keys.previous is not None and names(a) == {"SITI"}
    old = copy_folder(federation, a, "salinan")
    assert open_node(old, clock=federation.clock, random=seeded("x")).keys.previous is not None
    assert value(federation.hub, "SELECT count(*) FROM simpul WHERE wilayah = ?", DESA) == 1
