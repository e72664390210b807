"""What is thrown at Asterisk is SIP, but for a few: what is strange in it is quoted and escaped as it has to be."""

from __future__ import annotations

import re

from tests.e2e.strange_sip import NO_SIP, PIECES, escaped, invites, line, quoted

_STRING = rb'"(?:[^"\\\r\n\0]|\\[^\r\n\0])*"'
_ADDRESS = rb"(?i:sips?):[A-Za-z0-9\-_.!~*'()&=+$,;?/%]+@x(?:;user=phone;x=[A-Za-z0-9\-_.!~*'()&=+$,;?/%]+)?"
_FROM = re.compile(rb"(?:(?:%b|No Quotes Here)? ?<%b>|%b)" % (_STRING, _ADDRESS, _ADDRESS))
_LINE = re.compile(rb"[^\r\n\0]*")


def test_whatever_a_name_is_it_ends_where_its_quotes_end() -> None:
    assert [piece for piece in PIECES if re.fullmatch(_STRING, quoted(piece)) is None] == []
    assert quoted(b'a\\"b') == b'"a\\\\\\"b"'


def test_whatever_a_number_is_it_is_one_word_and_the_same_when_it_is_read() -> None:
    for piece in PIECES:
        read = re.sub(rb"%([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), escaped(piece))
        assert read == piece


def test_nearly_all_calls_are_as_sip_may_be_and_some_are_not() -> None:
    calls = list(invites(1_000))
    wrong = [
        call
        for call in calls
        if _FROM.fullmatch(call.caller) is None
        or any(_LINE.fullmatch(value) is None for _, value in call.headers)
        or not re.fullmatch(rb"[ -~]*", call.named)
    ]
    assert 0 < len(wrong) < NO_SIP * len(calls)
    assert line(b"a\r\nb\0") == b"a  b"


def test_each_piece_is_once_a_name_and_calls_are_always_the_same() -> None:
    calls = list(invites(len(PIECES)))
    assert [call.caller.startswith(quoted(piece)) for call, piece in zip(calls, PIECES, strict=True)] == [True] * len(
        PIECES
    )
    assert calls == list(invites(len(PIECES)))
