"""Words for the transfer key with `transfer_progress`."""

from ari_app.calls import effects as e
from tests.support.office import Office


def progressing(*quick: str) -> Office:
    """An office with the setting on."""
    return Office(*quick, transfer_progress=True)


def press(office: Office, number: str = "1002", agent: str = "alice") -> str:
    """The transfer key of that agent's phone; its leg."""
    leg = office.leg_of(agent)
    office.asterisk.press_transfer(leg, number)
    office.settle()
    return leg


def was_notified(office: Office, leg: str) -> list[str]:
    """What the phone was sent, in order; also after it was hung up."""
    return [str(x.state) for x in office.asterisk.executed if isinstance(x, e.TellTransfer) and x.leg == leg]


def done(office: Office, leg: str, *kinds: type) -> list[str]:
    """What was carried out of these kinds on that leg, in order."""
    return [type(x).__name__ for x in office.asterisk.executed if isinstance(x, kinds) and getattr(x, "leg", "") == leg]
