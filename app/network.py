"""Where others reach this page, if they do."""

import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

ANYWHERE = {"", "0.0.0.0", "::"}
"""What a server listens at that others may reach."""


def own_machine(url: str) -> bool:
    """Whether an address means the machine of whoever opens it."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shared(url: str, listens: str) -> tuple[str, str]:
    """The address of a page for others on the network, and what to say of it.

    `listens` is where the server listens, as its settings have it.
    """
    if not own_machine(url):
        return url, "Whoever reaches this server under that name can open the link."
    if listens not in ANYWHERE:
        return url, (
            "This link opens on this machine only: the server listens here alone. For a class, start it with "
            "mcviz explore --address 0.0.0.0 and open the address of this machine."
        )
    machine = address()
    if not machine:
        return url, "This machine has no address on a network, so nobody else can open the link."
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    there = urlunsplit(parts._replace(netloc=f"{machine}{port}"))
    return there, f"Others on this network can open it under {machine}, if no firewall stands between."


def address() -> str:
    """The address of this machine on its network; "" where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        try:
            asks.connect(("192.0.2.1", 9))  # set aside for examples: this chooses a way out, and sends nothing
            found = str(asks.getsockname()[0])
        except OSError:
            return ""
    return "" if ipaddress.ip_address(found).is_loopback else found
