"""A thread that runs forward passes: requests that wait at the same time share one."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Batcher(Generic[Asked, Answer]):
    """Answers questions in batches, in the order in which they arrive.

    answer    called in the thread of the batcher with up to `together` questions; returns as many answers
    wait_s    how long the first question of a batch waits for others
    on_batch  called with the size of every batch

    Where a batch raises, its questions are asked again one by one, so that one bad question does not fail the others.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Asked]], Sequence[Answer]],
        *,
        together: int,
        wait_s: float,
        on_batch: Callable[[int], object] = lambda size: None,
    ):
        self._answer, self._together, self._wait_s, self._on_batch = answer, together, wait_s, on_batch
        self._waiting: queue.SimpleQueue[tuple[Asked, Future[Answer]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="forward passes")
        self._thread.start()

    def ask(self, question: Asked) -> Answer:
        """Wait for the answer; raises what answering raised."""
        future: Future[Answer] = Future()
        self._waiting.put((question, future))
        return future.result()

    def close(self) -> None:
        """End the thread when everything that waits is answered."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, open_ = self._gather(first)
            self._answer_all(batch)
            if not open_:
                return

    def _gather(self, first: tuple[Asked, Future[Answer]]) -> tuple[list[tuple[Asked, Future[Answer]]], bool]:
        """The questions of a batch, and whether more may come."""
        batch, until = [first], time.monotonic() + self._wait_s
        while len(batch) < self._together:
            try:
                more = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if more is None:
                return batch, False
            batch.append(more)
        return batch, True

    def _answer_all(self, batch: Sequence[tuple[Asked, Future[Answer]]]) -> None:
        self._on_batch(len(batch))
        try:
            answers = self._answer([question for question, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for one in batch:
                self._answer_all([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)
