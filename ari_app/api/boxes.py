"""What is counted of the messages that callers have left: a change costs what it changes, however many there are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ari_app.api.messages import Known, Unheard
from ari_app.calls.model import counted


class Boxes:
    """All messages, by their boxes."""

    def __init__(self, messages: Iterable[Known] = ()) -> None:
        self._messages: dict[str, Known] = {}
        self._unheard: dict[str, dict[str, float]] = {}  # by box: when each was left
        self._counts: Counter[str] = Counter()
        for message in messages:
            self.put(message)

    def put(self, message: Known) -> None:
        """It is there, and so now."""
        self.drop(message.id)
        self._messages[message.id] = message
        self._counts.update(_counted_at(message))
        if message.state == "new":
            self._unheard.setdefault(message.box, {})[message.id] = message.begun_at

    def drop(self, name: str) -> None:
        """It is there no more."""
        before = self._messages.pop(name, None)
        if before is None:
            return
        for where in _counted_at(before):
            self._counts[where] -= 1
            if not self._counts[where]:
                del self._counts[where]
        self._unheard.get(before.box, {}).pop(name, None)

    def gone(self, now: "Boxes") -> list[Known]:
        """Messages that are there no more."""
        return [each for name, each in self._messages.items() if each.listed and name not in now._messages]

    def unheard(self, box: str) -> Unheard:
        """Those that nobody has heard."""
        times = self._unheard.get(box, {}).values()
        return Unheard(len(times), min(times, default=None))

    def counts(self) -> Mapping[str, int]:
        """How many there are, as `calls.model.counted` says where."""
        return dict(self._counts)


def _counted_at(message: Known) -> Iterator[str]:
    if message.listed:
        yield counted(message.box)
    if message.state == "new" and message.number:
        yield counted(message.box, message.number)
