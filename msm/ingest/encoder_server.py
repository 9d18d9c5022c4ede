"""Encoders that are loaded once and serve several workers: one process holds the weights, the others decode.

The process that started the workers answers them, a thread for each connection; one batch is encoded at a time.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

import numpy as np

from msm.errors import InputError
from msm.ingest.encoder import Encoder, ShotInput, encode

GONE = (EOFError, OSError)


@dataclass(frozen=True)
class ServerAddress:
    """Where a worker asks, the key by which it is known, and (modality, name, dim, batch) of each encoder."""

    address: Any
    key: bytes
    encoders: tuple[tuple[str, str, int, int | None], ...]


class RemoteEncoder:
    """An encoder of another process; see `Encoder`."""

    def __init__(self, connection: Connection, number: int, about: tuple[str, str, int, int | None]):
        self._connection, self._number = connection, number
        self.modality, self.name, self.dim, batch = about
        if batch is not None:
            self.batch = batch

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        try:
            self._connection.send((self._number, list(shots)))
            answer = self._connection.recv()
        except GONE:
            raise InputError(f"the process that holds {self.name} has ended") from None
        if isinstance(answer, str):
            raise InputError(answer)
        return answer


def are_shared(encoders: Sequence[Encoder]) -> bool:
    """Is there one among them that should not be in memory several times?"""
    return any(getattr(encoder, "shared", False) for encoder in encoders)


def connect(server: ServerAddress) -> list[Encoder]:
    """In a worker: the encoders of the server."""
    connection = Client(server.address, authkey=server.key)
    return [RemoteEncoder(connection, number, about) for number, about in enumerate(server.encoders)]


@contextmanager
def serving(encoders: Sequence[Encoder]) -> Iterator[ServerAddress]:
    """Answer workers until the block ends."""
    key, lock = secrets.token_bytes(32), threading.Lock()
    about = tuple((e.modality, e.name, e.dim, getattr(e, "batch", None)) for e in encoders)
    with Listener(authkey=key) as listener:
        threading.Thread(target=_accept, args=(listener, encoders, lock), daemon=True).start()
        yield ServerAddress(listener.address, key, about)


def _accept(listener: Listener, encoders: Sequence[Encoder], lock: threading.Lock) -> None:
    while True:
        try:
            connection = listener.accept()
        except Exception:  # closed, or somebody without the key
            if getattr(listener, "_listener", None) is None:
                return
            continue
        threading.Thread(target=_answer, args=(connection, encoders, lock), daemon=True).start()


def _answer(connection: Connection, encoders: Sequence[Encoder], lock: threading.Lock) -> None:
    with suppress(*GONE), connection:
        while True:
            number, shots = connection.recv()
            try:
                with lock:
                    answer: np.ndarray | str = encode(encoders[number], shots)
            except InputError as error:
                answer = str(error)
            except Exception as error:
                answer = f"{type(error).__name__}: {error}"
            connection.send(answer)
