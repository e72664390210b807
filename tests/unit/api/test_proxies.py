"""Who it is that a proxy passes on: nobody can say that they are somebody else."""

from ipaddress import ip_network

import pytest

from ari_app.api.proxies import origin

PROXIES = [ip_network("10.0.0.0/24"), ip_network("127.0.0.1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("127.0.0.1", ["192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        ("127.0.0.1", ["192.0.2.7", "10.0.0.2"], "192.0.2.7"),
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("192.0.2.66", ["192.0.2.7"], "192.0.2.66"),  # no proxy of ours
        ("10.0.0.1", ["198.51.100.1, 192.0.2.66"], "192.0.2.66"),  # the left one is their own word
        ("10.0.0.1", ["192.0.2.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [], "10.0.0.1"),
        (None, ["192.0.2.7"], None),
    ],
)
def test_the_nearest_address_that_is_no_proxy_counts(peer: str | None, forwarded: list[str], found: str | None) -> None:
    assert origin(peer, forwarded, PROXIES) == found
