"""`ari_app/desk/openapi.json`: the API's document, out of which the page's client is generated where the page is built;
beside it that of the events, which is validated there.

    python -m tests.support.desk_document

writes it anew after a change of the API; tests/unit/api/test_desk.py finds one that was forgotten.
"""

import asyncio
import json
from pathlib import Path

from ari_app.api.asyncapi import asyncapi
from tests.unit.api.fakes import DOCUMENT, World

EVENTS = Path(__file__).parents[2] / "ari_app" / "desk" / "asyncapi.json"
FILE = Path(__file__).parents[2] / "ari_app" / "desk" / "openapi.json"


def text(document: dict[str, object]) -> str:
    """The document as it stands in the file: a change is seen line by line."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


async def _write() -> None:
    world = await World().start()
    await world.stop()
    FILE.write_text(text(DOCUMENT))
    EVENTS.write_text(text(asyncapi()))


if __name__ == "__main__":
    asyncio.run(_write())
