"""How a call begins, whoever begins it: with nobody in it yet, and with the data that its target attaches (S7)."""

from ari_app.calls.model import Call, CallType, Offer
from ari_app.calls.step import Step
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType


def new_call(
    step: Step, call_id: str, kind: CallType, user_data: dict[str, str], offer: Offer | None, dialled: str | None
) -> Call:
    """A call with no party yet."""
    return step.add_call(
        Call(
            id=call_id,
            type=kind,
            bridge=f"{call_id}-b",
            started_at=step.now,
            user_data=user_data,
            offer=offer,
            music_class=step.directory.settings.music_class,
            dialled=dialled or None,
        )
    )


def attached(directory: Directory, target: Target) -> dict[str, str]:
    """The data that a corporate favourite attaches to calls made to it (S7)."""
    point = directory.routing_points.get(target.id) if target.type is TargetType.ROUTING_POINT else None
    return dict(point.user_data) if point is not None and point.favourite else {}
