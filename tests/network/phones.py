"""SIP as a stranger sends it: a few lines in a datagram."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket

from tests.network.machine import SIP, Machine

_WITHIN = 5.0
_SDP = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"


class Stranger:
    """A socket of SIP by UDP. `asks` returns an answer's status and text."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((machine.stranger, 0))
        self._socket.setblocking(False)

    def close(self) -> None:
        """Nothing is sent any more."""
        self._socket.close()

    async def asks(
        self, method: str, user: str, to: str, authorization: str = "", call_id: str = ""
    ) -> tuple[int, str]:
        """A request of its own; what is provisional is no answer. (0, "") where none comes."""
        machine, (own, port) = self._machine, self._socket.getsockname()
        body = _SDP.format(own) if method == "INVITE" else ""
        lines = [
            f"{method} sip:{to}{machine.address}:{SIP} SIP/2.0",
            f"Via: SIP/2.0/UDP {own}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f'From: "Somebody" <sip:{user}@{machine.address}>;tag={secrets.token_hex(4)}',
            f"To: <sip:{to or f'{user}@'}{machine.address}>",
            f"Call-ID: {secrets.token_hex(12)}{call_id}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{user}@{own}:{port}>",
            *([f"P-Asserted-Identity: <sip:+33999999999@{own}>"] if method == "INVITE" else []),
            *([f"Authorization: {authorization}"] if authorization else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(self._socket, ("\r\n".join(lines) + "\r\n\r\n" + body).encode(), (machine.address, SIP))
        try:
            async with asyncio.timeout(_WITHIN):
                while True:
                    answer = (await loop.sock_recv(self._socket, 65_536)).decode()
                    # Asterisk also asks whether a phone is there: requests are not answered here.
                    if answer.startswith("SIP/2.0 ") and lines[5] in answer and answer[8] != "1":
                        return int(answer[8:11]), answer
        except TimeoutError:
            return 0, ""

    async def registers(self, user: str, secret: str, *, call_id: str = "", response: str = "") -> int:
        """With that secret, as a phone does, or that response in place of a right one: the status in the end."""
        _, answer = await self.asks("REGISTER", user, "", "", call_id)
        proof = self._proves(answer, "REGISTER", user, secret, "", response)
        return (await self.asks("REGISTER", user, "", proof, call_id))[0]

    async def calls(self, user: str, secret: str, number: str) -> int:
        """A number, with audio in clear."""
        _, answer = await self.asks("INVITE", user, f"{number}@")
        proof = self._proves(answer, "INVITE", user, secret, f"{number}@")
        return (await self.asks("INVITE", user, f"{number}@", proof))[0]

    def _proves(self, challenge: str, method: str, user: str, secret: str, to: str, response: str = "") -> str:
        """What a 401 wants, by MD5 (RFC 2617)."""
        said = dict(re.findall(r'(realm|nonce|opaque)="([^"]*)"', challenge))
        uri, nc, own = f"sip:{to}{self._machine.address}:{SIP}", "00000001", secrets.token_hex(4)
        first = _md5(f"{user}:{said['realm']}:{secret}")
        proof = _md5(f"{first}:{said['nonce']}:{nc}:{own}:auth:{_md5(f'{method}:{uri}')}")
        quoted = {"username": user, **said, "uri": uri, "cnonce": own, "response": response or proof}
        fields = [f'{name}="{value}"' for name, value in quoted.items()]
        return f"Digest {', '.join([*fields, 'algorithm=MD5', f'nc={nc}', 'qop=auth'])}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
