"""SDP, and what a display shows of a message."""

from __future__ import annotations

import pytest
from aiosipua import SipMessage, SipRequest
from hypothesis import given
from hypothesis import strategies as st

from tests.bots import sdp
from tests.bots.dialog import Display, identity, wants_auto_answer
from tests.bots.sdp import Direction

DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")


def invite(*headers: str, sender: str = '"Alice" <sip:1001@127.0.0.1>;tag=1') -> SipRequest:
    """An INVITE with those headers."""
    lines = ("INVITE sip:1002@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1", f"From: {sender}")
    rest = ("To: <sip:1002@127.0.0.1>", "Call-ID: 1", "CSeq: 1 INVITE", *headers)
    message = SipMessage.parse("\r\n".join((*lines, *rest)) + "\r\n\r\n")
    assert isinstance(message, SipRequest)
    return message


@given(st.sampled_from(DIRECTIONS), st.integers(96, 127), st.integers(1, 65_535))
def test_a_description_is_read_back_as_it_was_written(direction: Direction, dtmf: int, port: int) -> None:
    remote = sdp.read(sdp.Session("127.0.0.9", port).describe(direction, dtmf).decode())
    assert remote == sdp.Remote("127.0.0.9", port, direction, True, dtmf)


@given(st.sampled_from(DIRECTIONS), st.sampled_from(DIRECTIONS))
def test_an_answer_never_takes_more_than_the_offer_gives(offered: Direction, wanted: Direction) -> None:
    answered = sdp.answer_direction(offered, wanted)
    if offered in ("sendonly", "inactive") or wanted in ("recvonly", "inactive"):
        assert answered in ("recvonly", "inactive")
    if offered in ("recvonly", "inactive") or wanted in ("sendonly", "inactive"):
        assert answered in ("sendonly", "inactive")


def test_the_session_level_direction_and_the_old_hold_are_understood() -> None:
    body = "v=0\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n"
    remote = sdp.read(body)
    assert remote is not None
    assert remote.direction == "sendonly"
    assert remote.held
    assert sdp.read("v=0\r\n") is None


def test_the_asserted_identity_goes_before_the_party_id_before_from() -> None:
    asserted = 'P-Asserted-Identity: "Zoé O\'Brien" <sip:+33611111111@127.0.0.1>'
    party = 'Remote-Party-ID: "Bob" <sip:1002@127.0.0.1>;privacy=off;screen=no'
    assert identity(invite(party, asserted), with_from=True) == Display(
        "Zoé O'Brien", "+33611111111", source="P-Asserted-Identity"
    )
    assert identity(invite(party), with_from=True) == Display("Bob", "1002", source="Remote-Party-ID")
    assert identity(invite(), with_from=True) == Display("Alice", "1001", source="From")
    assert identity(invite(), with_from=False) is None


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ((), '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'),
        (("P-Asserted-Identity: <sip:1001@127.0.0.1>", "Privacy: id"), '"Alice" <sip:1001@127.0.0.1>;tag=1'),
        (('Remote-Party-ID: "A" <sip:1001@x>;privacy=full',), '"Alice" <sip:1001@127.0.0.1>;tag=1'),
    ],
)
def test_an_identity_that_is_hidden_shows_neither_name_nor_number(headers: tuple[str, ...], sender: str) -> None:
    shown = identity(invite(*headers, sender=sender), with_from=True)
    assert shown is not None
    assert (shown.anonymous, shown.name, shown.number) == (True, "", "")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("Call-Info: <sip:x>;answer-after=0", True),
        ("Call-Info: <sip:x>;answer-after=10", False),
        ("Alert-Info: <http://x>;info=alert-autoanswer", True),
        ("Alert-Info: Auto Answer", True),
        ("Subject: auto answer", False),
    ],
)
def test_auto_answer_is_requested_by_two_headers(header: str, wanted: bool) -> None:
    assert wants_auto_answer(invite(header)) is wanted
