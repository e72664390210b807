"""What administrators bring: a dialplan that names what is not there, limits, prompts of their own, faulty files."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ari_app.api.limits import FAILURES
from ari_app.ari.checks import connect
from tests.bots import Contact, answers
from tests.bots.recital import recited
from tests.demo import render
from tests.demo.__main__ import NOT_THE_DEMOS, perform
from tests.e2e import crowd
from tests.e2e.containers import logged, run_in
from tests.e2e.office import CALLER_NUMBER, Office, Refused
from tests.e2e.prompts import music, prompts
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, ari_app, own_office
from tests.support.soundfiles import ENDLESS, RIGHT, SILENT, WRONG, wav

OWN = f"custom/{crowd.OWN_PROMPT}"


async def figure(stack: Stack, name: str) -> float:
    """One of the figures for Prometheus; 0 where it has not been counted yet."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.api}/metrics") as response:
        text = await response.text()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def test_a_caller_whom_the_dialplan_hands_to_nothing_hears_so_and_the_log_says_where(
    office: Office, stack: Stack
) -> None:
    counted = 'callcontrol_arrivals_refused_total{reason="unknown_target"}'
    before, lines = await figure(stack, counted), len(await logged(stack, "arrival_refused"))
    caller = await office.caller()
    caller.tape = bytearray()
    caller.dial(crowd.NOWHERE)
    await caller.ended(within=15)
    assert recited(bytes(caller.tape), await prompts(stack, "pbx-invalid")) == ["fr/pbx-invalid"]
    (line,) = (await logged(stack, "arrival_refused"))[lines:]
    reported = {name: line[name] for name in ("level", "reason", "entry", "verb", "argument")}
    assert reported == {
        "level": "warning",
        "reason": "unknown_target",
        "entry": f"from-carrier {crowd.NOWHERE}",
        "verb": "group",
        "argument": "nowhere",
    }
    assert CALLER_NUMBER not in json.dumps(line)
    assert await figure(stack, counted) == before + 1


async def test_a_third_call_by_hand_is_refused_aloud_and_the_two_others_go_on_s45(office: Office, stack: Stack) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    lines = len(await logged(stack, "arrival_refused"))
    alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    alice.phone.dial(partner.number)
    await office.hears("alice <-> partner")
    await bob.phone.hears_music(within=8)
    third = alice.phone.dial("1003")
    third.audio.tape = bytearray()
    await alice.phone.until(lambda: third.state == "ended", "its third call is released", within=15)
    reported = recited(bytes(third.audio.tape), await prompts(stack, "simul-call-limit-reached"))
    assert reported == ["fr/simul-call-limit-reached"]
    assert carol.phone.calls == []
    await office.hears("alice <-> partner")
    await bob.phone.hears_music(within=8)
    (line,) = (await logged(stack, "arrival_refused"))[lines:]
    assert (line["reason"], line["entry"], line["argument"]) == ("too_many_calls", "call-control dial", "")


@pytest.mark.parametrize(("language", "number"), [("fr", CALLER_NUMBER), ("en", "+442079460123")])
async def test_the_administrators_own_prompt_is_heard_in_each_callers_language(
    office: Office, stack: Stack, language: str, number: str
) -> None:
    caller = await office.caller(number=number)
    caller.tape = bytearray()
    caller.dial(crowd.OWN_PROMPT_SAID)
    await caller.ended(within=15)
    assert recited(bytes(caller.tape), await prompts(stack, OWN)) == [f"{language}/{OWN}"]


async def test_who_waits_for_a_queue_hears_its_own_music_and_who_is_on_hold_the_usual(
    office: Office, stack: Stack
) -> None:
    (crowd01,) = await office.agents(crowd.CROWD[0])
    await crowd01.command("PUT", "/v1/me/state", {"state": "not_ready"})
    known = {"own": await music(stack, f"{crowd.OWN_MUSIC}/noise")}
    caller = await office.caller()
    caller.dial(crowd.QUEUE_ANNOUNCED)
    await caller.talks(within=5)
    caller.tape = bytearray()
    await caller.until(lambda: recited(tape_of(caller), known) == ["own"], "hears the queue's own music", within=15)
    await crowd01.command("PUT", "/v1/me/state", {"state": "ready"})
    await crowd01.phone.answer()
    await office.hears(f"caller <-> {crowd01.name}")
    caller.tape = bytearray()
    await crowd01.do("hold")
    await caller.hears_music(within=8)
    assert recited(tape_of(caller), known) == []


def tape_of(contact: Contact) -> bytes:
    """What is on the tape up to now."""
    assert contact.tape is not None
    return bytes(contact.tape)


async def test_check_knows_own_prompts_and_absolute_paths_and_names_the_language_that_lacks_one(
    stack: Stack, tmp_path: Path
) -> None:
    for name in ("pjsip.conf", "extensions.conf", "asterisk.conf", "musiconhold.conf", "modules.conf"):
        shutil.copy2(FILE.parent / name, tmp_path)
    (tmp_path / "music" / crowd.OWN_MUSIC).mkdir(parents=True)
    (tmp_path / "music" / crowd.OWN_MUSIC / "song.wav").write_bytes(wav())
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("max_wait: 60", f"max_wait: 60\n    music_class: {crowd.OWN_MUSIC}")
    absolute = f"/etc/asterisk/sounds/fr/{crowd.OWN_PROMPT}"
    file.write_text(text.replace("invalid_number: pbx-invalid", f"invalid_number: [{OWN}, {absolute}]"))
    status, output = await ari_app(stack, file, "check")
    assert status == 0, output
    assert "is due" not in output
    text = text.replace(crowd.OWN_MUSIC, "no-such-music")
    file.write_text(text.replace("invalid_number: pbx-invalid", "invalid_number: [custom/nothing, fr/beep, /nowhere]"))
    status, output = await ari_app(stack, file, "check")
    assert status == 1
    for fault in (
        "sound custom/nothing: there is no such sound file that Asterisk can play in en and fr: put one into",
        "sound /nowhere: there is no such sound file that Asterisk can play in en and fr",
        "music no-such-music: musiconhold.conf has no class [no-such-music]",
        "\n3 faults\n",
    ):
        assert fault in output, output


async def test_what_check_says_of_sound_files_is_what_asterisk_does_with_them(stack: Stack) -> None:
    brought = {**RIGHT, **{name: content for name, (content, _) in WRONG.items() if name != ENDLESS}}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in brought.items():
            member = tarfile.TarInfo(f"brought/{name}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    packed = base64.b64encode(archive.getvalue()).decode()
    unpack = f"base64 -d <<<{packed} | tar -x -C /tmp"  # its root is read-only, so that Docker puts nothing there
    await run_in(f"{stack.project}-asterisk", "bash", "-c", unpack)
    async with connect(stack.ari, stack.ari_user, stack.ari_password, APPLICATION) as checks:
        played = {name for name in brought if await checks.plays(f"/tmp/brought/{Path(name).stem}")}
    assert played == {*RIGHT, SILENT}


async def test_check_names_prompts_of_the_dialplan_that_nobody_would_hear_and_the_reloads_that_are_due(
    stack: Stack, tmp_path: Path
) -> None:
    for file in FILE.parent.glob("*.*"):
        shutil.copy2(file, tmp_path)
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "welcome.wav").write_bytes(wav(channels=2, rate=44_100))
    (tmp_path / "sounds" / "press.wav").write_bytes(wav())
    dialplan = tmp_path / "extensions.conf"
    lines = dialplan.read_text().splitlines()
    dialplan.write_text("\n".join([*lines, "[mine]", "exten => s,1,Background(custom/welcomme&custom/press&hello)"]))
    (tmp_path / "pjsip.conf").touch()
    status, output = await ari_app(stack, tmp_path / FILE.name, "check")
    assert status == 1
    for said in (
        f"{tmp_path}/sounds/welcome.wav: is PCM, 2 channels, 44100 Hz, 16 bit",
        f"{dialplan}:{len(lines) + 2}: mine s: sound custom/welcomme: there is no such sound file",
        f"{dialplan}: is newer than what runs, which was read at ",
        ": `dialplan reload` is due\n",
        f"{tmp_path}/pjsip.conf: is newer than what runs",
        "\n2 faults\n",
    ):
        assert said in output, output


async def test_a_restart_on_a_faulty_file_serves_calls_with_the_last_good_one_and_says_so(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    good, faulty = FILE.read_text(), FILE.read_text().replace("offer_timeout: 15", "offer_timeout: soon")
    file.write_text(good)
    async with own_office(stack, file) as office:
        before = await readiness(office)
        assert before["configuration"] == "current"
    file.write_text(faulty)
    async with own_office(stack, file) as office:
        assert await readiness(office) == {**before, "configuration": "last_good"}
        assert await figure(office.stack, "callcontrol_configuration_faults") == 1
        alice, bob = await office.agents("alice", "bob")
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        admin = await office.desk("admin")
        with pytest.raises(Refused) as refused:
            await admin.command("POST", "/v1/admin/reload")
        assert "settings.offer_timeout" in str(refused.value)
        file.write_text(good)
        await admin.command("POST", "/v1/admin/reload")
        after = await readiness(office)
        assert after["configuration"] == "current"
        assert after["configured_at"] > before["configured_at"]
        await office.hears("alice <-> bob")


async def test_the_demonstrations_people_do_not_serve_in_place_of_a_faulty_file_of_ones_own(
    stack: Stack, tmp_path: Path
) -> None:
    demo, own = tmp_path / "demo" / FILE.name, tmp_path / "own" / FILE.name
    for file in (demo, own):
        file.parent.mkdir()
        file.write_text(FILE.read_text())
    async with own_office(stack, demo) as office:
        assert (await readiness(office))["configuration"] == "current"
    own.write_text(FILE.read_text().replace("offer_timeout: 15", "offer_timeout: soon"))
    status, output = await ari_app(stack, own, "run")
    assert status == 1
    assert "settings.offer_timeout: must be a valid number; it is 'soon'" in output
    assert f"what ran last came from {demo.parent}, and does not run in place of what is in {own.parent}" in output


async def readiness(office: Office) -> dict[str, Any]:
    """What `/readyz` says."""
    async with aiohttp.ClientSession() as session, session.get(f"{office.stack.api}/readyz") as response:
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


async def test_with_people_of_ones_own_the_demonstration_is_left_out_in_one_sentence(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("bob-demo", "of-my-own"))
    async with own_office(stack, file) as office:
        assert await perform(office.stack, render.Ink(False)) == NOT_THE_DEMOS
    (sentence,) = capsys.readouterr().out.splitlines()
    assert sentence == (
        "· no demonstration: it is a story of alice, bob and carol, "
        "and bob is not there, or has another password than the demo's"
    )


async def test_a_file_is_checked_offline_by_whoever_has_nothing_but_the_file(tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("groups: [support]", "groups: [suport]", 1))
    for path, expected, said in ((FILE, 0, "no faults"), (file, 1, "suport")):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ari_app", "check", "--offline", str(path)),
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert (process.returncode, said in output.decode()) == (expected, True), output.decode()


async def test_whoever_guesses_at_a_password_has_to_wait_and_nobody_else_is(office: Office) -> None:
    wrong = {"agent": "frank", "password": "guess"}
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.79.9", 0))  # whose failures are nobody's here
    async with aiohttp.ClientSession(office.stack.api, connector=elsewhere) as session:
        codes = []
        for _ in range(FAILURES + 1):
            async with session.post("/v1/login", json=wrong) as response:
                codes.append((response.status, (await response.json())["code"]))
        async with session.post("/v1/login", json={"agent": "dave", "password": "dave-demo"}) as response:
            other = response.status
    assert codes == [(401, "unauthenticated")] * FAILURES + [(429, "rate_limited")]
    assert other == 200
