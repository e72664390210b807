"""What is counted of requests and events has few kinds, whatever strangers and ids come to."""

import pytest

from ari_app.ari.figures import kind_of_event, kind_of_request, outcome_of

HOST = "http://127.0.0.1:8088/ari"


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/channels/cc-1/mute", "POST channels/mute"),
        ("DELETE", "/channels/cc-1/mute", "DELETE channels/mute"),
        ("delete", "/channels/cc-1?reason=normal", "DELETE channels"),
        ("GET", "/channels", "GET channels"),
        ("POST", "/bridges/b-1/addChannel", "POST bridges/addChannel"),
        ("GET", "/api-docs/channels.json", "GET api-docs"),
        ("PUT", "/applications/callcontrol/eventFilter", "PUT applications/eventFilter"),
        ("GET", "/asterisk/config/dynamic/res_pjsip/aor/1001", "GET asterisk"),
        ("GET", "/recordings/stored/a%2Fb/file", "GET recordings/file"),
        ("GET", "/secrets/of/somebody", "GET other"),
    ],
)
def test_a_request_is_counted_by_what_is_requested_and_not_of_whom(method: str, path: str, kind: str) -> None:
    assert kind_of_request(method, f"{HOST}{path}") == kind


def test_an_event_that_nobody_knows_is_another_one() -> None:
    assert [kind_of_event(kind) for kind in ("StasisStart", "Surprise", None)] == ["StasisStart", "other", "other"]


def test_what_became_of_a_request_follows_from_its_status() -> None:
    assert [outcome_of(status) for status in (0, 204, 404, 503)] == ["unreached", "done", "refused", "failed"]
