"""Whatever Asterisk sends: nothing comes out of whoever reads it, and the next caller is served.

`CC_EXAMPLES` stretches of events. What is in the models of the real Asterisk is tried in
`tests/contract/test_ari_models.py`.
"""

import os
import unicodedata
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings

from tests.support.reader import Reader, events, stretches

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "150"))
_NOT_SHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@settings(max_examples=EXAMPLES)
@given(stretches(events()))
def test_whatever_asterisk_sends_is_read_and_the_next_caller_is_served(reported: Sequence[Any]) -> None:
    reader = Reader()
    for each in reported:
        reader.read(each)
    assert not reader.faults
    assert not {unicodedata.category(character) for character in reader.shown()} & _NOT_SHOWN, repr(reader.shown())
    assert reader.serves_the_next()
