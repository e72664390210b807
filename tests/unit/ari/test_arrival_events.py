"""Who comes out of the dialplan, and who is there already: what their channels tell of them."""

import pytest
from structlog.testing import capture_logs

from ari_app.ari.events import Translator
from ari_app.calls.model import Identity, Withheld
from ari_app.calls.stimuli import (
    ChannelArrived,
    ChannelFact,
    LegAnswered,
    LegIdentified,
)
from tests.unit.ari.telling import APP, channel, event, start, tell


@pytest.fixture
def translator() -> Translator:
    return Translator(APP)


def test_a_channel_from_the_dialplan_arrives_with_its_data(translator: Translator) -> None:
    facts = tell(
        translator,
        event("ChannelVarset", "in", variable="CALL_DATA_Topic", value="billing"),
        event("ChannelVarset", "in", variable="CALL_DATA_Topic", value="sales"),
        event("ChannelVarset", "in", variable="OTHER", value="x"),
        event("ChannelVarset", "else", variable="CALL_DATA_x", value="y"),
        {"type": "ChannelVarset", "variable": "CALL_DATA_GLOBAL", "value": "no channel"},
        start(
            "in",
            "skill",
            "french>=3",
            caller={"name": "Zoé", "number": "+336"},
            channelvars={"CALL_DATA_listed": "1", "CALL_DATA_empty": "", "CALL_DATA_TOPIC": "older", "FOO": "2"},
        ),
    )
    assert facts == [
        ChannelArrived(
            "in", "1001", "skill", ("french>=3",), Identity("Zoé", "+336"), {"topic": "sales", "listed": "1"}
        )
    ]


def test_a_channel_may_arrive_with_no_argument(translator: Translator) -> None:
    (fact,) = tell(translator, start("in"))
    assert isinstance(fact, ChannelArrived)
    assert (fact.entry_verb, fact.args) == ("", ())


@pytest.mark.parametrize("number", ["", "anonymous", "Restricted"])
def test_a_caller_without_a_number_is_anonymous(translator: Translator, number: str) -> None:
    (fact,) = tell(translator, start("in", "agent", "a", caller={"name": "Anonymous", "number": number}))
    assert isinstance(fact, ChannelArrived)
    assert fact.caller == Identity(anonymous=True)


@pytest.mark.parametrize("presentation", ["prohib", "prohib_not_screened", "prohib_passed_screen"])
def test_a_caller_who_withholds_name_and_number_is_anonymous_and_they_are_never_printed(
    translator: Translator, presentation: str
) -> None:
    caller = {"name": "Zoé", "number": "+336"}
    (fact,) = tell(translator, start("in", "agent", "a", caller=caller, channelvars={"CALLERID(pres)": presentation}))
    assert isinstance(fact, ChannelArrived)
    assert (fact.caller, fact.withheld) == (Identity(anonymous=True), Withheld("Zoé", "+336"))
    assert "Zoé" not in repr(fact)
    assert "+336" not in repr(fact)


@pytest.mark.parametrize("presentation", ["allowed", "allowed_not_screened", "unavailable", ""])
def test_a_caller_who_withholds_nothing_is_shown(translator: Translator, presentation: str) -> None:
    caller = {"name": "Zoé", "number": "+336"}
    (fact,) = tell(translator, start("in", "agent", "a", caller=caller, channelvars={"CALLERID(pres)": presentation}))
    assert isinstance(fact, ChannelArrived)
    assert (fact.caller, fact.withheld) == (Identity("Zoé", "+336"), None)


def test_it_is_said_once_that_asterisk_does_not_tell_what_is_withheld(translator: Translator) -> None:
    with capture_logs() as logs:
        tell(translator, start("one", "agent", "a", channelvars={"CALLERID(pres)": "allowed"}))
        tell(translator, start("two", "agent", "a"), start("three", "agent", "a"))
    assert [entry["event"] for entry in logs] == ["withheld_identities_unknown"]


def test_a_name_is_without_the_backslashes_of_its_quoted_string(translator: Translator) -> None:
    name = r"Dupont \"le grand\" \\o/"
    (fact,) = tell(translator, start("in", "agent", "a", caller={"name": name, "number": "+336"}))
    assert isinstance(fact, ChannelArrived)
    assert fact.caller.name == r'Dupont "le grand" \o/'


def test_a_name_or_number_has_no_character_that_turns_or_breaks_the_text_around_it(translator: Translator) -> None:
    caller = {"name": "\u202eZoé\u2069\x07 شريف", "number": "\u202e+33\u200f6"}
    (fact,) = tell(translator, start("in", "agent", "a", caller=caller))
    assert isinstance(fact, ChannelArrived)
    assert fact.caller == Identity("Zoé شريف", "+336")
    nothing = start("two", "agent", "a", caller={"name": "\u202e", "number": "\u202e"})
    hidden = tell(translator, nothing | {"channel": nothing["channel"]})[0]
    assert isinstance(hidden, ChannelArrived)
    assert hidden.caller == Identity(anonymous=True)


def test_what_the_dialplan_attaches_has_no_such_character_either_for_it_may_come_from_a_header(
    translator: Translator,
) -> None:
    (fact,) = tell(
        translator,
        event("ChannelVarset", "in", variable="CALL_DATA_x", value="a\r\nb\x1b[2J\ud800"),
        event("ChannelVarset", "in", variable="CALL_DIALLED", value="2000\x00\n"),
        start("in", "number", "06\n12", channelvars={"CALL_DATA_y": "\u202ec"}),
    )
    assert isinstance(fact, ChannelArrived)
    assert fact.user_data == {"x": "ab[2J", "y": "c"}
    assert (fact.dialled, fact.args) == ("2000", ("0612",))


def test_another_name_or_number_at_the_other_end_is_reported_of_legs_of_ours(translator: Translator) -> None:
    tell(translator, start("in", "agent", "a"))
    known = event("ChannelCallerId", "in", caller={"name": "Zoé", "number": "+336"})
    hidden = {"channel": {**known["channel"], "channelvars": {"CALLERID(pres)": "prohib"}}}
    stranger = event("ChannelCallerId", "not ours")
    assert tell(translator, known, known | hidden, stranger) == [
        LegIdentified("in", Identity("Zoé", "+336")),
        LegIdentified("in", Identity(anonymous=True), Withheld("Zoé", "+336")),
    ]


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("PJSIP/1001-0000002a", "1001"),
        ("PJSIP/my-trunk-0000002a", "my-trunk"),
        ("Local/4000@routing-points-0000002a;2", "4000@routing-points"),
        ("odd", "odd"),
    ],
)
def test_the_endpoint_is_the_users_or_trunks_name(translator: Translator, name: str, endpoint: str) -> None:
    (fact,) = tell(translator, start("in", "agent", "a", name=name))
    assert isinstance(fact, ChannelArrived)
    assert fact.endpoint == endpoint


def test_a_listing_tells_who_is_in_the_application_and_how_they_came(translator: Translator) -> None:
    tell(translator, event("ChannelVarset", "in", variable="CALL_DATA_a", value="1"), start("gone", "_leg"))
    listed = translator.listed(
        [
            channel("ours", "Ringing", dialplan={"app_name": "Stasis", "app_data": f"{APP},_leg,call"}),
            channel("in", "Up", dialplan={"app_name": "Stasis", "app_data": f"{APP},queue,sales,2"}),
            channel("bare", "Up", dialplan={"app_name": "Stasis", "app_data": APP}),
            channel("theirs", "Up", dialplan={"app_name": "Stasis", "app_data": "other,queue,sales"}),
            channel("waiting", "Up", dialplan={"app_name": "MusicOnHold", "app_data": "default"}),
        ]
    )
    hidden = Identity(anonymous=True)
    assert listed == (
        ChannelFact("ours", up=False, ringing=True, in_app=True),
        ChannelFact(
            "in",
            up=True,
            ringing=False,
            in_app=True,
            arrived=ChannelArrived("in", "1001", "queue", ("sales", "2"), hidden, {"a": "1"}),
        ),
        ChannelFact(
            "bare", up=True, ringing=False, in_app=True, arrived=ChannelArrived("bare", "1001", "", (), hidden)
        ),
        ChannelFact("theirs", up=True, ringing=False, in_app=False),
        ChannelFact("waiting", up=True, ringing=False, in_app=False),
    )
    facts = tell(
        translator,
        start("ours", "_leg", "call"),
        start("in", "queue", "sales", "2"),
        event("ChannelStateChange", "ours", state="Up"),
        event("ChannelDestroyed", "gone", cause=16),
    )
    assert facts == [LegAnswered("ours")]
