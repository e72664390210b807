"""Who may be reached by whom for what, and showing which identity (S2, S3, S28, S50-S55)."""

from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import CallerId, Directory, Purpose
from ari_app.routing.targets import Target, TargetType


def allowed_purposes(directory: Directory, agent: str, target: Target) -> frozenset[Purpose]:
    """What `agent` may ever do towards `target`, whoever is available now. Empty where it does not exist."""
    entry = directory.entry(target, agent)
    if entry is None or target == Target(TargetType.AGENT, agent):
        return frozenset()
    return entry.enabled_for if directory.settings.conferences else entry.enabled_for - {Purpose.CONFERENCE}


def check_target(directory: Directory, agent: str, target: Target, purpose: Purpose) -> None:
    """Refuse what is not listed or not enabled.

    Raises:
        Refused: `unknown_target`, `feature_disabled`, or `invalid` for oneself.
    """
    entry = directory.entry(target, agent)
    if entry is None:
        raise Refused(Code.UNKNOWN_TARGET, f"{target} is not a target of this call centre")
    if target == Target(TargetType.AGENT, agent):
        problem = FieldError("target", "this is yourself")
        raise Refused(Code.INVALID, "nobody can be their own target", (problem,))
    if purpose is Purpose.CONFERENCE and not directory.settings.conferences:
        raise Refused(Code.FEATURE_DISABLED, "conferences are switched off by the administrator")
    if purpose not in entry.enabled_for:
        raise Refused(Code.FEATURE_DISABLED, f"{purpose.value} to {target} is not enabled by the administrator")


def caller_ids_for(directory: Directory, agent: str) -> tuple[CallerId, ...]:
    """The identities that `agent` may show, in the administrator's order."""
    listed = directory.agents.get(agent)
    if listed is None:
        return ()
    return tuple(directory.caller_ids[c] for c in listed.caller_ids if c in directory.caller_ids)


def check_caller_id(directory: Directory, agent: str, caller_id: str | None, purpose: Purpose) -> CallerId | None:
    """The identity requested, where it may be shown (S50, S54).

    Raises:
        Refused: `caller_id_not_allowed` for one not in the agent's list, `feature_disabled` where the
            administrator has not enabled the choice for this purpose.
    """
    if caller_id is None:
        return None
    if purpose not in directory.caller_ids_enabled_for:
        raise Refused(Code.FEATURE_DISABLED, f"choosing a caller ID for a {purpose.value} is not enabled")
    for allowed in caller_ids_for(directory, agent):
        if allowed.id == caller_id:
            return allowed
    raise Refused(Code.CALLER_ID_NOT_ALLOWED, f"caller ID {caller_id[:64]!r} is not in your list")
