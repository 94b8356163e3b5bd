"""A network of addresses as a regular expression on their text.

`cidrmatch` is not documented for what is no address, and a record's source address may be a service name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Network

_ANY = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"


def expression(network: IPv4Network) -> str:
    """Fits exactly the addresses of *network* in dotted decimals without leading zeros."""
    octets = []
    for low, high in zip(network.network_address.packed, network.broadcast_address.packed, strict=True):
        if (low, high) == (0, 255):
            octets.append(_ANY)
        elif low == high:
            octets.append(str(low))
        else:
            octets.append(f"(?:{'|'.join(map(str, range(low, high + 1)))})")
    return rf"\A{'[.]'.join(octets)}\z"
