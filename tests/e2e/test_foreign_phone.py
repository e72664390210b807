"""Agents at phones that are not ours, so that our bots and our controller can't share a mistake."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bots import Phone
from tests.e2e.foreign import Baresip, baresip, sipp
from tests.e2e.office import Agent, Office

TALK = 25
"""Frames (half a second) in which a foreign phone must have heard a bot."""

_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]-UNIQUE"
_REGISTER = f"""
      REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
      {_VIA}
      Max-Forwards: 70
      From: <sip:USER@[remote_ip]>;tag=[call_number]
      To: <sip:USER@[remote_ip]>
      Call-ID: [call_id]
      CSeq: [cseq] REGISTER
      Contact: <sip:USER@[local_ip]:[local_port]>
      Expires: 120
      AUTHENTICATION
      Content-Length: 0

"""
_AUTHENTICATION = "[authentication username=USER password=SECRET]"
REGISTERS = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="registers">
  <send retrans="500"><![CDATA[{_REGISTER.replace("      AUTHENTICATION\n", "")}]]></send>
  <recv response="401" auth="true"/>
  <send retrans="500"><![CDATA[{_REGISTER.replace("AUTHENTICATION", _AUTHENTICATION)}]]></send>
  <recv response="200"/>
  <pause milliseconds="120000"/>
</scenario>
"""
_ANSWER = """
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]SIPp[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port]>
      {rest}
"""
_SDP = """Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=- 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
"""
_OK = _ANSWER.format(status="200 OK", rest="Content-Length: 0")
# Asterisk asks every two seconds whether the phone is there; everything else is a call, with holds and displays in it.
IS_CALLED = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="is called">
  <recv request="OPTIONS" optional="true" next="options"/>
  <recv request="INVITE"/>
  <send><![CDATA[{_ANSWER.format(status="180 Ringing", rest="Content-Length: 0")}
]]></send>
  <send retrans="500"><![CDATA[{_ANSWER.format(status="200 OK", rest=_SDP)}]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send next="end"><![CDATA[{_OK.replace(";tag=[pid]SIPp[call_number]", "")}
]]></send>
  <label id="options"/>
  <send><![CDATA[{_OK}
]]></send>
  <label id="end"/>
</scenario>
"""


def at_a_foreign_phone(office: Office, name: str, tone: Phone) -> Agent:
    """The desktop of an agent whose phone is a foreign one; the bot of their name lends its tone, and has no phone."""
    agent = Agent(office.stack.api, name, tone)
    office.people[name] = agent
    return agent


async def begins(agent: Agent) -> None:
    """Log in and become ready."""
    await agent.login(f"{agent.name}-demo")
    await agent.command("PUT", "/v1/me/state", {"state": "ready"})
    await agent.is_now("ready")


@asynccontextmanager
async def bob_at_baresip(
    office: Office, place: Path, *, encrypted: bool = False
) -> AsyncIterator[tuple[Agent, Baresip]]:
    """Ready, and their phone, which speaks with the tone of the bot of their name."""
    tone = await office.lab.phone("bob", "1002", register=False)
    bob = at_a_foreign_phone(office, "bob", tone)
    async with baresip(place, office.stack, "1002", tone.tone, tone.level, encrypted=encrypted) as phone:
        await begins(bob)
        yield bob, phone


async def test_baresip_takes_a_call_talks_both_ways_holds_and_hangs_up_s10_s13(office: Office, tmp_path: Path) -> None:
    caller = await office.caller()
    async with bob_at_baresip(office, tmp_path) as (bob, phone):
        caller.dial("1002")
        await phone.until("CALL_ESTABLISHED")
        await bob.sees_state("established")
        await office.hears("bob -> caller")
        await caller.stays_up(1.0)
        await phone.command("hold")
        await bob.sees_state("held")
        await caller.hears_music()
        await phone.command("resume")
        await bob.sees_state("established")
        await office.hears("bob -> caller")
        await bob.do("hold")
        await caller.hears_music()
        await bob.do("retrieve")
        await office.hears("bob -> caller")
        await phone.command("hangup")
        await caller.ended()
        await bob.is_now("ready")
    assert phone.heard()[caller.tone] >= TALK, phone.heard()


async def test_baresip_is_transferred_to_and_conferenced_with_s11_s26(office: Office, tmp_path: Path) -> None:
    alice, carol = await office.agents("alice", "carol")
    caller = await office.caller()
    async with bob_at_baresip(office, tmp_path) as (bob, phone):
        await office.connect(caller, alice)
        await alice.do("single-step-transfer", target="agent:bob")
        await phone.until("CALL_ESTABLISHED")
        await office.hears("bob -> caller")
        await alice.phone.ended()
        await bob.sees_state("established")
        await caller.stays_up(1.0)
        await bob.do("single-step-conference", target="agent:carol")
        await carol.phone.answer()
        await office.hears("bob -> caller", "bob -> carol", "caller <-> carol")
        await bob.to("carol", "mute")
        await office.hears("bob -> caller", "bob -> carol", "caller -> carol")
        with office.silence_is_right(caller, why="who is left to talk to is muted"):
            await phone.command("hangup")
            await office.hears("caller -> carol")
            await carol.sees_state("established")
            await carol.to("carol", "unmute")
        await office.hears("caller <-> carol")
    heard = phone.heard()
    assert heard[caller.tone] + heard[carol.phone.tone] >= TALK, heard


async def test_a_phone_played_by_sipp_takes_a_call_and_echoes_it(office: Office, tmp_path: Path) -> None:
    """What the caller hears is their own tone: it went to the foreign phone and came back."""
    caller = await office.caller()
    carol = at_a_foreign_phone(office, "carol", await office.lab.phone("carol", "1003", register=False))
    async with sipp(tmp_path, office.stack, "1003", REGISTERS, IS_CALLED):
        await begins(carol)
        caller.dial("1003")
        await carol.sees_state("established", within=10)
        await caller.hears_only("caller")
        await carol.do("hold")
        await caller.hears_music()
        await carol.do("retrieve")
        await caller.hears_only("caller")
        caller.hangup()
        await carol.is_now("ready")
