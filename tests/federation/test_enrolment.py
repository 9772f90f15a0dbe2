"""How a computer becomes a node: a code, a proof, six words, and everything that must not be enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot
from node.commands import make_node
from node.services import NodeServices
from node.sinkron.enrol import enrol
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.changelog.keys import SigningKey
from shared.errors import UserError
from shared.sync.enrolment import EnrolmentCode, fingerprint_of, parse_code
from shared.sync.limits import limit
from tests.support.federation import ADDRESS, DESA, Federation, seeded
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
