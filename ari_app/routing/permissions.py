"""Who may be reached by whom for what, and showing which identity (S2, S3, S28, S50-S55)."""

from typing import assert_never

from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import ALL_VERBS, CallerId, Directory, Verb
from ari_app.routing.targets import Target, TargetType


def allowed_verbs(directory: Directory, agent: str, target: Target) -> frozenset[Verb]:
    """What `agent` may ever do towards `target`, whoever is available now. Empty where it does not exist."""
    if not directory.exists(target) or target == Target(TargetType.AGENT, agent):
        return frozenset()
    verbs = _enabled(directory, target)
    return verbs if directory.settings.conferences else verbs - {Verb.CONFERENCE}


def _enabled(directory: Directory, target: Target) -> frozenset[Verb]:
    match target.type:
        case TargetType.GROUP:
            return directory.groups[target.id].verbs
        case TargetType.QUEUE:
            return directory.queues[target.id].verbs
        case TargetType.SKILL:
            return directory.skills[target.id].verbs
        case TargetType.ROUTING_POINT:
            return directory.routing_points[target.id].verbs
        case TargetType.AGENT | TargetType.NUMBER:
            return ALL_VERBS
        case _:
            assert_never(target.type)


def check_target(directory: Directory, agent: str, target: Target, verb: Verb) -> None:
    """Refuse what is not listed or not enabled.

    Raises:
        Refused: `unknown_target`, `feature_disabled`, or `invalid` for oneself.
    """
    if not directory.exists(target):
        raise Refused(Code.UNKNOWN_TARGET, f"{target} is not a target of this call centre")
    if target == Target(TargetType.AGENT, agent):
        problem = FieldError("target", "this is yourself")
        raise Refused(Code.INVALID, "nobody can be their own target", (problem,))
    if verb is Verb.CONFERENCE and not directory.settings.conferences:
        raise Refused(Code.FEATURE_DISABLED, "conferences are switched off by the administrator")
    if verb not in _enabled(directory, target):
        raise Refused(Code.FEATURE_DISABLED, f"{verb.value} to {target} is not enabled by the administrator")


def caller_ids_for(directory: Directory, agent: str) -> tuple[CallerId, ...]:
    """The identities that `agent` may show, in the administrator's order."""
    listed = directory.agents.get(agent)
    if listed is None:
        return ()
    return tuple(directory.caller_ids[c] for c in listed.caller_ids if c in directory.caller_ids)


def check_caller_id(directory: Directory, agent: str, caller_id: str | None, verb: Verb) -> CallerId | None:
    """The identity asked for, where it may be shown (S50, S54).

    Raises:
        Refused: `caller_id_not_allowed` for one not in the agent's list, `feature_disabled` where the
            administrator has not enabled the choice for this verb.
    """
    if caller_id is None:
        return None
    if verb not in directory.caller_id_verbs:
        raise Refused(Code.FEATURE_DISABLED, f"choosing a caller ID for a {verb.value} is not enabled")
    for allowed in caller_ids_for(directory, agent):
        if allowed.id == caller_id:
            return allowed
    raise Refused(Code.CALLER_ID_NOT_ALLOWED, f"caller ID {caller_id[:64]!r} is not in your list")
