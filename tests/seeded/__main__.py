"""`python -m tests.seeded [NAME…]`: puts faults into a copy of the core, and tells which rule catches each."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.seeded.faults import FAULTS, Fault

_FIRST_FAILURE = """from hypothesis import Phase, settings

settings.register_profile("seeded", phases=[Phase.explicit, Phase.generate])
settings.load_profile("seeded")
"""
ROOT = Path(__file__).resolve().parents[2]


def seed(fault: Fault, where: Path) -> None:
    """A copy of the project with this fault in it."""
    for part in ("ari_app", "tests"):
        shutil.copytree(ROOT / part, where / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", where)
    # That it is caught is enough: to find the shortest example takes longer than to find one.
    (where / "conftest.py").write_text(_FIRST_FAILURE, encoding="utf-8")
    file = where / fault.file
    text = file.read_text(encoding="utf-8")
    if text.count(fault.lines) != 1:
        raise SystemExit(f"{fault.name}: its lines do not stand once in {fault.file}")
    file.write_text(text.replace(fault.lines, fault.instead), encoding="utf-8")


def said(output: str) -> str:
    """What pytest says of the failure: the first assertion that tells more than that it is one."""
    found = re.findall(r"^(?:E|\s*\|)[\s|E]*((?:AssertionError: )?assert .+|\w+Error: .+)$", output, re.MULTILINE)
    return found[0][:240] if found else "-"


def run(fault: Fault) -> bool:
    """Whether the property test fails, and as the table says; tells so."""
    with tempfile.TemporaryDirectory() as name:
        where = Path(name)
        seed(fault, where)
        began = time.monotonic()
        environment = {**os.environ, "CC_EXAMPLES": os.environ.get("CC_EXAMPLES", "1500")}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "tests/properties/test_switch.py",
        ]
        done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        seconds = time.monotonic() - began
    caught = done.returncode == 1 and fault.says in done.stdout
    what = "caught" if caught else "NOT CAUGHT" if done.returncode == 0 else "failed otherwise"
    print(
        f"{fault.row:4} {fault.name:32} {what} after {seconds:.0f} s: {said(done.stdout)}",
        flush=True,
    )
    return caught


def main(names: Sequence[str]) -> int:
    """Returns 0 where each fault was caught, 1 where not, 2 where there is no such fault."""
    unknown = set(names) - {fault.name for fault in FAULTS}
    if unknown:
        print(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(f.name for f in FAULTS)}")
        return 2
    caught = [run(fault) for fault in FAULTS if not names or fault.name in names]
    return 0 if all(caught) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
