"""A host's address, looked up in a thread where it is a name: a slow or dead name server holds nobody up."""

import ipaddress
import threading

from .endpoint import LinkError, resolve

_HERE = {"localhost": "127.0.0.1"}


class Lookup:
    """is_name: whether it is looked up; an address, and this machine, are there at once. address: (IPv4 address, port),
    None until it is found. problem: why it never will be, a sentence, else empty.

    Raises LinkError for an address that cannot be used. Whoever no longer wants it just drops it.
    """

    def __init__(self, host: str, port: int):
        self.host, self.port = host, port
        self.address: tuple[str, int] | None = None
        self.problem = ""
        host = _HERE.get(host.lower(), host)
        self.is_name = not _is_address(host)
        if self.is_name:
            threading.Thread(target=self._look, name="mocap look-up", daemon=True).start()
        else:
            self.address = resolve(host, port)

    @property
    def running(self) -> bool:
        return self.address is None and not self.problem

    def _look(self) -> None:
        try:
            self.address = resolve(self.host, self.port)
        except LinkError as error:
            self.problem = str(error)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
