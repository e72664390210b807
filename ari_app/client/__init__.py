"""A client of the API, for Python: every operation of its document, its events, and its errors as exceptions.

Needs aiohttp and pydantic, and nothing else of the server's (docs/clients.md).
"""

from ari_app.api.event_models import Event
from ari_app.client.client import Client
from ari_app.client.events import UnknownEvent
from ari_app.client.problems import Problem

__all__ = ["Client", "Event", "Problem", "UnknownEvent"]
