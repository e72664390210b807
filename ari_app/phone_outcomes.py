"""Whether an agent who dials a code of their phone must say first how their last call went."""

from collections.abc import Callable

from ari_app.api.outcomes import Notes, Record, missing
from ari_app.calls.effects import CheckOutcome
from ari_app.calls.stimuli import OutcomeChecked
from ari_app.errors import Unavailable
from ari_app.routing.settings import Settings


class PhoneOutcomes:
    """`record` has what is known of an agent now, `feed` takes the answers."""

    def __init__(
        self,
        notes: Notes,
        record: Callable[[str], Record | None],
        settings: Callable[[], Settings],
        feed: Callable[[OutcomeChecked], None],
    ) -> None:
        self._notes = notes
        self._record = record
        self._settings = settings
        self._feed = feed

    async def answer(self, effect: CheckOutcome) -> None:
        """OutcomeChecked follows, whatever happens: while the store is away, or by a fault of ours, nothing is
        missing."""
        try:
            found = await missing(self._notes, effect.agent, self._record(effect.agent), self._settings())
        except Exception as error:
            self._feed(OutcomeChecked(effect.leg, effect.agent, effect.feature, missing=False))
            if not isinstance(error, Unavailable):
                raise
        else:
            self._feed(OutcomeChecked(effect.leg, effect.agent, effect.feature, found))
