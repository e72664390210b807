"""What images are made of, as it is written for those who compare it with lists of known faults."""

from __future__ import annotations

import json

from tests.security.sbom import ROOT, document, of_debian, of_npm, of_python

DPKG = "libc6\t2.42-4\tamd64\nadduser\t3.153\tall\nAsterisk 22.7.0~dfsg-1\n"


def urls(of: str) -> list[str]:
    return [each["purl"] for each in json.loads(of)["components"]]


def test_debians_packages_and_asterisk_are_named_with_their_versions() -> None:
    written = document("asterisk", "t", of_debian(DPKG))
    assert sorted(urls(written)) == [
        "pkg:deb/debian/adduser@3.153?arch=all",
        "pkg:deb/debian/libc6@2.42-4?arch=amd64",
        "pkg:generic/asterisk@22.7.0~dfsg-1",
    ]
    assert json.loads(written)["bomFormat"] == "CycloneDX"
    assert json.loads(written)["metadata"]["component"]["name"] == "callcontrol-asterisk"


def test_all_that_is_locked_for_the_controller_is_in_its_list() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    written = document("controller", "t", of_python(lock))
    assert len(urls(written)) == lock.count("==")
    assert any(url.startswith("pkg:pypi/aiohttp@3.") for url in urls(written))


def test_of_the_page_what_is_shipped_differs_from_what_only_builds_it() -> None:
    lock = (ROOT / "ari_app" / "desk" / "package-lock.json").read_text()
    components = json.loads(document("controller", "t", of_npm(lock)))["components"]
    shipped = {each["name"] for each in components if each["scope"] == "required"}
    assert {"jssip", "openapi-fetch", "tinykeys"} <= shipped
    assert "vite" in {each["name"] for each in components} - shipped
    assert all(len(each["hashes"][0]["content"]) == 128 for each in components)
    assert any(url.startswith("pkg:npm/%40sveltejs/") for url in (each["purl"] for each in components))
