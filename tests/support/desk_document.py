"""`ari_app/desk/openapi.json`: the API's document, out of which the page's client is generated where the page is built.

    python -m tests.support.desk_document

writes it anew after a change of the API; tests/unit/api/test_desk.py finds one that was forgotten.
"""

import asyncio
import json
from pathlib import Path

from tests.unit.api.fakes import DOCUMENT, World

FILE = Path(__file__).parents[2] / "ari_app" / "desk" / "openapi.json"


def text(document: dict[str, object]) -> str:
    """The document as it stands in the file: a change is seen line by line."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


async def _write() -> None:
    world = await World().start()
    await world.stop()
    FILE.write_text(text(DOCUMENT))


if __name__ == "__main__":
    asyncio.run(_write())
