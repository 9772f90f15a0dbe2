"""A hub whose whole disk was put back to a day before its last change of keys."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from hub.commands import make_hub
from hub.pemulihan.keys import read_recovery_key, take_new_keys
from hub.pemulihan.succeeded import find_later_keys, take_keys_by_recovery
from hub.services import HubServices, open_hub
from hub.usb.receive import take_file
from node.services import NodeServices, write_hub
from node.sinkron.hubkey import follow_hub, keep_successors
from node.sinkron.session import Outcome, Report
from node.usb.send import write_bundle
from shared.changelog.keychain import Successor, find_later, sign_successor
from shared.changelog.keys import SigningKey
from shared.errors import TransportError, UserError
from shared.store.evidence import list_events
from shared.sync import messages
from shared.sync.codes import CODES
from tests.federation.test_histories import check_whole, copy_folder, names, restore_hub
from tests.support.federation import HUB, Federation, make_sync_app, seeded
from tests.support.office import create


class Story:
    """A hub that was copied, then took new keys and met its nodes again; then its old disk is put back."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        federation.hub.close()
        federation.hub, self.recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
        federation.app = make_sync_app(federation.hub)
        self.a, self.b = federation.add_node("a"), federation.add_node("b")
        create(self.a, nama="SITI")
        federation.sync_all()
        self.image = copy_folder(federation, federation.hub, "image")
        self.old = federation.hub.keys.signing.public.hex()
        take_new_keys(federation.hub)
        create(self.a, nama="BUDI")
        federation.sync(self.a)
        federation.sync(self.a)
        self.new_keys = copy_folder(federation, federation.hub, "newer")
        self.hub = restore_hub(federation, self.image, keeps_keys=False)

    def later(self) -> list[str]:
        with self.federation.hub.database.read() as conn:
            return find_later_keys(conn, self.federation.hub)


@pytest.fixture
def story(federation: Federation) -> Story:
    return Story(federation)


def told(report: Report) -> tuple[Outcome, str]:
    return report.outcome, report.code


def test_a_hub_put_back_to_an_old_key_learns_it_from_a_node_and_says_so(story: Story) -> None:
    a, b, federation = story.a, story.b, story.federation
    create(a, nama="WATI")
    report = federation.sync(a)
    assert told(report) == (Outcome.DITOLAK, "succeeded") and report.sent == 0
    assert "aman" in report.sentence() and report.sentence() == CODES["succeeded"].sentence
    assert story.later() == [a.hub().kunci]  # type: ignore[union-attr]
    # The other computer knows the old key alone: it is refused as well, or the hub would sign beside its own past.
    assert told(federation.sync(b)) == (Outcome.DITOLAK, "succeeded")
    assert names(a) == {"SITI", "BUDI", "WATI"}
    with a.database.read() as conn, story.hub.database.read() as hub:
        assert [event.code for event in list_events(conn)][0] == "hub_lama"
        assert "diganti" in [event.code for event in list_events(hub)]


def test_a_computer_that_never_met_the_old_key_but_knows_what_followed_it_tells_the_hub_too(story: Story) -> None:
    a, federation = story.a, story.federation
    federation.sync(a)
    take_keys_by_recovery(story.hub, story.recovery)
    federation.sync(a)
    federation.sync(a)
    hub = a.hub()
    assert hub is not None and story.hub.keys.signing.public.hex() == hub.kunci
    with a.database.write() as conn:
        # As of a computer that was admitted under the latest key.
        write_hub(conn, replace(hub, kunci_lama=()))
    restore_hub(federation, story.new_keys, keeps_keys=False)
    assert told(federation.sync(a)) == (Outcome.DITOLAK, "succeeded")
    assert story.later() == [hub.kunci]


def test_no_note_of_the_recovery_key_leads_back_to_a_key_that_is_known_to_be_replaced(story: Story) -> None:
    a, hub = story.a, story.a.hub()
    assert hub is not None
    recovery, stolen, later = read_recovery_key(story.recovery), SigningKey(b"\x07" * 32), SigningKey(b"\x08" * 32)

    def note(before: str, after: SigningKey) -> str:
        step = Successor(hub.wilayah, before, after.public.hex(), "00" * 32)
        return sign_successor(step, recovery, by_recovery=True)

    led_there, led_away = note("05" * 32, stolen), note(stolen.public.hex(), later)
    with a.database.write() as conn:
        write_hub(conn, replace(hub, kunci=later.public.hex(), kunci_lama=()))
    keep_successors(a, [led_there, led_away])
    known = a.hub()
    assert known is not None
    with pytest.raises(TransportError, match="not signed by the hub"):
        follow_hub(a, known, [led_there], stolen.public.hex())
    assert a.hub() == known, "the thief of an older key is not trusted again"


def test_the_recovery_key_names_one_more_key_and_every_node_follows(story: Story) -> None:
    a, b, federation = story.a, story.b, story.federation
    create(a, nama="WATI")
    create(b, nama="JOKO")
    federation.sync(a)
    with pytest.raises(UserError, match=r"salah ketik"):
        take_keys_by_recovery(story.hub, "00")
    with pytest.raises(UserError, match=r"bukan milik"):
        take_keys_by_recovery(story.hub, "05" * 32)
    take_keys_by_recovery(story.hub, story.recovery)
    assert story.later() == []
    federation.sync_all(4)
    assert names(story.hub) == names(a) == names(b) == {"SITI", "BUDI", "WATI", "JOKO"}
    check_whole(federation, a, b)
    with pytest.raises(UserError, match=r"terbaru"):
        take_keys_by_recovery(story.hub, story.recovery)


def test_the_newer_key_folder_is_put_back_and_all_goes_on(story: Story) -> None:
    a, b, federation = story.a, story.b, story.federation
    federation.sync(a)
    federation.hub = restore_hub_with(federation, story.image, story.new_keys)
    assert story.later() == []
    federation.sync_all(4)
    assert names(federation.hub) == names(b) == {"SITI", "BUDI"}
    check_whole(federation, a, b)


def restore_hub_with(federation: Federation, folder: Path, keys_of: Path) -> HubServices:
    federation.hub.close()
    for path in (folder / "kunci").iterdir():
        path.unlink()
    for path in (keys_of / "kunci").iterdir():
        (folder / "kunci" / path.name).write_bytes(path.read_bytes())
        (folder / "kunci" / path.name).chmod(0o600)
    federation.hub = open_hub(folder, clock=federation.clock, random=seeded("newer keys"))
    federation.app = make_sync_app(federation.hub)
    return federation.hub


def test_keys_taken_by_recovery_just_before_a_crash_are_settled_when_the_hub_is_opened(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    federation = story.federation
    federation.sync(story.a)

    def crash(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hub.pemulihan.succeeded.write_notes", crash)
    with pytest.raises(KeyboardInterrupt):
        take_keys_by_recovery(story.hub, story.recovery)
    monkeypatch.undo()
    story.hub.close()
    federation.hub = open_hub(story.image, clock=federation.clock, random=seeded("again"))
    federation.app = make_sync_app(federation.hub)
    assert story.later() == []
    federation.sync_all(4)
    check_whole(federation, story.a, story.b)


def test_a_false_or_known_successor_silences_no_hub(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    hub, stranger = federation.hub, SigningKey(b"\x05" * 32)
    own, later = hub.keys.signing.public.hex(), stranger.public.hex()
    forged = sign_successor(Successor(HUB, own, later, "00" * 32), stranger)
    assert post(federation, a, [forged]) == "bad_note"
    take_new_keys(hub)
    with hub.database.read() as conn:
        notes = [row[0] for row in conn.execute("SELECT surat FROM kunci_hub")]
    assert post(federation, a, notes) == "bad_note", "that led to the key of today"
    assert federation.sync(a).outcome is Outcome.SELESAI


def post(federation: Federation, node: NodeServices, notes: list[str]) -> str:
    body = messages.encode({"rantai": notes})
    answer = federation.transport(node).post("/sync/v1/succeeded", body, "n" * 22)
    return str(messages.decode(messages.Refusal, answer.body)["code"])


def test_later_keys_are_found_in_order_and_former_ones_never() -> None:
    keys = [SigningKey(bytes([number]) * 32) for number in range(1, 6)]
    recovery = SigningKey(b"\x09" * 32)
    publics = [key.public.hex() for key in keys]

    def step(old: int, new: int, signer: SigningKey, *, by_recovery: bool = False) -> str:
        return sign_successor(Successor(HUB, publics[old], publics[new], "00" * 32), signer, by_recovery=by_recovery)

    def later(notes: list[str], start: int, former: tuple[int, ...] = ()) -> list[str]:
        known = [publics[number] for number in former]
        return [found.kunci for found in find_later(notes, HUB, publics[start], recovery.public.hex(), known)]

    chain = [step(1, 2, keys[1]), step(0, 1, keys[0])]
    assert later(chain, 0) == publics[1:3] and later(chain, 1) == publics[2:3] and later(chain, 2) == []
    saved = step(2, 4, recovery, by_recovery=True)
    assert later([*chain, saved], 0) == [publics[1], publics[2], publics[4]]
    assert later([saved], 0) == [], "the recovery key speaks of a key that is not known here"
    assert later([saved], 4, former=(2,)) == []


def test_a_stick_for_the_later_key_is_told_apart_from_one_for_another_kecamatan(story: Story) -> None:
    folder = story.federation.folder / "stik"
    folder.mkdir()
    content = write_bundle(story.a, folder).path.read_bytes()
    with pytest.raises(UserError, match=r"pemulihan"):
        take_file(story.hub, io.BytesIO(content))
    story.federation.sync(story.a)
    with pytest.raises(UserError, match=r"kunci lama"):
        take_file(story.hub, io.BytesIO(content))
