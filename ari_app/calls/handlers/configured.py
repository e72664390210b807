"""What calls that are up take from the administrator's file when it is read again."""

from ari_app.calls import discretion
from ari_app.calls.features import opening
from ari_app.calls.step import Step
from ari_app.routing.directory import Directory, Settings


def apply(step: Step, directory: Directory) -> None:
    """The administrator's file was read again: what calls that are up derive from it is derived anew."""
    before, after = step.directory.settings, directory.settings
    step.directory = directory
    opening.review(step)
    if before.agents_see_withheld and not after.agents_see_withheld:
        for call in list(step.live_calls()):
            step.add_call(discretion.of_call(call))
    if _derived_from(before) == _derived_from(after):
        return
    for call in list(step.live_calls()):
        step.touch(call.id)


def _derived_from(settings: Settings) -> tuple[object, ...]:
    return settings.talk_detection, settings.max_parties, settings.max_hold
