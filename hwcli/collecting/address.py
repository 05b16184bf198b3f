"""Who may ask: the addresses that the page is served under, and the token in them."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket

SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What a token is made of: signs that are not mistaken for each other when someone types them on a tablet."""
TOKEN_LENGTH = 14
"""69 bits."""
USUAL_PORT = "80"
"""Browsers do not name it."""
_HOST = re.compile(r"(?:\[(?P<six>[^]]*)\]|(?P<name>[^:]*))(?::(?P<port>\d+))?")


def new_token() -> str:
    """Return a token that nobody can guess."""
    return "".join(secrets.choice(SIGNS) for _ in range(TOKEN_LENGTH))


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches ``host``."""
    address = _ip(host)
    return host == "localhost" if address is None else address.is_loopback


def is_ours(header: str | None, host: str, port: int) -> bool:
    """Return whether a request with the Host ``header`` was meant for a server at ``host`` and ``port``.

    A page elsewhere can have its own name lead to our address (DNS rebinding) and would then be let in by the
    browser, but its requests bear that name.  So only the host's own name, localhost, and where the server
    listens to a network, numbers are taken: a number leads nowhere else.
    """
    found = _HOST.fullmatch(header or "")
    if found is None or (found["port"] or USUAL_PORT) != str(port):
        return False
    name = (found["six"] or found["name"] or "").lower()
    if name in (host.lower(), "localhost"):
        return True
    address = _ip(name)
    return address is not None and (address.is_loopback if is_loopback(host) else True)


def url(host: str, port: int, token: str) -> str:
    """Return the page's address as people type it."""
    shown = _outward(host) if (address := _ip(host)) is not None and address.is_unspecified else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/{token}/"


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _outward(host: str) -> str:
    """Return the address by which this machine's network knows it, or ``host``; nothing is sent for it."""
    is_six = ":" in host
    with socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1" if is_six else "192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return host
