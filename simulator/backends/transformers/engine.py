"""Many requests side by side on one model: continuous batching on a thread of its own.

A turn takes in what has arrived, rates what waits to be rated, begins waiting replies where there is room, and takes
every reply one token further. Rows of sampled, greedy, constrained and searching replies share a batch, each with
decoding and draws of its own, so no request waits for others of its kind. Where memory runs out, the batch is halved
for good and its replies are taken up again from where they were.
"""

import gc
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty
from typing import Any

from simulator.backends.logits.request_queue import LINGER, RequestQueue, Ticket
from simulator.backends.logits.requests import Refused
from simulator.backends.transformers.deciding import told
from simulator.backends.transformers.grouping import together
from simulator.backends.transformers.library import is_short_of_memory, torch
from simulator.backends.transformers.network import Network
from simulator.backends.transformers.rating import Rating, rate
from simulator.backends.transformers.rows import Rows, begin
from simulator.backends.transformers.writing import Writing
from simulator.protocols.interface import Completion

PATIENCE = 8
"""Steps after which waiting requests are begun, even if few."""
PREFILL = {"cuda": 32_768, "mps": 8_192, "cpu": 2_048}
"""Most tokens of prompts, padding among them, that are evaluated together."""


class Engine:
    """Takes requests and ends each exactly once."""

    def __init__(self, network: Network, most: int, name: str) -> None:
        self.network = network
        """The model."""
        self.most = most
        """Rows that are evaluated together; less after memory ran out."""
        self.shrunk = 0
        """How often memory ran out."""
        self._held = 0  # rows that memory has held
        self._touched: list[Ticket[Any]] = []  # what the step at hand is about
        self._requests: RequestQueue[Any] = RequestQueue()
        self._waiting: list[Ticket[Writing]] = []
        self._ratings: list[Ticket[Rating]] = []
        self._running: list[Ticket[Writing]] = []  # in the order of their rows
        self._rows: Rows | None = None
        self._since = 0  # steps since replies were last begun
        self._answered = False
        self._thread = threading.Thread(target=self._work, name=f"transformers {name}", daemon=True)
        self._thread.start()

    def submit(self, work: Writing | Rating) -> "Future[Completion]":
        """Take a request on; cancelling the future stops it at the next turn."""
        return self._requests.submit(work)

    def close(self) -> None:
        """End all requests and the thread; idempotent."""
        self._requests.close()
        self._thread.join()

    def _work(self) -> None:
        try:
            with torch().inference_mode():
                while self._receive():
                    self._guarded(self._drop_cancelled)
                    self._guarded(self._rate)
                    self._guarded(self._begin)
                    self._guarded(self._step)
        except BaseException as defect:
            self._leave(defect)
            raise
        self._leave(None)

    def _leave(self, defect: BaseException | None) -> None:
        """End whatever has not ended; a defect goes to everybody."""
        self._requests.leave([*self._running, *self._waiting, *self._ratings], defect)
        self._rows = None

    def _receive(self) -> bool:
        """Take in what has arrived, waiting only if there is nothing else to do; whether to go on."""
        while True:
            busy = self._running or self._waiting or self._ratings
            try:
                ticket = self._requests.take((LINGER if self._answered else 0.0) if busy else None)
            except Empty:
                self._answered = False
                return True
            if ticket is None:
                return False
            self._prepare(ticket)

    def _prepare(self, ticket: Ticket[Any]) -> None:
        work = ticket.work
        try:
            work.prepare()
        except Exception as error:
            self._fail(ticket, error)
            return
        if isinstance(work, Rating):
            self._ratings.append(ticket)
        elif work.done:
            ticket.resolve(work.completion())
        else:
            self._waiting.append(ticket)

    def _drop_cancelled(self) -> None:
        self._waiting = [one for one in self._waiting if not one.future.cancelled()]
        self._ratings = [one for one in self._ratings if not one.future.cancelled()]
        if any(one.future.cancelled() for one in self._running):
            self._keep([not one.future.cancelled() for one in self._running])

    def _guarded(self, act: Callable[[], None]) -> None:
        """Act; where memory runs out, halve the batch and begin it again, and where the model fails, say so."""
        short = False
        self._touched = []
        try:
            act()
        except Exception as error:
            short = is_short_of_memory(error)
            if not short:
                if not isinstance(error, (RuntimeError, ValueError, IndexError)):
                    raise
                for ticket in self._touched:
                    self._fail(ticket, error)
                self._forget()
            error.__traceback__ = None  # which holds on to tensors
        if short:
            self._shrink()

    def _shrink(self) -> None:
        """Halve the batch for good; what was running waits to be begun again, before all others.

        A request that fails alone is at fault itself, so the batch goes back to what memory has held before.
        """
        tried = sum(one.work.width for one in self._touched) or self.most
        alone = len(self._touched) == 1
        self._suspend()
        self.shrunk += 1
        if alone and (tried == 1 or self.most == 1):
            [ticket] = self._touched
            ticket.resolve(ticket.work.failed("context", "The memory of the device does not hold this one request."))
            self.most = max(1, self._held)
            self._forget()
        else:
            self.most = max(1, min(self.most, tried) // 2)
        gc.collect()
        if torch().cuda.is_available():
            torch().cuda.empty_cache()

    def _suspend(self) -> None:
        for ticket in self._running:
            for chance in ticket.work.chances:
                chance.rewind()
        self._waiting = [*self._running, *self._waiting]
        self._running, self._rows = [], None

    def _forget(self) -> None:
        """Leave out what has ended; rows of which nothing is known any more go with it."""
        self._waiting = [one for one in self._waiting if not one.future.done()]
        self._ratings = [one for one in self._ratings if not one.future.done()]
        if any(one.future.done() for one in self._running):
            self._running = [one for one in self._running if not one.future.done()]
            self._suspend()

    def _fail(self, ticket: Ticket[Any], error: Exception) -> None:
        if isinstance(error, (RuntimeError, IndexError)):
            ticket.resolve(ticket.work.failed("server", f"The model failed: {str(error) or type(error).__name__}."))
        else:
            ticket.fail(error)

    def _rate(self) -> None:
        """Rate what waits, prompts of about the same length together."""
        while self._ratings:
            ordered = sorted(self._ratings, key=lambda one: len(one.work.prompt))
            some = together(ordered, [1] * len(ordered), self.most, self._tokens)
            self._touched = list(some)
            found = rate(self.network, [one.work for one in some], self.most)
            for ticket, logprobs in zip(some, found, strict=True):
                ticket.resolve(ticket.work.completion(logprobs))
            self._held = max(self._held, len(some))
            self._ratings = [one for one in self._ratings if one not in some]
            self._answered = True

    @property
    def _tokens(self) -> int:
        return PREFILL.get(self.network.device.partition(":")[0], PREFILL["cpu"])

    def _admitted(self) -> list[Ticket[Writing]]:
        """Waiting requests that are begun now: those that came first, as many as there is room for."""
        held = self._rows.count if self._rows else 0
        if held and self.network.encodes:
            return []
        rows, some = sum(one.work.width for one in self._running), list[Ticket[Writing]]()
        for ticket in self._waiting:
            rows += ticket.work.width
            if rows > self.most and (some or self._running):
                break
            some.append(ticket)
        few = len(some) < min(len(self._waiting), 1 + len(self._running) // 4)
        return [] if self._running and few and self._since < PATIENCE else some

    def _begin(self) -> None:
        """Evaluate prompts of waiting requests, those of about the same length together."""
        self._since += 1
        admitted = sorted(self._admitted(), key=lambda one: len(one.work.prompt))
        if not admitted:
            return
        while admitted:
            some = together(admitted, [one.work.width for one in admitted], self.most, self._tokens)
            works = [one.work for one in some]
            self._touched = [*self._running, *some]
            rows = begin(self.network, [text for work in works for text in work.begin()])
            if self._rows is None:
                self._rows = rows
            else:
                self._rows.join(rows)
            self._running += some
            self._waiting = [one for one in self._waiting if one not in some]
            admitted = admitted[len(some) :]
            self._since = 0
            if self.network.encodes:
                break
        self._decide()

    def _step(self) -> None:
        """Take every row one token further."""
        if self._rows is None:
            return
        self._touched = list(self._running)
        queues = [queue for one in self._running for queue in one.work.queues]
        self._rows.step([queue.pop(0) if queue else None for queue in queues])
        self._held = max(self._held, self._rows.count)
        self._decide()

    def _decide(self) -> None:
        """Tell every request that is ready what comes next, and follow what it makes of that."""
        rows = self._rows
        if rows is None:
            return
        self._touched = list(self._running)
        works = [one.work for one in self._running]
        starts = [0]
        for work in works:
            starts.append(starts[-1] + len(work.lines))
        ready = [n for n, work in enumerate(works) if work.ready]
        sound = rows.logits.amax(-1).isfinite().tolist()
        for n in range(len(works)):
            if not all(sound[starts[n] : starts[n + 1]]):
                self._fail(self._running[n], RuntimeError("its logits are not numbers"))
        ready = [n for n in ready if not self._running[n].future.done()]
        found = dict(zip(ready, told(rows.logits, [(starts[n], works[n]) for n in ready]), strict=True))
        order: list[int] = []
        going: list[Ticket[Writing]] = []
        for n, ticket in enumerate(self._running):
            work = works[n]
            if ticket.future.done():
                continue
            if n not in found:
                order += range(starts[n], starts[n + 1])
                going.append(ticket)
                continue
            try:
                work.told(found[n])
            except Refused as error:
                self._fail(ticket, error)
                self._answered = True
                continue
            if work.done:
                ticket.resolve(work.completion())
                self._answered = True
                continue
            order += [starts[n] + line.of for line in work.lines]
            going.append(ticket)
        self._running = going
        self._hold(order)

    def _keep(self, wanted: Sequence[bool]) -> None:
        order: list[int] = []
        row = 0
        for ticket, keep in zip(self._running, wanted, strict=True):
            lines = len(ticket.work.lines)
            order += range(row, row + lines) if keep else []
            row += lines
        self._running = [one for one, keep in zip(self._running, wanted, strict=True) if keep]
        self._hold(order)

    def _hold(self, order: list[int]) -> None:
        if order and self._rows is not None:
            self._rows.take(order)
        else:
            self._rows = None
