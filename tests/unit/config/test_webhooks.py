"""Receivers of webhooks in the administrator's file: where they may be, and where their secrets are."""

from pathlib import Path

import pytest

from ari_app.config.demo import check_secrets
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import Configuration, parse
from ari_app.routing.webhooks import KINDS, Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FILE = """
agents: {{alice: {{name: Alice, phone: 1001, password: x, groups: [sales]}}}}
groups: {{sales: {{name: Sales}}}}
queues: {{sales: {{name: Sales, groups: [sales]}}}}
settings: {{webhook_hosts: [crm.internal]}}
webhooks:
  crm: {{{entry}}}
"""


def read(entry: str) -> Configuration:
    return parse(FILE.format(entry=entry))


def faults(entry: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as found:
        read(entry)
    return [f"{error.field}: {error.message}" for error in found.value.errors]


def test_a_receiver_gets_all_events_unless_the_file_says_which() -> None:
    (all_,) = read(f"url: https://crm.example.org/hook, secret: {SECRET}").webhooks.values()
    assert all_ == Webhook("crm", "https://crm.example.org/hook", SECRET, KINDS, (), clear=True)
    (some,) = read(
        f"url: https://x.example.org, secret: {SECRET}, events: [call.ended], for: [queue:sales, agent:alice]"
    ).webhooks.values()
    assert (some.events, some.whom) == (("call.ended",), ("queue:sales", "agent:alice"))


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.org",
        "https://10.0.0.7:8443/hook?a=b",
        "http://127.0.0.1:9000/hook",
        "http://[::1]:9000/",
        "http://localhost/x",
        "http://crm.internal/x",
    ],
)
def test_events_go_where_nobody_reads_them_on_the_way_or_where_the_file_says_so(url: str) -> None:
    assert read(f"url: '{url}', secret: {SECRET}").webhooks["crm"].url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://crm.example.org/x", "must begin with https://, or see settings.webhook_hosts"),
        ("http://10.0.0.7/x", "must begin with https://, or see settings.webhook_hosts"),
        ("ftp://crm.example.org/x", "string should match pattern"),
        ("https://user:pass@crm.example.org/x", "may have neither a user nor a fragment"),
        ("https://crm.example.org/x#a", "may have neither a user nor a fragment"),
        ("https://169.254.169.254/latest/meta-data", "leads to no address that events may go to"),
        ("https://[fe80::1]/", "leads to no address that events may go to"),
        ("https://0.0.0.0/", "leads to no address that events may go to"),
        ("https://100.100.100.200/latest/meta-data", "leads to no address that events may go to"),
        ("https://[fd00:ec2::254]/", "leads to no address that events may go to"),
        ("https://[fe80::1%25eth0]/", "leads to no address that events may go to"),
        ("https://[::ffff:169.254.169.254]/", "leads to no address that events may go to"),
    ],
)
def test_nowhere_else(url: str, why: str) -> None:
    (fault,) = faults(f"url: '{url}', secret: {SECRET}")
    assert fault.startswith("webhooks.crm.url: ")
    assert why.removeprefix("string should ") in fault
    assert "pass" not in fault


def test_the_secret_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "crm").write_text(f"{SECRET}\n")
    (found,) = read(f"url: https://x.example.org, secret_file: {tmp_path}/crm").webhooks.values()
    assert (found.secret, found.clear) == (SECRET, False)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("secret: whsec_short", "webhooks.crm.secret: must be whsec_ and 24 to 64 random bytes in base64"),
        ("secret: hunter2", "webhooks.crm.secret: must be whsec_"),
        ("secret_file: /nowhere", "webhooks.crm.secret_file: there is no such file where the controller runs"),
        ("events: []", "webhooks.crm.events: list should have at least 1 item"),
        ("events: [call.begun]", "webhooks.crm.events.0:"),
        ("for: [queue:nowhere]", "webhooks.crm.for.0: queue:nowhere is not in this file"),
        ("for: ['number:+331']", "for: must be queues, groups and agents"),
        ("", "give either secret_file or, for a demo, secret"),
    ],
)
def test_what_is_wrong_is_named(entry: str, why: str) -> None:
    given = f", secret: {SECRET}" if entry and "secret" not in entry else ""
    (fault,) = faults(f"url: https://x.example.org{given}, {entry}" if entry else "url: https://x.example.org")
    assert why.replace("list should", "must") in fault
    assert "hunter2" not in fault
    assert "short" not in fault


def test_a_file_with_something_else_in_it_is_no_secret_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "crm").write_text("hunter2")
    (fault,) = faults(f"url: https://x.example.org, secret_file: {tmp_path}/crm")
    assert "must be whsec_" in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(("host", "refused"), [("192.0.2.10", True), ("127.0.0.1", False)])
def test_a_secret_in_clear_is_for_this_machine_alone(host: str, refused: bool) -> None:
    def check() -> None:
        check_secrets(
            api_host=host, ari_url="http://127.0.0.1", ari_password="x" * 24, credentials={}, file="f.yaml",
            webhooks=(Webhook("crm", "https://x.example.org", SECRET, clear=True),),
        )  # fmt: skip

    if not refused:
        check()
        return
    with pytest.raises(ConfigInvalid) as found:
        check()
    assert "webhooks.crm.secret: stands in clear, refused on 192.0.2.10: write `secret_file`" in str(found.value)
    assert SECRET not in str(found.value)
