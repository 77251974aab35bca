"""Child processes that die with their parent, also when the parent is killed."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

NOBODY = 65534
ATTEMPTS = 20
_PR_SET_PDEATHSIG = 1
_RESERVED: dict[int, int] = {}


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program: on Linux the kernel then kills it when its parent ends."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return prepare


def as_nobody() -> list[str]:
    """The prefix that lets a program which refuses root run as nobody below directories only root may enter."""
    if os.geteuid() != 0:
        return []
    return [
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        # access(2) ignores ambient capabilities unless the uid fix-up is off.
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        # Changing the user clears the parent-death signal, so it is asked for again afterwards.
        "--pdeathsig=KILL",
    ]


def free_port(preferred: int | None = None) -> int:
    """`preferred` if it is free on the loopback interface, else a port that is. It stays ours until this process ends.

    A port found free is not yet taken: two installations that start together would find the same one. So each is reserved
    by a lock that every installation of this user looks at.
    """
    for port in (preferred, *([0] * ATTEMPTS)):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
        if _reserve(found):
            return found
    raise OSError("no free port on the loopback interface")


def _reserve(port: int) -> bool:
    if port in _RESERVED:
        return False
    directory = Path(tempfile.gettempdir()) / f"runonce-ports-{os.geteuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    held = os.open(directory / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return False
    _RESERVED[port] = held
    return True
