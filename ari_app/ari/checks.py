"""Does the running Asterisk have what the administrator's file speaks of? For `ari-app check`.

Reads only, but for an undialled channel in an application of its own, as dialplan functions are read through a channel,
and empty bridges, to which sound files are played: Asterisk's list of them is as old as its start.
A running controller isn't disturbed.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound, Unreachable
from ari_app.ari.findings import NEEDED_MODULES, Finding, Reads, Subject, Wanted, missing_modules
from ari_app.ari.http import HttpClient
from ari_app.ari.messages import PRESENTATION
from ari_app.ari.phone_accounts import TEMPLATE
from ari_app.ari.sounds import is_sound

ADMINISTRATORS = "/etc/asterisk/"
"""Asterisk's name of the directory of the administrator's files."""

OWN = "custom/"
"""What the names of the administrator's own sounds begin with."""

READ_AT = "DIALPLAN_READ_AT"
"""The dialplan's global variable that says when it was read, in seconds since the epoch."""

_BEYOND_THE_END = 24 * 3600 * 1000  # milliseconds
_PLAYED_WITHIN = 5.0

_TRANSFER_PROGRESS = {22: (22, 11), 23: (23, 5)}
"""Where asterisk issue 2021 is mended, by main version; later ones have it from the beginning."""


class _Player:
    """Plays sound files to nobody, from beyond their end: only so does Asterisk say at once whether it can."""

    def __init__(self, client: AriClient, application: str) -> None:
        self._client = client
        self._application = application
        self._finished: dict[str, asyncio.Future[str]] = {}

    def on_event(self, event: Mapping[str, Any]) -> None:
        """An event of the application."""
        if event["type"] == "PlaybackFinished":
            finished = self._finished.pop(event["playback"]["id"], None)
            if finished is not None:
                finished.set_result(event["playback"]["state"])

    async def plays(self, path: str) -> bool:
        """Whether there is a sound file of this path, without its ending, that Asterisk can play.

        In a bridge of its own: one in which the player of the last file is just leaving answers 500.
        """
        bridge = playback = f"check-{uuid4().hex}"
        finished = self._finished[playback] = asyncio.get_running_loop().create_future()
        await self._client.call("bridges", "createWithId", bridgeId=bridge, type="mixing")
        try:
            await self._client.call(
                "applications", "subscribe", applicationName=self._application, eventSource=f"bridge:{bridge}"
            )
            await self._client.call(
                "bridges", "playWithId",
                bridgeId=bridge, playbackId=playback, media=[f"sound:{path}"], offsetms=_BEYOND_THE_END,
            )  # fmt: skip
            async with asyncio.timeout(_PLAYED_WITHIN):
                return bool(await finished == "done")
        except TimeoutError:
            raise Unreachable("no answer in time") from None
        finally:
            with contextlib.suppress(AriError):
                await self._client.call("bridges", "destroy", bridgeId=bridge)


class Checks:
    """Questions to one Asterisk; `connect` makes one."""

    def __init__(self, client: AriClient, player: "_Player", channel: str, routing_context: str) -> None:
        self._client = client
        self._player = player
        self._channel = channel
        self._context = routing_context

    async def version(self) -> str:
        """Asterisk's version, such as `22.10.1`."""
        info = await self._client.call("asterisk", "getInfo", only="system")
        return str(info["system"]["version"]).partition("+")[0]

    async def plays(self, path: str) -> bool:
        """Whether Asterisk plays the sound file of this path of its own, without its ending."""
        return await self._player.plays(path)

    async def reads(self) -> Reads:
        """When the files that run were read. `dialplan reload` is no reload of a module for Asterisk."""
        dialplan = await self._client.call("asterisk", "getGlobalVar", variable=READ_AT)
        info = await self._client.call("asterisk", "getInfo", only="status")
        modules = datetime.fromisoformat(info["status"]["last_reload_time"]).timestamp()
        return Reads(float(dialplan["value"]) if dialplan["value"].isdigit() else None, modules)

    async def findings(self, wanted: Wanted) -> list[Finding]:
        """All that is missing, modules first.

        Raises:
            AriError: Asterisk went away meanwhile.
        """
        found = await self.modules(wanted.all_modules)
        lacking = {finding.name for finding in found}
        for phone in wanted.phones:
            found += await self._endpoint(Subject.PHONE, phone)
        for trunk in wanted.trunks:
            found += await self._endpoint(Subject.TRUNK, trunk)
        for sound in wanted.sounds:
            found += await self._sound(sound, wanted.languages, wanted.folder)
        if "func_config.so" not in lacking:
            found += await self._presentation()
            for music_class in wanted.music_classes:
                found += await self._music(music_class, wanted.folder)
        if "func_dialplan.so" not in lacking:
            for entry in wanted.entries:
                found += await self._entry(entry)
        if wanted.page_phones or wanted.accounts:
            found += await self._takes_accounts("page_phone" if wanted.page_phones else TEMPLATE)
        if wanted.accounts:
            found += await self._endpoint(Subject.PHONE, TEMPLATE)
        if wanted.transfer_progress:
            found += transfer_progress_at(await self.version())
        return found

    async def modules(self, needed: Iterable[str] = NEEDED_MODULES) -> list[Finding]:
        """The modules that are needed and don't run."""
        loaded = await self._client.call("asterisk", "listModules")
        running = {module["name"] for module in loaded if module["status"] == "Running"}
        return missing_modules(running, needed)

    async def _takes_accounts(self, subject: str) -> list[Finding]:
        """An account that nobody has is brought, and taken away again."""
        name = f"check-{uuid4().hex}"
        found = []
        secret = {"auth_type": "userpass", "username": name, "password": uuid4().hex}
        for kind, needed in (("auth", secret), ("aor", {}), ("endpoint", {})):
            try:
                await self._client.configure(kind, name, needed)
                await self._client.unconfigure(kind, name)
            except AriError as error:
                if not error.status:
                    raise
                found.append(Finding(Subject.PHONE, subject, f"add `{kind} = memory` to sorcery.conf, last"))
        return found

    async def _endpoint(self, subject: Subject, name: str) -> list[Finding]:
        try:
            await self._client.call("endpoints", "get", tech="PJSIP", resource=name)
        except NotFound:
            advice = f"no endpoint [{name}] runs: pjsip.conf lacks it, or has not been read since it has it"
            return [Finding(subject, name, advice)]
        return []

    async def _sound(self, sound: str, languages: tuple[str, ...], folder: Path | None) -> list[Finding]:
        kind, _, name = sound.partition(":")
        if kind != "sound":
            return []  # tones, digits and recordings are made when they are played
        listed = set() if name.startswith(OWN) else await self._languages_of(name)
        if listed and not languages:
            return []
        missing = [x for x in languages or ("",) if x not in listed and not await self._file(name, x, folder)]
        if not missing:
            return []
        where = f" in {' and '.join(missing)}" if missing[0] else ""
        advice = f"there is no such sound file that Asterisk can play{where}"
        if name.startswith(OWN):
            advice += ": put one into sounds/<language>, or sounds, beside callcentre.yaml"
        return [Finding(Subject.SOUND, name, advice)]

    async def _languages_of(self, name: str) -> set[str]:
        """Asterisk's own list, which is made when it starts: what has been added since is not in it."""
        if name.startswith("/"):
            return set()
        try:
            listed = await self._client.call("sounds", "get", soundId=name)
        except NotFound:
            return set()
        return {each["language"] for each in listed["formats"]}

    async def _file(self, name: str, language: str, folder: Path | None) -> bool:
        """Whether it would be found when it is played: in that language, or in none.

        Where one language has none Asterisk takes another's file, also where a path is requested, before whose last
        part it puts the language. So the administrator's files without a language are looked for in their folder, and
        of its own only those in directories: the others it has in languages alone.
        """
        if name.startswith("/") or not language:
            return await self._player.plays(name)
        sounds, own = f"{await self._data_directory()}/sounds", name.removeprefix(OWN)
        if await self._player.plays(f"{sounds}/{language}/{name}"):
            return True
        if own != name:
            return folder is not None and any((folder / "sounds").glob(f"{own}.*"))
        return "/" in name and await self._player.plays(f"{sounds}/{name}")

    async def _data_directory(self) -> str:
        return await self._function("AST_CONFIG(asterisk.conf,directories,astdatadir)") or "/usr/share/asterisk"

    async def _music(self, name: str, folder: Path | None) -> list[Finding]:
        mode = await self._function(f"AST_CONFIG(musiconhold.conf,{name},mode)")
        match mode:
            case "":
                return [Finding(Subject.MUSIC, name, f"musiconhold.conf has no class [{name}]")]
            case "playlist":
                return await self._playlist(name)
            case "files":
                return await self._directory(name, folder)
            case _:  # a program of the administrator's that makes music
                return []

    async def _playlist(self, name: str) -> list[Finding]:
        """Asterisk goes on to the next entry where it cannot play one."""
        found, index = [], 0
        while entry := await self._function(f"AST_CONFIG(musiconhold.conf,{name},entry,{index})"):
            index += 1
            if "://" not in entry and not (entry.startswith("/") and await self._player.plays(entry)):
                advice = f"Asterisk cannot play the entry {entry}: it must be an absolute path without its ending"
                found.append(Finding(Subject.MUSIC, name, advice))
        return found if index else [Finding(Subject.MUSIC, name, "the playlist of that class has no entry")]

    async def _directory(self, name: str, folder: Path | None) -> list[Finding]:
        directory = await self._function(f"AST_CONFIG(musiconhold.conf,{name},directory)")
        inside = directory.removeprefix(ADMINISTRATORS)
        if folder is None or inside == directory or any(is_sound(path) for path in (folder / inside).glob("*")):
            return []
        return [Finding(Subject.MUSIC, name, f"there are no files in {directory}, the directory of that class")]

    async def _presentation(self) -> list[Finding]:
        listed = await self._function("AST_CONFIG(ari.conf,general,channelvars)")
        if PRESENTATION in [name.strip() for name in listed.split(",")]:
            return []
        advice = (
            f"add `channelvars = {PRESENTATION}` under [general]: without it callers who withhold who they are show"
        )
        return [Finding(Subject.ARI, "ari.conf", advice)]

    async def _entry(self, name: str) -> list[Finding]:
        if await self._function(f"DIALPLAN_EXISTS({self._context},{name},1)") == "1":
            return []
        return [
            Finding(Subject.DIALPLAN, name, f"the dialplan that runs has no `exten => {name},1` in [{self._context}]")
        ]

    async def _function(self, expression: str) -> str:
        try:
            answer = await self._client.call("channels", "getChannelVar", channelId=self._channel, variable=expression)
        except AriError as error:
            if error.status != 500:
                raise
            return ""  # how AST_CONFIG says that there is no such section
        return str(answer["value"])


@asynccontextmanager
async def connect(
    url: str, user: str, password: str, application: str, routing_context: str = "routing-points"
) -> AsyncIterator[Checks]:
    """Ask an Asterisk, beside a controller that may be running.

    Raises:
        AriError: it cannot be reached, or refuses the user.
    """
    client = AriClient(url, HttpClient(user, password))
    own = f"{application}-check"
    channel = f"check-{uuid4().hex}"
    entered = asyncio.Event()
    opened = asyncio.Event()
    client.http.on_connected = lambda socket: opened.set()
    reading: asyncio.Task[None] | None = None
    player = _Player(client, own)

    def on_event(event: Mapping[str, Any]) -> None:
        if event["type"] == "StasisStart":
            entered.set()
        player.on_event(event)

    try:
        await client.describe()
        reading = asyncio.create_task(client.run(own, on_event))
        await _either(opened, reading)
        await client.call("channels", "create", endpoint=f"Local/check@{routing_context}/n", app=own, channelId=channel)
        await _either(entered, reading)
        yield Checks(client, player, channel, routing_context)
    finally:
        with contextlib.suppress(AriError):
            await client.call("channels", "hangup", channelId=channel)
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await client.close()


def transfer_progress_at(version: str) -> list[Finding]:
    """Whether that Asterisk may be made to leave the phones' transfer keys to us."""
    match = re.match(r"(\d+)\.(\d+)", version)
    found = (int(match[1]), int(match[2])) if match is not None else (0, 0)
    if found >= _TRANSFER_PROGRESS.get(found[0], (24, 0)):
        return []
    advice = (
        f"must be false with Asterisk {version}: one transfer by a phone (REFER with Refer-Sub: false) would end it and"
        " every call (asterisk issue 2021); mended in 22.11 and 23.5"
    )
    return [Finding(Subject.SETTING, "transfer_progress", advice)]


async def _either(event: asyncio.Event, reading: asyncio.Task[None]) -> None:
    """Wait for the event, unless the connection ends first."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({waiting, reading}, timeout=5.0, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            await reading
        if not event.is_set():
            raise Unreachable("no answer in time")
    finally:
        waiting.cancel()
