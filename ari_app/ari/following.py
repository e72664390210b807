"""What may be sent for a leg before what was sent for it is answered. Pure.

It is one request, and what becomes of those before decides nothing about it: Asterisk does it after them, whether they
were done or refused, as it would with the answers in between.
"""

from collections.abc import Callable, Sequence

from ari_app.ari.variables import switches
from ari_app.calls.effects import (
    AnswerLeg,
    AsteriskEffect,
    DetectTalk,
    DialLeg,
    JoinBridge,
    LeaveBridge,
    OnSound,
    SetMute,
    ShowIdentity,
    StopsPrompts,
    StopsSound,
)


def is_one(
    effect: StopsPrompts | DialLeg,
    muted: tuple[bool, bool] | None,
    sets_all: bool,
    may_be_lost: Callable[[StopsSound], bool],
) -> bool:
    """Whether it is one request, of a leg to which nothing is played. `muted` (nobody hears, hears nobody): what is
    requested of it now; `sets_all`: Asterisk takes several variables at once; `may_be_lost`: see `LegSounds`.
    """
    match effect:
        case SetMute(nobody_hears=nobody_hears, hears_nobody=hears_nobody):
            return muted is not None and None in switches(muted, (nobody_hears, hears_nobody))
        case ShowIdentity() | DetectTalk():
            return sets_all
        case StopsSound():
            return not may_be_lost(effect)
        case AnswerLeg() | DialLeg() | JoinBridge() | LeaveBridge() | OnSound():
            return True
        case _:
            return False


def keeps_order(effect: AsteriskEffect, unanswered: Sequence[AsteriskEffect]) -> bool:
    """A move waits for the one before, and the end of a sound for a join: where the leg is, is known by the answers
    (`joins`).
    """
    moves = JoinBridge | LeaveBridge
    awaited = moves if isinstance(effect, moves) else JoinBridge
    return not isinstance(effect, moves | StopsSound) or not any(isinstance(other, awaited) for other in unanswered)
