"""Ports of this machine that tests give to servers, or to nobody."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OURS = range(20_000, 32_000)
"""Below those that kernels hand out by themselves (from 32,768), above those that Ray gives its workers."""


def free_port() -> int:
    """A loopback port that nobody listens on.

    The kernel hands it to nobody who names none, so nobody else is given it before the server has taken it.
    """
    chance = random.SystemRandom()
    while True:
        with socket.socket() as knock, suppress(OSError):
            port = chance.choice(OURS)
            knock.bind(("127.0.0.1", port))
            return port


def listening(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nobody_listening() -> Iterator[str]:
    """Base address of an endpoint that is away; nobody can come to listen there meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
