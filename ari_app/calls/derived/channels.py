"""The channel that a leg needs follows from the leg: what is requested of Asterisk for it can be requested again."""

from ari_app.calls.derived import transfer_progress
from ari_app.calls.effects import CreateLeg
from ari_app.calls.model import CallId, Identity, Leg, Outside
from ari_app.calls.step import Step


def create(step: Step, leg: Leg, call_id: CallId) -> None:
    """Have it made towards the leg's destination; LegCreated follows, and then it is dialled."""
    if leg.destination is None:
        raise AssertionError("a leg that leads nowhere")
    identity, company = leg.shown or Identity(), step.directory.settings.company
    withheld = isinstance(leg.destination, Outside) and identity.anonymous
    step.ask(
        CreateLeg,
        leg.id,
        leg.destination,
        identity,
        call_id,
        leg.auto_answer,
        transfer_progress.wanted(step) and not leg.tie,
        company.number if company is not None and withheld else "",
    )
