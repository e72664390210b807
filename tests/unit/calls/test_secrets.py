"""Digits may be somebody's secret: logs and stories in logs show that there were some, never which."""

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import KeyedNumber, OfferKind


def test_no_digit_is_in_what_a_log_would_show() -> None:
    said = [
        c.SendDtmf(id="k", by="alice", call="c", digits="4711"),
        e.PlayDtmf(1, "leg", "4711"),
        s.LegDigit("leg", "4711"),
        KeyedNumber(OfferKind.TRANSFER, 0.0, digits="4711"),
    ]
    for one in said:
        assert "4711" not in repr(one)
