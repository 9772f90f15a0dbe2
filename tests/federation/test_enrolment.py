"""How a computer becomes a node: a code, a proof, six words, and everything that must not be enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.change import write_common
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot, refuse_candidate, withdraw_slot
from hub.simpul.refusal import OTHER, WRONG_WORDS
from node.commands import make_node, open_transport
from node.services import NodeServices
from node.sinkron.enrol import enrol
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.changelog.keys import SigningKey
from shared.errors import UserError
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.sync.codes import CODES
from shared.sync.enrolment import EnrolmentCode, fingerprint_of, parse_code
from shared.sync.limits import limit
from tests.support.federation import ADDRESS, DESA, HUB, Federation, seeded
from tests.support.office import value

OTHER_DESA = "33.03.04.2001"


def make_computer(federation: Federation, name: str = "a", desa: str = DESA) -> NodeServices:
    """A node that is set up and not enrolled."""
    node = make_node(federation.folder / name, desa, name, federation.clock, seeded(f"0/{name}"))
    federation.nodes[name] = node
    return node


def ask(federation: Federation, node: NodeServices, code: EnrolmentCode) -> str:
    """Ask for admission; return the code of the refusal, empty when there is none."""
    try:
        enrol(node, code, federation.transport(node))
    except UserError as error:
        return error.kode
    return ""


def mistype(code: EnrolmentCode) -> EnrolmentCode:
    return replace(code, secret=b"\0" * len(code.secret))


def test_the_code_survives_being_typed(federation: Federation) -> None:
    code = open_slot(federation.hub, DESA, ADDRESS, "uji")
    assert parse_code(code.format().lower().replace("-", " ")) == code


def test_a_code_with_one_wrong_letter_is_noticed_before_anything_is_sent(federation: Federation) -> None:
    typed = open_slot(federation.hub, DESA, ADDRESS, "uji").format()
    wrong = typed[:3] + ("B" if typed[3] != "B" else "C") + typed[4:]
    with pytest.raises(UserError, match="salah ketik"):
        parse_code(wrong)


def test_both_sides_show_the_same_six_words(federation: Federation) -> None:
    node = make_computer(federation)
    _, words = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    assert [found["kata"] for found in list_candidates(federation.hub)] == [" ".join(words)]
    assert len(words) == 6


def test_a_wrong_code_is_refused_and_five_close_the_slot(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    tries = [ask(federation, node, mistype(code)) for _ in range(limit("enrol_attempts_max"))]
    assert tries == ["wrong_code"] * 4 + ["slot_closed"]
    assert ask(federation, node, code) == "slot_closed"


def test_four_wrong_codes_leave_the_slot_open(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    for _ in range(limit("enrol_attempts_max") - 1):
        ask(federation, node, mistype(code))
    assert ask(federation, node, code) == ""


def test_an_expired_code_is_refused(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    federation.clock.now += limit("enrol_code_s") + 1
    assert ask(federation, node, code) == "slot_closed"


def test_a_code_is_good_for_one_key_only(federation: Federation) -> None:
    first, second = make_computer(federation), make_computer(federation, "b")
    code = open_slot(federation.hub, DESA, ADDRESS, "uji")
    assert [ask(federation, node, code) for node in (first, second)] == ["", "slot_closed"]


def test_the_same_computer_may_ask_again_after_a_lost_answer(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    hub, words = enrol(node, code, federation.transport(node))
    assert enrol(node, code, federation.transport(node)) == (hub, words)
    assert len(list_candidates(federation.hub)) == 1


def test_a_code_for_another_desa_is_refused(federation: Federation) -> None:
    node = make_computer(federation, desa=OTHER_DESA)
    assert ask(federation, node, open_slot(federation.hub, DESA, ADDRESS, "uji")) == "wrong_desa"


def test_an_unknown_slot_is_refused(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    assert ask(federation, node, replace(code, slot=b"\0" * 5)) == "slot_closed"


def test_a_hub_with_another_key_than_the_code_says_is_not_pinned(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    stranger = fingerprint_of(SigningKey(b"\x07" * 32).public)
    assert ask(federation, node, replace(code, fingerprint=stranger)) == "kunci_hub_berbeda"
    assert node.hub() is None


@pytest.mark.parametrize("status", [200, 502])
def test_a_captive_portal_at_enrolment_asks_for_a_connection(federation: Federation, status: int) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    transport = federation.transport(node)
    transport.after = lambda path, answer: Answer(status, b"<html>Masuk</html>")
    with pytest.raises(UserError) as refused:
        enrol(node, code, transport)
    assert (refused.value.kode, node.hub()) == ("bukan_hub", None)


def test_different_words_enrol_nobody(federation: Federation) -> None:
    node = make_computer(federation)
    known, words = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    with pytest.raises(UserError, match="Enam kata tidak sama"):
        confirm_candidate(federation.hub, known.simpul, " ".join(reversed(words)), "")
    assert value(federation.hub, "SELECT count(*) FROM simpul") == 0


def test_nothing_is_accepted_from_a_computer_that_waits_for_confirmation(federation: Federation) -> None:
    node = make_computer(federation)
    enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    report = federation.sync(node)
    assert (report.outcome, report.code, report.sent) == (Outcome.DITOLAK, "not_confirmed", 0)


def test_confirming_twice_enrols_once(federation: Federation) -> None:
    node = make_computer(federation)
    known, words = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    for _ in range(2):
        confirm_candidate(federation.hub, known.simpul, " ".join(words), "")
    assert value(federation.hub, "SELECT count(*) FROM change WHERE kind = 'simpul'") == 1
    assert federation.sync(node).outcome is Outcome.SELESAI


def test_a_slot_opens_only_for_desa_of_this_kecamatan(federation: Federation) -> None:
    with pytest.raises(UserError, match="bukan desa di kecamatan ini"):
        open_slot(federation.hub, "33.03.05.2001", ADDRESS, "uji")


def test_a_withdrawn_code_is_refused_and_is_withdrawn_once(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    assert withdraw_slot(federation.hub, code.slot_id) == DESA
    assert ask(federation, node, code) == "slot_closed"
    with pytest.raises(UserError, match="tidak terbuka lagi"):
        withdraw_slot(federation.hub, code.slot_id)


def test_a_used_code_cannot_be_withdrawn(federation: Federation) -> None:
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    assert ask(federation, node, code) == ""
    with pytest.raises(UserError, match="tidak terbuka lagi"):
        withdraw_slot(federation.hub, code.slot_id)
    assert len(list_candidates(federation.hub)) == 1


def refused(federation: Federation, *, reopen: bool = False) -> tuple[NodeServices, EnrolmentCode]:
    """A computer that asked and was sent away."""
    node, code = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    known, _ = enrol(node, code, federation.transport(node))
    refuse_candidate(federation.hub, known.simpul, "asing", "", "uji", reopen=reopen)
    return node, code


def test_a_refused_computer_is_told_so(federation: Federation) -> None:
    node, code = refused(federation)
    report = federation.sync(node)
    assert (report.outcome, report.code, report.sent) == (Outcome.DITOLAK, "not_admitted", 0)
    assert report.sentence() == CODES["not_admitted"].sentence
    assert ask(federation, node, code) == "not_admitted"
    assert list_candidates(federation.hub) == [] and value(federation.hub, "SELECT count(*) FROM simpul") == 0


def test_the_code_of_a_refused_computer_is_closed_for_others_too(federation: Federation) -> None:
    _, code = refused(federation)
    assert ask(federation, make_computer(federation, "b"), code) == "slot_closed"


def test_a_code_that_was_opened_again_takes_the_right_computer(federation: Federation) -> None:
    _, code = refused(federation, reopen=True)
    right = make_computer(federation, "b")
    known, words = enrol(right, code, federation.transport(right))
    confirm_candidate(federation.hub, known.simpul, " ".join(words), "")
    assert federation.sync(right).outcome is Outcome.SELESAI


def test_a_code_that_was_opened_again_still_expires(federation: Federation) -> None:
    node, code = refused(federation, reopen=True)
    federation.clock.now += limit("enrol_code_s") + 1
    assert ask(federation, node, code) == "not_admitted"
    assert ask(federation, make_computer(federation, "b"), code) == "slot_closed"


def test_a_refused_computer_may_ask_with_a_new_code(federation: Federation) -> None:
    node, _ = refused(federation)
    known, words = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    assert federation.sync(node).code == "not_confirmed"
    confirm_candidate(federation.hub, known.simpul, " ".join(words), "")
    assert federation.sync(node).outcome is Outcome.SELESAI


def test_a_computer_that_asks_with_a_second_code_waits_under_its_words(federation: Federation) -> None:
    node, second = make_computer(federation), open_slot(federation.hub, DESA, ADDRESS, "uji")
    enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    _, words = enrol(node, second, federation.transport(node))
    assert [found["kata"] for found in list_candidates(federation.hub)] == [" ".join(words)]
    assert ask(federation, make_computer(federation, "b"), second) == "slot_closed"


@pytest.mark.parametrize(
    ("reason", "note", "reopen", "message"),
    [
        ("", "", False, "Pilih dulu"), (OTHER, "", False, "Tulis sebabnya"), (OTHER, "x" * 201, False, "paling banyak"),
        (WRONG_WORDS, "", True, "harus ditutup"),
    ],
)
def test_a_refusal_needs_a_reason_that_fits(
    federation: Federation, reason: str, note: str, reopen: bool, message: str
) -> None:
    node = make_computer(federation)
    known, _ = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    with pytest.raises(UserError, match=message):
        refuse_candidate(federation.hub, known.simpul, reason, note, "uji", reopen=reopen)
    assert len(list_candidates(federation.hub)) == 1


def test_only_who_waits_can_be_refused_and_who_was_refused_is_not_confirmed(federation: Federation) -> None:
    node = make_computer(federation)
    known, words = enrol(node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(node))
    refuse_candidate(federation.hub, known.simpul, "coba", "", "uji")
    for act in (
        lambda: refuse_candidate(federation.hub, known.simpul, "coba", "", "uji"),
        lambda: confirm_candidate(federation.hub, known.simpul, " ".join(words), ""),
        lambda: refuse_candidate(federation.hub, federation.add_node("c").new_id(), "coba", "", "uji"),
    ):
        with pytest.raises(UserError, match="Tidak ada komputer yang menunggu"):
            act()


def test_a_revoked_key_is_not_enrolled_again(federation: Federation) -> None:
    node = federation.add_node("a")
    hub, kind = federation.hub, federation.hub.catalogue["simpul"]
    known = node.hub()
    assert known is not None
    with hub.database.read() as conn:
        state = load_state(conn, hub.catalogue, kind, HUB, known.simpul)
    draft = draft_update(kind, state, known.simpul, {"status": "dicabut", "sebab": "hilang"})
    assert draft is not None
    write_common(hub, [draft], author="")
    assert ask(federation, node, open_slot(hub, DESA, ADDRESS, "uji")) == "key_revoked"


# Roads without HTTPS ---------------------------------------------------------------------------------------


def test_a_hub_gives_no_code_with_an_open_address(federation: Federation) -> None:
    with pytest.raises(UserError) as refused:
        open_slot(federation.hub, DESA, "http://hub.kecamatan.go.id", "uji")
    assert refused.value.kode == "alamat_terbuka" and "https://" in refused.value.pesan
    assert open_slot(federation.hub, DESA, "http://192.168.1.9:8700", "uji").address.startswith("http://192")


def test_plain_http_in_an_office_network_takes_a_persons_word_and_is_remembered(federation: Federation) -> None:
    node = make_node(federation.folder / "a", DESA, "a", federation.clock, seeded("a"))
    federation.nodes["a"] = node
    code = open_slot(federation.hub, DESA, "http://192.168.1.9:8700", "uji")
    with pytest.raises(UserError) as refused:
        enrol(node, code, federation.transport(node))
    assert refused.value.kode == "jaringan_kantor" and node.hub() is None
    hub, _ = enrol(node, code, federation.transport(node), is_office=True)
    assert hub.is_office and node.hub() == hub
    open_transport(node, hub.address, is_office=hub.is_office).close()


def test_no_transport_goes_in_the_clear_over_a_network_that_nobody_allowed(federation: Federation) -> None:
    node = federation.add_node("a")
    for address, is_office in (("http://192.168.1.9", False), ("http://hub.go.id", True), ("http://8.8.8.8", True)):
        with pytest.raises(UserError):
            open_transport(node, address, is_office=is_office)
