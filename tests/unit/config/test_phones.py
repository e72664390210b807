"""An agent's phone with its account in the administrator's file."""

from pathlib import Path

import pytest

from ari_app.__main__ import main
from ari_app.config.accounts import faults
from ari_app.config.demo import check_secrets
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import Configuration, parse
from ari_app.config.phones import phone_digest

SECRET = "correct-horse-battery"
STRONG = f"{{user: 1007, secret: {SECRET}}}"


def with_phone(phone: str) -> Configuration:
    return parse(f"agents:\n  grace:\n    name: Grace\n    password: grace-own\n    phone: {phone}\n")


@pytest.mark.parametrize("phone", ["1007", '"1007"', "{user: 1007}"])
def test_a_phone_without_a_secret_has_its_account_in_pjsip_conf(phone: str) -> None:
    configuration = with_phone(phone)
    assert configuration.directory.agents["grace"].phone == "1007"
    assert configuration.phones == {}


def test_a_phone_with_a_secret_or_its_digest_has_its_account_here() -> None:
    by_secret, by_digest = (
        with_phone(STRONG),
        with_phone(f"{{user: '1007', digest: {phone_digest('1007', SECRET)}}}"),
    )
    assert by_secret.phones == by_digest.phones
    (account,) = by_secret.phones.values()
    assert (account.user, account.name, account.weak) == ("1007", "Grace", "")
    assert by_secret.directory.agents["grace"].phone == "1007"
    assert SECRET not in repr(by_secret)
    assert account.digest not in repr(by_secret)


@pytest.mark.parametrize(
    ("phone", "fault"),
    [
        ("{secret: 0123456789abcdef}", "agents.grace.phone.user: is missing"),
        ("{user: 10 07, secret: x}", "agents.grace.phone.user: must be a SIP user"),
        ("10 07", "agents.grace.phone: must be a SIP user"),
        ("[1007]", "agents.grace.phone: must be"),
        ("{user: 1007, secret: x, digest: 0123456789abcdef0123456789abcdef}", "agents.grace.phone: give either"),
        ("{user: 1007, digest: SECRETDIGEST}", "agents.grace.phone.digest: "),
        ("{user: 1007, secret: 'SECRET\\n'}", "agents.grace.phone.secret: "),
        ("{user: 1007, sercet: SECRET}", "agents.grace.phone.sercet: is not known here"),
    ],
)
def test_what_is_wrong_with_a_phone_is_named_and_no_secret_is_shown(phone: str, fault: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        with_phone(phone.replace("'SECRET\\n'", '"SECRET\\n"'))
    assert fault in str(invalid.value)
    assert "SECRET" not in str(invalid.value)


def test_its_number_is_its_own_as_any_other() -> None:
    with pytest.raises(
        ConfigInvalid, match=r"agents\.grace\.phone|groups\.front\.number: 1007 is taken by agents grace"
    ):
        parse(
            "agents:\n  grace: {name: Grace, password: grace-own, phone: {user: 1007, secret: x}}\n"
            "groups:\n  front: {name: Front, number: 1007}\n"
        )


@pytest.mark.parametrize(
    ("secret", "wrong"), [("phone-1007", "is the demo's"), ("short", "has fewer than 16 characters"), (SECRET, "")]
)
def test_a_weak_secret_keeps_it_on_loopback(secret: str, wrong: str) -> None:
    configuration = with_phone(f"{{user: 1007, secret: {secret}}}")

    def check(host: str) -> None:
        check_secrets(
            api_host=host,
            ari_url="http://127.0.0.1:8088",
            ari_password="x" * 24,
            credentials={},
            phones=configuration.phones,
            file="callcentre.yaml",
        )

    check("127.0.0.1")
    if not wrong:
        check("192.0.2.1")
        return
    with pytest.raises(ConfigInvalid, match=f"phone 1007: its secret {wrong}"):
        check("192.0.2.1")


def test_a_phone_that_pjsip_conf_has_as_well_is_named(tmp_path: Path) -> None:
    phones = with_phone(STRONG).phones
    assert faults(phones, tmp_path) == []
    (tmp_path / "pjsip.conf").write_text(
        "[1007](!)\n[1007](phone-secret)\n[1008](phone)\n;[1007]\n#include more.conf\n"
    )
    (tmp_path / "more.conf").write_text("\n[1007](phone)\n[1007](phone-secret)\n")
    (fault,) = faults(phones, tmp_path)
    assert (Path(fault.file).name, fault.line, fault.field) == ("more.conf", 2, "[1007]")


def test_a_secret_for_a_phone_is_made_and_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phone-secret", "1007"]) == 0
    shown = capsys.readouterr()
    secret = shown.err.rpartition(": ")[2].strip()
    (account,) = with_phone(shown.out.removeprefix("phone: ").strip()).phones.values()
    assert account.digest == phone_digest("1007", secret)
    assert len(secret) >= 24
    assert secret not in shown.out
    assert main(["phone-secret", "10 07"]) == 2
    assert "must be a SIP user" in capsys.readouterr().err
