"""What each image is made of, as CycloneDX: Debian's packages, Python's and npm's, each with its version.

    python -m tests.security.sbom --to reports

writes `sbom-<image>.json` for the images that `ASTERISK_TAG` and its like name. Debian's packages are as dpkg has them
in the image; Asterisk, of which the image has some modules alone, is by its own word; Python's and npm's come from the
lock files.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import docker
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from ari_app import __version__

ROOT = Path(__file__).parents[2]
IMAGES = ("asterisk", "controller", "edge", "api", "history")
WITH_OURS = "controller"
"""The image that has the Python packages, and the page."""

_DPKG = r"dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n'; asterisk -V 2>/dev/null || true"
_LOCKED = re.compile(r"^([\w.-]+)==([\w.!+-]+)", re.MULTILINE)
_ASTERISK = re.compile(r"^Asterisk (\S+)", re.MULTILINE)


def of_debian(listed: str) -> Iterator[Component]:
    """What dpkg lists, tab-separated, and Asterisk's own version."""
    for line in listed.splitlines():
        name, tab, rest = line.partition("\t")
        if tab:
            version, _, architecture = rest.partition("\t")
            yield _component("deb", name, version, namespace="debian", qualifiers={"arch": architecture})
    if (found := _ASTERISK.search(listed)) is not None:
        yield _component("generic", "asterisk", found[1])


def of_python(lock: str) -> Iterator[Component]:
    """What a lock file of pip has."""
    for name, version in _LOCKED.findall(lock):
        yield _component("pypi", name.lower(), version)


def of_npm(lock: str) -> Iterator[Component]:
    """What a lock file of npm has; what only builds the page is `excluded`."""
    packages: Mapping[str, Mapping[str, str]] = json.loads(lock)["packages"]
    for place, package in packages.items():
        scope, _, name = place.rpartition("node_modules/")[2].rpartition("/")
        if name:
            hashes = [HashType(alg=HashAlgorithm.SHA_512, content=_hex(package["integrity"]))]
            excluded = bool(package.get("dev"))
            yield _component("npm", name, package["version"], namespace=scope or None, hashes=hashes, excluded=excluded)


def document(image: str, tag: str, components: Iterable[Component]) -> str:
    """All of it as JSON."""
    name = f"callcontrol-{image}"
    root = Component(name=name, version=__version__, type=ComponentType.CONTAINER, bom_ref=f"{name}:{tag}")
    bom = Bom(components=components)
    bom.metadata.component = root
    bom.register_dependency(root, bom.components)  # what needs what is not known of what dpkg lists
    return str(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1))


def _component(
    kind: str,
    name: str,
    version: str,
    *,
    namespace: str | None = None,
    qualifiers: Mapping[str, str] | None = None,
    hashes: Iterable[HashType] = (),
    excluded: bool = False,
) -> Component:
    url = PackageURL(kind, namespace, name, version, dict(qualifiers or {}))
    return Component(
        name=name,
        group=namespace if kind == "npm" else None,
        version=version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=str(url),
        hashes=hashes,
        scope=ComponentScope.EXCLUDED if excluded else ComponentScope.REQUIRED,
    )


def _hex(integrity: str) -> str:
    """Of `sha512-<base64>`."""
    return base64.b64decode(integrity.removeprefix("sha512-")).hex()


def main(arguments: Sequence[str]) -> int:
    """Returns 1 where an image has no packages: then something else was looked at."""
    parser = argparse.ArgumentParser("python -m tests.security.sbom")
    parser.add_argument("--to", type=Path, required=True)
    to: Path = parser.parse_args(arguments).to
    empty = 0
    with closing(docker.from_env()) as client:
        for image in IMAGES:
            tag = os.environ.get(f"{image.upper()}_TAG")
            if not tag:
                continue
            # Nothing of the image's own runs but this.
            listed = client.containers.run(
                f"callcontrol-{image}:{tag}", ["-c", _DPKG], entrypoint="sh", remove=True, network_mode="none"
            )
            found = list(of_debian(listed.decode()))
            empty += not found
            if image == WITH_OURS:
                found += of_python((ROOT / "requirements.lock").read_text())
                found += of_npm((ROOT / "ari_app" / "desk" / "package-lock.json").read_text())
            (to / f"sbom-{image}.json").write_text(document(image, tag, found))
            print(f"sbom-{image}.json: {len(found)} components")
    return int(empty > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
