"""What a receiver is sent: CloudEvents as JSON (structured mode), signed as Standard Webhooks."""

import json
from datetime import UTC, datetime

from standardwebhooks import Webhook

import ari_app
from ari_app.webhooks.model import Event

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def body(event: Event, source: str) -> str:
    """The event as it is kept and sent; `source` names the call centre."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {
        "specversion": "1.0", "id": event.id, "source": source, "type": event.kind, "subject": event.line, "time": at,
        "datacontenttype": "application/json",
    }  # fmt: skip
    return f'{json.dumps(head)[:-1]}, "data": {event.data}}}'


def headers(id_: str, text: str, secret: str, now: float) -> dict[str, str]:
    """Those of one try, at `now` (seconds since the epoch): a receiver refuses what was signed long ago."""
    at = datetime.fromtimestamp(int(now), UTC)
    return {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": f"callcontrol/{ari_app.__version__}",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(secret).sign(id_, at, text),
    }
