"""The documents are true to the code: what is cited exists, links lead somewhere, lists are complete."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.documents import ROOT, Citation, anchors, blocks, citations, documents, headings, links, texts
from tests.support.pictures import drawn
from tests.unit.test_scenarios_table import CRITERIA

DOCS = ROOT / "docs"
_CODE = re.compile(r"`((?:ari_app|tests|docker|asterisk)/[\w/.-]*\w)`")
DOCUMENTS = sorted(documents())
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def read(name: str) -> str:
    """A page of docs/."""
    return (DOCS / name).read_text()


def test_every_document_that_is_cited_anywhere_exists() -> None:
    others = ((path, text) for path, text in texts().items() if path != Path(__file__))
    cited = [citation for path, text in others for citation in citations(path, text)]
    assert len(cited) > 30
    assert [str(citation) for citation in cited if citation.file is None] == []


def test_every_heading_that_is_cited_exists() -> None:
    cited = [c for path, text in texts().items() for c in citations(path, text) if c.heading and c.file]
    assert [str(c) for c in cited if c.file and c.heading not in headings(c.file.read_text())] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for link in links(path.read_text()):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    assert broken == []


def test_the_floors_of_the_machine_are_those_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (checked,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    table = read("architecture.md").partition("| floor | what is there |")[2].partition("\n\n")[0]
    floors = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines()[2:]]
    assert floors == [layer.split(" | ") for layer in checked]


def test_the_rooms_of_the_code_are_those_of_the_table() -> None:
    table = read("architecture.md").partition("| folder of `ari_app` |")[2].partition("\n\n")[0]
    rooms = {path.name for path in (ROOT / "ari_app").iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == rooms


def test_decisions_have_the_same_headings() -> None:
    wanted = ["Context", "Decision", "Consequences", "What was measured", "Alternatives"]
    found = sorted((DOCS / "decisions").glob("0*.md"))
    assert len({path.name[:4] for path in found}) == len(found), "each has a number of its own"
    for path in found:
        title, *rest = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
        assert title.startswith(f"{int(path.name[:4])}. ")
        assert rest == wanted, path.name


def test_a_document_that_is_not_there_would_be_missed() -> None:
    here = Path(__file__)
    assert [Citation(here, "NOWHERE.md", "Ground rules")] == list(citations(here, 'see NOWHERE.md, "Ground rules"'))
    assert Citation(here, "NOWHERE.md").file is None
    assert Citation(here, "SCENARIOS.md").file == ROOT / "tests" / "SCENARIOS.md"
    assert links("[a](b.md#c) and [d](https://example.org/e.md)") == ["b.md#c"]
    assert anchors("## The API, by `example`") == {"the-api-by-example"}


def test_the_promises_have_the_numbers_of_the_table_of_scenarios_and_nothing_cites_another() -> None:
    promised = [int(number) for number in re.findall(r"^- \*\*S(\d+)\*\*", read("promises.md"), re.MULTILINE)]
    assert promised == list(CRITERIA)
    cited = {
        (str(path.relative_to(ROOT)), int(number))
        for path, text in texts().items()
        for number in re.findall(r"(?<![\w-])S(\d{1,2})\b", text)
    }
    assert {number for _, number in cited} == set(CRITERIA), sorted(x for x in cited if x[1] not in CRITERIA)


def test_the_readme_is_what_a_visitor_wants() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_pictures_are_those_of_the_code() -> None:
    page = read("architecture.md")
    assert drawn(page) == page, "out of date; draw it anew: python -m tests.support.pictures"
    flow, *_ = blocks(page, "mermaid")
    assert blocks((ROOT / "README.md").read_text(), "mermaid") == [flow]


def test_files_of_the_code_that_documents_name_are_there() -> None:
    named = {(path.name, name) for path, text in documents().items() for name in _CODE.findall(text)}
    assert {(page, name) for page, name in named if name not in MADE and not (ROOT / name).exists()} == set()


# -- commands for the machine -----------------------------------------------------------------------------------------

MADE = ("docker/.env.local", "docker/.env.local.cluster", "docker/.secrets")  # by docker/up
_WORD = re.compile(r"(?<![\w/.-])((?:docker|tests|asterisk|\.ci|ari_app)/[\w./*-]*\w)")
_MODULE = re.compile(r"-m ((?:tests|ari_app)(?:\.\w+)*)")
_OPTION = re.compile(r"^(?:.*(?:&&|;) *)?(docker/\w+|\.ci/run)((?: [\w-]+)*)", re.MULTILINE)


def _usage(script: str) -> str:
    """What a script says of itself, at its top."""
    return "\n".join((ROOT / script).read_text().splitlines()[:25])


def unknown(commands: str) -> list[str]:
    """What a block of ```sh names and that is not there: files, modules, options and steps of our own scripts."""
    files = [word for word in _WORD.findall(commands) if word not in MADE and not list(ROOT.glob(word))]
    modules = [
        name
        for name in _MODULE.findall(commands)
        if not (place := ROOT / name.replace(".", "/")).is_dir() and not place.with_suffix(".py").is_file()
    ]
    options = [
        f"{script} {word}"
        for script, words in _OPTION.findall(commands)
        for word in words.split(" -- ")[0].split()
        if script not in files and word != "--" and word not in _usage(script)
    ]
    return files + modules + options


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_what_commands_name_is_there(path: Path) -> None:
    assert [word for block in blocks(path.read_text(), "sh") for word in unknown(block)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_what_documents_run_in_a_container_ends_with_ctrl_c(path: Path) -> None:
    """The first process of a container gets no signal that it does not ask for: `--init` is there to be it."""
    started = [line for line in path.read_text().splitlines() if "docker run " in line]
    assert [line for line in started if " --init" not in line] == []


def test_what_is_not_there_would_be_missed() -> None:
    assert unknown("docker/up --no-demo\ndocker/test unit -- -k x\npython -m tests.bots run") == []
    assert unknown("docker/upp --x; cat tests/nothing.py") == ["docker/upp", "tests/nothing.py"]
    assert unknown("docker/up --quiet\npython -m tests.robots") == ["tests.robots", "docker/up --quiet"]
