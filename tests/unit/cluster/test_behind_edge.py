"""What an Asterisk that stands behind a SIP edge reads, made of the administrator's files as they are."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.documents import ROOT

EDGE = "192.0.2.1"


@pytest.fixture
async def made(tmp_path: Path) -> Path:
    script = ROOT / "docker" / "asterisk" / "behind-edge"
    process = await asyncio.create_subprocess_exec("bash", script, EDGE, ROOT / "asterisk", tmp_path)
    assert await process.wait() == 0
    return tmp_path


def sections(text: str, header: str) -> list[str]:
    """The lines below each header that matches."""
    found = re.findall(rf"^{header}\n((?:(?!\[).*\n)*)", text, re.MULTILINE)
    return [str(section) for section in found]


def test_phones_are_at_the_edge_which_alone_knows_their_secrets(made: Path) -> None:
    text = (made / "pjsip.conf").read_text()
    assert not re.search(r"^\s*(auth|rewrite_contact)\s*=", text, re.MULTILINE)
    for user in range(1001, 1007):
        (place,) = sections(text, rf"\[{user}\]\(phone-place\)")
        assert f"contact = sip:{user}@{EDGE}\n" in place
        assert f"outbound_proxy = sip:{EDGE}\\;lr\n" in place
        assert "qualify_2xx_only = yes\n" in place


def test_calls_come_in_by_a_context_that_looks_how_old_they_are(made: Path) -> None:
    used = re.findall(r"^\s*context\s*=\s*(\S+)", (made / "pjsip.conf").read_text(), re.MULTILINE)
    assert sorted(used) == ["edge-from-phones", "edge-from-trunk"]
    dialplan = (made / "extensions.conf").read_text()
    assert dialplan.startswith(f'#include "{ROOT}/asterisk/extensions.conf"\n')
    for context in ("from-phones", "from-trunk"):
        (lines,) = sections(dialplan, rf"\[edge-{context}\]")
        assert "PJSIP_HEADER(read,X-Edge-Sent)" in lines
        assert f"{context},${{NUMBER}},1" in lines


def test_who_comes_by_a_tie_is_handed_over_unanswered_and_hung_up_where_nobody_takes_them(made: Path) -> None:
    (lines,) = sections((made / "extensions.conf").read_text(), r"\[from-tie\]")
    assert "Stasis(${CALL_CONTROL},tie,${FILTER(0-9A-Za-z,${EXTEN:4})})" in lines
    assert "Answer" not in lines
    assert lines.rstrip().endswith("Hangup(41)")


def test_all_else_is_the_administrators_own(made: Path) -> None:
    theirs = {file.name for file in (ROOT / "asterisk").iterdir()}
    assert {file.name for file in made.iterdir()} == theirs
    links = {file.name for file in made.iterdir() if file.is_symlink()}
    assert links == theirs - {"pjsip.conf", "extensions.conf"}
