"""What the machine asks for: imperatives that carry all they need. Whoever runs one never looks back into the state.

One that is in none of the unions below is nothing that a step can ask for: mypy says so.
"""

from ari_app.calls.effects.agents import *
from ari_app.calls.effects.agents import AvailabilityEffect
from ari_app.calls.effects.bases import *
from ari_app.calls.effects.bridges import *
from ari_app.calls.effects.bridges import BridgeEffect
from ari_app.calls.effects.legs import *
from ari_app.calls.effects.legs import LegEffect
from ari_app.calls.effects.own import *
from ari_app.calls.effects.own import OwnEffect

type AsteriskEffect = LegEffect | BridgeEffect
type Effect = AsteriskEffect | AvailabilityEffect | OwnEffect
