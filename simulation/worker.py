"""A worker process: takes calls from its standard input, gives results to its standard output.

Started by `simulation.executor.Workers`. It runs nothing of the program that started it but the
functions it is asked to call, and ends when the other end of its pipe is gone.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from typing import IO, Final

_LENGTH: Final = struct.Struct("<Q")


def send(pipe: IO[bytes], content: bytes) -> None:
    """Write one message."""
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one message; None when the other end is gone, in the midst of one or not."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    return content if len(content) == length else None


def _call(content: bytes) -> bytes:
    """Do what a message asks; return (whether it went well, the result or the exception)."""
    try:
        function, arguments, options = pickle.loads(content)  # noqa: S301 - from our own parent
        answer = (True, function(*arguments, **options))
        return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as fault:  # noqa: BLE001 - it is raised again where the result is awaited
        try:
            content = pickle.dumps((False, fault))
            pickle.loads(content)  # noqa: S301 - our own; not every exception survives the trip
        except Exception:  # noqa: BLE001
            return pickle.dumps((False, RuntimeError(f"{type(fault).__name__}: {fault}")))
        return content


def serve() -> None:
    """Answer calls until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us in its own time
    calls = sys.stdin.buffer
    with os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)  # what the work prints goes beside the answers, not among them
        while (content := receive(calls)) is not None:
            try:
                send(results, _call(content))
            except BrokenPipeError:
                os._exit(0)  # without flushing what is left into a pipe that is gone
    os._exit(0)


if __name__ == "__main__":
    serve()
