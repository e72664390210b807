"""Which messages an agent's phone is offered: of their boxes, those that its Asterisk has, the unheard first."""

from collections.abc import Sequence

import pytest

from ari_app import phone_messages
from ari_app.api import messages
from ari_app.api.messages import KNOWN, Known
from ari_app.calls.effects import ListMessages
from ari_app.calls.stimuli import MessagesListed
from ari_app.errors import AsteriskUnavailable, StoreUnavailable
from ari_app.phone_messages import PhoneMessages

AT = 1_795_910_400.0


def known(name: str, state: str = "new", box: str = "support", at: float = AT, **more: object) -> Known:
    return Known(name, f"c-{name}", box, f"calls/{name}", at, state, 5.0, **more)  # type: ignore[arg-type]


class Places:
    """The store, and the files of an Asterisk."""

    def __init__(self, *messages: Known) -> None:
        self.messages = messages
        self.elsewhere: set[str] = set()
        self.away: Exception | None = None

    async def voicemails(self, before: str | None, limit: int) -> Sequence[bytes]:
        if isinstance(self.away, StoreUnavailable):
            raise self.away
        ids = [message.id for message in self.messages]
        at = ids.index(before) + 1 if before is not None else 0
        return [KNOWN.dump_json(message) for message in self.messages[at : at + limit]]

    async def has(self, file: str) -> bool:
        if self.away is not None:
            raise self.away
        return file not in self.elsewhere


async def offered(places: Places, *boxes: str) -> MessagesListed:
    fed: list[MessagesListed] = []
    await PhoneMessages(places, places, lambda: "Europe/Paris", fed.append).answer(ListMessages("c1", boxes))
    (answer,) = fed
    return answer


async def names(places: Places) -> list[str]:
    return [message.id for message in (await offered(places, "support")).messages or ()]


async def test_those_of_the_boxes_that_are_not_done_are_offered_the_unheard_first() -> None:
    states = ("heard", "new", "done", "recording", "dropped", "new")
    places = Places(*(known(f"v{n}", state, at=AT - n) for n, state in enumerate(states)), known("w", box="other"))
    assert await names(places) == ["v1", "v5", "v0"]


async def test_of_many_the_unheard_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_messages, "MOST", 2)
    monkeypatch.setattr(messages, "PAGE", 2)
    heard = [known(f"h{n}", "heard", at=AT - n) for n in range(5)]
    assert await names(Places(*heard, known("v1", at=AT - 9))) == ["v1", "h0"]


async def test_what_another_asterisk_has_is_not_offered() -> None:
    places = Places(known("v1"), known("v2"))
    places.elsewhere.add("calls/v2")
    assert await names(places) == ["v1"]


async def test_a_phone_is_given_the_number_unless_it_is_withheld_and_the_offset_of_that_day() -> None:
    withheld = known("v2", number="+33600000000", anonymous=True, at=AT - 180 * 86_400)
    first, second = (await offered(Places(known("v1", number="+33612345678"), withheld), "support")).messages or ()
    assert (first.number, first.east, first.new) == ("+33612345678", 3600.0, True)
    assert (second.number, second.east) == ("", 7200.0)


@pytest.mark.parametrize("away", [StoreUnavailable(), AsteriskUnavailable()])
async def test_where_one_of_both_is_away_the_phone_gets_to_know_that(away: Exception) -> None:
    places = Places(known("v1"))
    places.away = away
    assert await offered(places, "support") == MessagesListed("c1", None)
