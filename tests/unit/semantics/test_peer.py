"""Which clients share a budget."""

import pytest

from proxy.semantics.peer import NOBODY, Peer


@pytest.mark.parametrize(
    ("peer", "party"),
    [
        (Peer(address="10.0.0.1"), "10.0.0.1"),
        (Peer(address="::ffff:10.0.0.1"), "10.0.0.1"),
        (Peer(address="2001:db8::1"), "2001:db8::/64"),
        (Peer(address="2001:db8::ffff:1"), "2001:db8::/64"),
        (Peer(address="2001:db8:0:1::1"), "2001:db8:0:1::/64"),
        (Peer(uid=1000), "uid 1000"),
        (Peer(address="10.0.0.1", certificate="ab"), "certificate ab"),
        (NOBODY, "unknown"),
    ],
    ids=str,
)
def test_a_party_is_a_certificate_or_a_user_or_an_address(peer, party):
    assert peer.party == party


@pytest.mark.parametrize(
    ("address", "is_loopback"),
    [("127.0.0.1", True), ("::1", True), ("127.8.8.8", True), ("10.0.0.1", False), ("", False)],
)
def test_only_an_address_of_this_machine_is_loopback(address, is_loopback):
    assert Peer(address=address).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("peer", "is_neighbour"),
    [
        (Peer(address="127.0.0.1"), True),
        (Peer(address="::1"), True),
        (Peer(address="::ffff:127.0.0.1"), True),
        (Peer(uid=1000), True),
        (Peer(address="::ffff:10.0.0.1"), False),
        (Peer(address="10.0.0.1", certificate="ab"), False),
        (NOBODY, False),
    ],
    ids=str,
)
def test_a_neighbour_is_a_process_of_this_machine(peer, is_neighbour):
    assert peer.is_neighbour is is_neighbour
