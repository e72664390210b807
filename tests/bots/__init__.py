"""Call bots that listen: SIP phones with a programmed behaviour, for tests that assert on audio.

Start at `lab.Lab`. Who hears whom is decided from RTP (`hearing`), never believed from an answer of
the system under test. `README.md` has the scenario format for testers.
"""

from tests.bots.behaviour import Behaviour, answers, declines, forwards, is_busy, is_unplugged, is_unreachable, rings
from tests.bots.call import Call
from tests.bots.call_state import CallRefused, CallState
from tests.bots.carrier import Carrier, Contact, Withholding
from tests.bots.dialog import Display
from tests.bots.events import DeadlineMissed
from tests.bots.lab import Lab, Pair, everyone, pairs
from tests.bots.phone import Phone
from tests.bots.registration import RegistrationFailed
from tests.bots.sound import Sound
from tests.bots.transfer import Transfer

__all__ = [
    "Behaviour",
    "Call",
    "CallRefused",
    "CallState",
    "Carrier",
    "Contact",
    "DeadlineMissed",
    "Display",
    "Lab",
    "Pair",
    "Phone",
    "RegistrationFailed",
    "Sound",
    "Transfer",
    "Withholding",
    "answers",
    "declines",
    "everyone",
    "forwards",
    "is_busy",
    "is_unplugged",
    "is_unreachable",
    "pairs",
    "rings",
]
