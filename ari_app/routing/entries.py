"""What the dialplan may hand over (`Stasis(<application>,<verb>,<argument>)`), and what of it cannot be served.

One rule for callers who arrive and for `ari-app check`, which reads the dialplan before anybody calls.
"""

from enum import StrEnum

from ari_app.errors import Code, Refused
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType, parse_target

DELIVERIES = frozenset(TargetType)
"""`number`: what the administrator gave that number to, whatever it is."""
DIAL, FEATURE, OPENING, VOICEMAIL = "dial", "feature", "opening", "voicemail"
FEATURES = frozenset({"ready", "not_ready", "login", "logout", OPENING, VOICEMAIL})
TIE = "tie"
"""From another Asterisk: the dialplan of those that stand behind an edge hands it over, and no administrator's."""


class Fault(StrEnum):
    """Why somebody who arrives from the dialplan is turned away."""

    UNKNOWN_VERB = "unknown_verb"
    UNKNOWN_TIE = "unknown_tie"  # nobody awaits it, or no more
    UNKNOWN_TARGET = "unknown_target"
    UNKNOWN_FEATURE = "unknown_feature"
    UNKNOWN_PHONE = "unknown_phone"  # it is no agent's
    NUMBER_REFUSED = "number_refused"
    TOO_MANY_CALLS = "too_many_calls"
    RATE_LIMITED = "rate_limited"  # … in the last minute
    LOGGED_OUT = "logged_out"
    NOT_ALLOWED = "not_allowed"  # it is for supervisors and administrators


def delivered_to(directory: Directory, verb: str, argument: str) -> Target:
    """The target of a caller who is to be delivered.

    Raises:
        Refused: `unknown_target`, where the administrator lists none such.
    """
    target = directory.numbers.get(argument) if verb == TargetType.NUMBER else parse_target(f"{verb}:{argument}")
    if target is None or not directory.exists(target):
        raise Refused(Code.UNKNOWN_TARGET, "the dialplan names what the file does not have")
    return target


def opened_by(directory: Directory, argument: str) -> Target | None:
    """What a code opens and closes, as `queue:sales` or by its number; None for what is never closed."""
    try:
        target = parse_target(argument)
    except Refused:
        target = Target(TargetType.NUMBER, argument)
    target = directory.resolve(target)
    return target if directory.opened(target) is not None else None


def fault_of(directory: Directory, verb: str, argument: str | None) -> Fault | None:
    """What is wrong with what the dialplan hands over, whoever comes; `argument` is None where it is not known yet."""
    if verb == DIAL:
        return None
    if verb == FEATURE:
        return None if argument is None or argument in FEATURES else Fault.UNKNOWN_FEATURE
    if verb not in DELIVERIES:
        return Fault.UNKNOWN_VERB
    if argument is None:
        return None
    try:
        delivered_to(directory, verb, argument)
    except Refused:
        return Fault.UNKNOWN_TARGET
    return None
