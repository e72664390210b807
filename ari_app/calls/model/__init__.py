"""The state of calls: frozen values that a step replaces, never edits.

Owns the nouns. A *call* has *parties*; a party speaks through a *leg* (one channel of Asterisk); an *offer* is a
target being rung for a call. An agent's one leg may serve several of their calls: its `focus` is the one they hear.

Because values are frozen, a snapshot is the value itself, a refused command leaves nothing half done, and what
changed in a step is found by identity.
"""

from ari_app.calls.model.callbacks import *
from ari_app.calls.model.calls import *
from ari_app.calls.model.ids import *
from ari_app.calls.model.legs import *
from ari_app.calls.model.listening import *
from ari_app.calls.model.offers import *
from ari_app.calls.model.parties import *
from ari_app.calls.model.pending import *
from ari_app.calls.model.ties import *
from ari_app.calls.model.voicemail import *
from ari_app.calls.model.watching import *
