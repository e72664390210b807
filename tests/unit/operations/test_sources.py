"""Facts out of texts: sockets, phones' secrets, locks."""

from __future__ import annotations

from ari_app.operations.facts import Secret
from ari_app.operations.sources import differing, listening, phone_secrets, pins
from tests.support.documents import ROOT

ANY = "0.0.0.0"  # noqa: S104  # nothing is bound here
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F98 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 13307392 1 0
   1: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 13307392 1 0
   2: 0100007F:1F98 0100007F:C350 01 00000000:00000000 00:00000000 00000000   999        0 13307392 1 0
"""
TCP6 = """\
   0: 00000000000000000000000000000000:1F98 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0
   1: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0
   2: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0
"""


def test_who_listens_is_read_out_of_linux_tables() -> None:
    assert listening(TCP + TCP6) == {
        8088: ["127.0.0.1", "::"],
        6379: [ANY],
        8080: ["127.0.0.1"],
        8081: ["::1"],
    }


def test_phones_secrets_are_read_without_keeping_them_and_a_carriers_is_none() -> None:
    text = """
[phone-secret](!)
type = auth
[1001](phone-secret)
username = 1001
password = phone-1001 ; the demonstration's
[1002](phone-secret)
password => 0123456789abcdef01234567
; password = commented
[carrier](+type=endpoint)
outbound_auth = carrier-login
[carrier-login]
password = short
"""
    assert phone_secrets(text) == [Secret("1001", 10, public=True), Secret("1002", 24)]


def test_the_demonstrations_phones_have_the_demonstrations_secrets() -> None:
    found = phone_secrets((ROOT / "asterisk" / "pjsip.conf").read_text())
    assert len(found) == 6
    assert all(secret.public for secret in found)


def test_packages_that_are_not_those_of_the_lock_are_named() -> None:
    wanted = pins("aiohttp==3.14.5 \\\n    --hash=sha256:00\nredis==7.0.1 ; python_version > '3'\n# a comment\n")
    assert wanted == {"aiohttp": "3.14.5", "redis": "7.0.1"}
    assert differing(wanted, {"aiohttp": "3.14.5", "redis": "7.0.1"}) == ()
    assert differing(wanted, {"aiohttp": "3.14.4", "redis": None}) == (
        "aiohttp 3.14.4, not 3.14.5",
        "redis missing, not 7.0.1",
    )


def test_every_package_of_our_own_lock_is_read() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert len(pins(lock)) == sum("==" in line for line in lock.splitlines())
