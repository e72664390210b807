"""What channels are given in variables and switches: displays, auto-answer, muting. Pure."""

from ari_app.calls.model import Destination, Identity, Outside, Phone, TransferState


def switches(before: tuple[bool, bool] | None, wanted: tuple[bool, bool]) -> tuple[str | None, str | None]:
    """Which of Asterisk's switches, in and out, are to be turned on, and which off. Where it is unknown what was
    `before`, all."""
    was_on = before or (False, False)
    was_off = (False, False) if before is None else (not before[0], not before[1])
    return _direction(wanted, was_on), _direction((not wanted[0], not wanted[1]), was_off)


def _direction(wanted: tuple[bool, bool], unlike: tuple[bool, bool]) -> str | None:
    """ARI's name for those of (in, out) that are wanted and were not so before."""
    match wanted[0] and not unlike[0], wanted[1] and not unlike[1]:
        case True, True:
            return "both"
        case True, False:
            return "in"
        case False, True:
            return "out"
        case _:
            return None


# What the phone is then sent as SIP fragment: 100 Trying, 200 OK, 603 Declined, 503 Service Unavailable.
PROGRESS = {
    TransferState.RINGING: "channel_progress",
    TransferState.ANSWERED: "channel_answered",
    TransferState.DECLINED: "channel_declined",
    TransferState.UNAVAILABLE: "channel_unavailable",
}

TRANSFER_KEY = {"PJSIP_TRANSFER_HANDLING()": "ari-only"}
"""A REFER moves nothing: the phone gets 202, and we a ChannelTransfer. One with `Refer-Sub: false` crashes Asterisk
before 22.11 (its issue 2021).
"""


def created_with(
    destination: Destination,
    identity: Identity,
    *,
    auto_answer: bool,
    transfer_key: bool = False,
    asserted: str = "",
) -> dict[str, str]:
    """The variables of a new channel, set before its INVITE is made, in one request.

    CONNECTEDLINE is what the called display shows: it becomes From (and P-Asserted-Identity where the endpoint
    sends it), names in UTF-8. The ",i" spares an update for each. HOLD_INTERCEPT keeps Asterisk from playing music to
    this leg by itself when the PEER's hold key is pressed.
    """
    variables = {"HOLD_INTERCEPT(set)": ""}
    if identity.anonymous:
        # Name and number are left out: with send_pai they would go out beside `Privacy: id`. So does `asserted`, and
        # shall, to a trunk that is trusted with it (trust_id_outbound).
        variables["CONNECTEDLINE(pres,i)"] = "prohib"
        if isinstance(destination, Outside):
            if asserted:
                variables["CONNECTEDLINE(num,i)"] = asserted  # Asterisk adds `Privacy: id` by itself
            else:
                variables["PJSIP_HEADER(add,Privacy)"] = "id"
    else:
        variables["CONNECTEDLINE(name,i)"] = identity.name
        variables["CONNECTEDLINE(num,i)"] = identity.number
    if auto_answer and isinstance(destination, Phone):
        variables["PJSIP_HEADER(add,Call-Info)"] = "<sip:auto-answer>;answer-after=0"
        variables["PJSIP_HEADER(add,Alert-Info)"] = "<http://auto-answer>;info=alert-autoanswer"
    if transfer_key and isinstance(destination, Phone):
        variables |= TRANSFER_KEY
    return variables


def shown_now(identity: Identity) -> dict[str, str]:
    """The variables that change an answered phone's display; the last, without ",i", sends the update.

    Anonymous is spelt out: for a prohibited identity Asterisk sends no update at all to a phone that isn't trusted with
    it (`trust_id_outbound=no`), and the display would go on showing the one before.
    """
    name, number = ("Anonymous", "anonymous") if identity.anonymous else (identity.name, identity.number)
    return {"CONNECTEDLINE(name,i)": name, "CONNECTEDLINE(pres,i)": "allowed", "CONNECTEDLINE(num)": number}


def detection(pause: float | None) -> dict[str, str]:
    """The variable that turns talk detection on, with the seconds of silence that end somebody's talk, or off."""
    return {"TALK_DETECT(remove)": ""} if pause is None else {"TALK_DETECT(set)": str(round(pause * 1000))}
