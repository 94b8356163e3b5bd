"""Networks: the addresses of one, without those that an index holds for another.

A field of type ip holds an IPv4 address as the IPv6 address that it is mapped to (OpenSearch documentation, "IP address").
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network

from amazon_q_detections.errors import Refused

_MAPPED = IPv6Network("::ffff:0:0/96")


def ranges(network: IPv4Network | IPv6Network) -> list[tuple[str, str]]:
    """The first and last addresses of the parts of *network* around IPv4; none where the network itself can be searched for.

    Raises Refused for a network of IPv4 addresses as IPv6 ones.
    """
    if isinstance(network, IPv4Network) or not network.overlaps(_MAPPED):
        return []
    if network.subnet_of(_MAPPED):
        raise Refused(f"the network {network}", "OpenSearch does not tell an IPv4 address from one mapped into IPv6.")
    first, last = network[0], network[-1]
    before, after = _MAPPED[0] - 1, _MAPPED[-1] + 1
    parts: list[tuple[IPv6Address, IPv6Address]] = [(first, before), (after, last)]
    return [(str(start), str(end)) for start, end in parts if start <= end]
