"""Settings out of the environment, and the demo's secrets beyond loopback."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ari_app.config.credentials import Credential, check_password, hash_password
from ari_app.config.demo import check_secrets, is_loopback
from ari_app.config.errors import ConfigInvalid
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.operations.doctor import environment_faults


def test_only_the_ari_password_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="ari_password"):
        ProcessSettings()
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    settings = ProcessSettings()
    assert (settings.api_host, settings.api_port, settings.stasis_app) == ("127.0.0.1", 8080, "callcontrol")
    assert "s3cret" not in repr(settings)


def test_secrets_come_out_of_files_where_the_environment_does_not_hold_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in {"ari": "of ARI\n", "redis": "of/Redis", "redis_sentinel": "of Sentinels"}.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(f"ARI_APP_{name.upper()}_PASSWORD_FILE", str(tmp_path / name))
    monkeypatch.setenv("ARI_APP_REDIS_URL", "redis://redis.example:6380/2")
    settings = ProcessSettings()
    assert settings.ari_password.get_secret_value() == "of ARI"
    assert str(settings.redis_url) == "redis://:of%2FRedis@redis.example:6380/2"
    assert settings.redis_sentinel_password.get_secret_value() == "of Sentinels"
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "itself")
    monkeypatch.setenv("ARI_APP_REDIS_URL", "redis://:itself@127.0.0.1/0")
    settings = ProcessSettings()
    assert (settings.ari_password.get_secret_value(), settings.redis_url.password) == ("itself", "itself")


def test_the_database_has_its_password_out_of_a_file_and_a_file_of_sqlite_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of/it")
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    monkeypatch.setenv("ARI_APP_HISTORY_PASSWORD_FILE", str(tmp_path / "secret"))
    assert ProcessSettings().history_url == "sqlite:////var/lib/ari_app/history.db"
    monkeypatch.setenv("ARI_APP_HISTORY_URL", "postgresql://callcontrol@127.0.2.41:5432/callcontrol")
    settings = ProcessSettings()
    assert settings.history_url == "postgresql://callcontrol:of%2Fit@127.0.2.41:5432/callcontrol"
    assert "of%2Fit" not in repr(settings)
    for empty in ("HISTORY_PASSWORD_FILE", "HISTORY_JSON", "HISTORY_QUEUE_LOG"):
        monkeypatch.setenv(f"ARI_APP_{empty}", "")
    settings = ProcessSettings()
    assert (settings.history_password_file, settings.history_json, settings.history_queue_log) == (None, None, None)
    for wrong in ("mysql://x/y", "postgresql://x", "sqlite://", ""):
        monkeypatch.setenv("ARI_APP_HISTORY_URL", wrong)
        with pytest.raises(ValidationError):
            ProcessSettings()


@pytest.mark.parametrize(("text", "fault"), [(None, "can't be read (FileNotFoundError)"), (" \n", "is empty")])
def test_a_file_without_a_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, fault: str
) -> None:
    file = tmp_path / "secret"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    monkeypatch.setenv("ARI_APP_REDIS_PASSWORD_FILE", str(file))
    with pytest.raises(ValidationError) as wrong:
        ProcessSettings()
    assert environment_faults(wrong.value) == [f"ARI_APP_REDIS_PASSWORD_FILE: {file} {fault}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "x"),
        ("ARI_URL", "ftp://x"),
        ("REDIS_URL", "http://x"),
        ("LOG_LEVEL", "loud"),
        ("STASIS_APP", "a b"),
        ("ASTERISKS", "asterisk-a"),
        ("ASTERISKS", "a=http://127.0.2.21:8088 a=http://127.0.2.22:8088"),
        ("ADVERTISE", "127.0.2.11:8080"),
    ],
)
def test_a_variable_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    monkeypatch.setenv(f"ARI_APP_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()) as wrong:
        ProcessSettings()
    assert "s3cret" not in str(wrong.value)


def test_one_asterisk_is_the_one_of_its_own_variables_and_several_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    monkeypatch.setenv("ARI_APP_ARI_URL", "http://127.0.2.21:8088")
    one = ProcessSettings()
    assert one.places == (AsteriskPlace("asterisk-a", "http://127.0.2.21:8088"),)
    assert one.kept_apart == ("",)
    monkeypatch.setenv("ARI_APP_ASTERISKS", "a=http://127.0.2.21:8088  b=https://ari.example/b")
    with pytest.raises(ValidationError, match="advertise"):
        ProcessSettings()
    monkeypatch.setenv("ARI_APP_ADVERTISE", "http://127.0.2.11:8080")
    several = ProcessSettings()
    assert several.places == (AsteriskPlace("a", "http://127.0.2.21:8088"), AsteriskPlace("b", "https://ari.example/b"))
    assert several.kept_apart == ("a", "b")


@pytest.mark.parametrize(("listens", "own"), [("127.0.2.11", "127.0.2.11"), ("::", None), ("controller-1", None)])
def test_connections_come_from_the_address_that_is_listened_on(
    listens: str, own: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    monkeypatch.setenv("ARI_APP_API_HOST", listens)
    assert ProcessSettings().own_address == own


def test_the_edge_is_reached_by_a_websocket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "s3cret")
    for wrong in ("127.0.2.1:5060", "http://127.0.2.1:5060"):
        monkeypatch.setenv("ARI_APP_EDGE", wrong)
        with pytest.raises(ValidationError, match="edge"):
            ProcessSettings()
    monkeypatch.setenv("ARI_APP_EDGE", "ws://127.0.2.1:5060")
    assert ProcessSettings().edge == "ws://127.0.2.1:5060"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("10.0.0.4", False), ("::", False), ("192.168.1.4", False), ("callcentre.example", False), ("", False)],
)  # fmt: skip
def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def check(
    api_host: str = "127.0.0.1", ari: str = "127.0.0.1", password: str | None = None, **agents: Credential
) -> None:
    check_secrets(
        api_host=api_host,
        ari_url=f"http://{ari}:8088",
        ari_password=password or "long-and-random-24-or-more",
        credentials=agents,
        file="cc.yaml",
    )


def test_on_loopback_the_demo_may_start() -> None:
    check(alice=Credential("alice-demo"), password="demo")


def test_without_a_word_that_it_is_the_demonstration_or_behind_a_proxy_it_may_not() -> None:
    said: dict[str, Any]
    for said, why in (({"demo": False}, "ARI_APP_DEMO=yes"), ({"proxies": "127.0.0.1"}, "the proxies 127.0.0.1")):
        with pytest.raises(ConfigInvalid, match=why):
            check_secrets(
                api_host="127.0.0.1",
                ari_url="http://127.0.0.1:8088",
                ari_password="long-and-random-24-or-more",
                credentials={"alice": Credential("alice-demo")},
                file="cc.yaml",
                **said,
            )


def test_beyond_loopback_no_password_stands_in_clear_and_none_is_short() -> None:
    with pytest.raises(ConfigInvalid) as refused:
        check("10.0.0.4", alice=Credential("alice"), password="a")
    assert [e.field for e in refused.value.errors] == ["agents.alice.password", "ARI_APP_ARI_PASSWORD"]


@pytest.mark.parametrize("where", [{"api_host": "10.0.0.4"}, {"ari": "10.0.0.5"}])
def test_beyond_loopback_it_may_not(where: dict[str, str]) -> None:
    bob = Credential(password_hash=hash_password("mine"))
    with pytest.raises(ConfigInvalid) as refused:
        check(**where, alice=Credential("bob-demo"), bob=bob, password="demo")  # type: ignore[arg-type]
    assert [e.field for e in refused.value.errors] == ["agents.alice.password", "ARI_APP_ARI_PASSWORD"]


def test_a_hash_of_a_demo_password_is_one_too() -> None:
    with pytest.raises(ConfigInvalid, match=r"agents\.alice\.password"):
        check("10.0.0.4", alice=Credential(password_hash=hash_password("alice-demo")))
    check("10.0.0.4", alice=Credential(password_hash=hash_password("mine")))


def test_passwords() -> None:
    assert check_password(Credential("right"), "right")
    assert not check_password(Credential("right"), "wrong")
    assert check_password(Credential(password_hash=hash_password("right")), "right")
    assert not check_password(Credential(password_hash=hash_password("right")), "wrong")
    assert not check_password(Credential(), "nobody has this password")
    assert not check_password(None, "nobody has this password")
    assert "right" not in repr(Credential("right"))
