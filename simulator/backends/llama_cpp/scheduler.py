"""Many requests side by side on one context: continuous batching on a thread of its own."""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty

from simulator.backends.llama_cpp.context import CHUNK, FAILURES, Context, Row
from simulator.backends.llama_cpp.placing import next_in_line, oldest, place
from simulator.backends.llama_cpp.sequence import Sequence, pieces
from simulator.backends.llama_cpp.wishes import Call, Piece, Step, Wish, Wishes
from simulator.backends.llama_cpp.work import Work
from simulator.backends.logits.request_queue import LINGER, RequestQueue, Ticket
from simulator.backends.logits.sampling import Logits
from simulator.protocols.interface import Completion

FAIR = 4
"""Every so many turns the prompt that came first is evaluated first, however long it is."""


@dataclass(eq=False)
class Active:
    """A request that is at work."""

    ticket: Ticket[Work]
    wishes: Wishes
    places: list[Sequence]
    wish: Wish | None = None
    rest: list[int] = field(default_factory=list)
    """Tokens of a piece that are still to be evaluated."""


class Scheduler:
    """Evaluates what requests wish, together where that does not change numbers.

    A turn takes in what has arrived, gives free places to waiting requests, evaluates some prompt tokens, lets each
    rating request make a call and evaluates one token of every generating sequence. So a long prompt holds nobody up
    for longer than a chunk, and a place is taken again as soon as it is free. Every request ends exactly once.
    """

    def __init__(self, context: Context, places: list[Sequence], name: str) -> None:
        self._context, self._places = context, places
        self._requests: RequestQueue[Work] = RequestQueue()
        self._waiting: list[Ticket[Work]] = []
        self._active: list[Active] = []
        self._passed = 0  # how often another went before the first in line
        self._turn = 0  # turns so far
        self._given = 0  # places given so far
        self._answered = 0  # requests that ended since the inbox was last looked into
        self._thread = threading.Thread(target=self._work, name=f"llama.cpp {name}", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> "Future[Completion]":
        """Take a request on; cancelling the future stops it at the next turn."""
        return self._requests.submit(work)

    def close(self) -> None:
        """End all requests and the thread; idempotent."""
        self._requests.close()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self._receive():
                self._active = [one for one in self._active if not self._was_cancelled(one)]
                self._waiting = [ticket for ticket in self._waiting if not ticket.future.cancelled()]
                self._admit()
                self._evaluate_pieces()
                self._make_calls()
                self._evaluate_step()
        except BaseException as defect:
            self._leave(defect)
            raise
        self._leave(None)

    def _leave(self, defect: BaseException | None) -> None:
        """End whatever has not ended; a defect goes to everybody."""
        for active in self._active:
            active.wishes.close()
        self._requests.leave([*(active.ticket for active in self._active), *self._waiting], defect)

    def _receive(self) -> bool:
        """Take in what has arrived, waiting only if there is nothing else to do; whether to go on."""
        deadline = time.monotonic() + LINGER
        while True:
            wait = max(0.0, deadline - time.monotonic()) if self._answered else 0.0
            try:
                ticket = self._requests.take(wait if self._active or self._waiting else None)
            except Empty:
                self._answered = 0
                return True
            if ticket is None:
                return False
            self._answered = max(0, self._answered - 1)
            self._prepare(ticket)

    def _prepare(self, ticket: Ticket[Work]) -> None:
        try:
            ticket.work.prepare()
        except Exception as error:
            self._fail(ticket, error)
        else:
            self._waiting.append(ticket)

    def _admit(self) -> None:
        while self._waiting:
            chosen = next_in_line([ticket.work for ticket in self._waiting], self._places, self._passed)
            ticket = self._waiting[chosen]
            if sum(not one.busy for one in self._places) < ticket.work.width:
                return
            self._passed = self._passed + 1 if chosen else 0
            self._begin(ticket)

    def _begin(self, ticket: Ticket[Work]) -> None:
        work = ticket.work
        others = [other for other in self._waiting if other is not ticket]
        awaited = {other.work.conversation for other in others if other.work.conversation}
        target, source = place(work, self._places, awaited)
        target.busy = True
        taken = [target]
        for _ in range(work.width - 1):
            taken.append(oldest([one for one in self._places if not one.busy], awaited))
            taken[-1].busy = True
        for one in taken:
            self._given += 1
            one.used, one.conversation = self._given, work.conversation if one is target else ""
        active = Active(ticket, work.run(taken), taken)
        self._active, self._waiting = [*self._active, active], others
        try:
            if source is not None and self._context.divisible:
                target.become(source)
        except FAILURES as error:
            self._end(active)
            self._fail(ticket, error)
        else:
            self._go_on(active, None)

    def _go_on(self, active: Active, logits: list[Logits] | None) -> None:
        """Give a request what it wished and take its next wish."""
        try:
            active.wish = next(active.wishes) if logits is None else active.wishes.send(logits)
        except StopIteration as done:
            self._end(active)
            active.ticket.resolve(done.value)
        except Exception as error:
            self._end(active)
            self._fail(active.ticket, error)
        else:
            active.rest = list(active.wish.tokens) if isinstance(active.wish, Piece) else []

    def _end(self, active: Active) -> None:
        self._active = [one for one in self._active if one is not active]
        self._release(active)
        self._answered += 1

    def _release(self, active: Active) -> None:
        for one in active.places:
            one.busy = False
        for one in active.places[1:]:
            one.forget()

    def _was_cancelled(self, active: Active) -> bool:
        if not active.ticket.future.cancelled():
            return False
        active.wishes.close()
        self._release(active)
        return True

    def _fail(self, ticket: Ticket[Work], error: Exception) -> None:
        if isinstance(error, FAILURES):
            reason = str(error) or "memory is short"
            ticket.resolve(ticket.work.failed("server", f"llama.cpp failed: {reason}."))
        else:
            ticket.fail(error)

    def _evaluate_pieces(self) -> None:
        """Evaluate about a chunk of prompt tokens, the shortest rest first, now and then the oldest."""
        budget, self._turn = CHUNK, self._turn + 1
        pending = [one for one in self._active if one.rest]
        first = pending[:1] if self._turn % FAIR == 0 else []
        for active in [*first, *sorted((one for one in pending if one not in first), key=lambda one: len(one.rest))]:
            assert isinstance(active.wish, Piece)
            while active.rest and budget > 0:
                size = pieces(len(active.rest), len(active.wish.sequence.tokens))[0][1]
                piece, active.rest = active.rest[:size], active.rest[size:]
                budget -= size
                try:
                    logits = active.wish.sequence.feed(piece, min(size, active.wish.wanted))
                except FAILURES as error:
                    self._end(active)
                    self._fail(active.ticket, error)
                    break
                if not active.rest:
                    self._go_on(active, logits)
                    break

    def _make_calls(self) -> None:
        """Let every request that wishes a call of its own make one."""
        for active in [one for one in self._active if isinstance(one.wish, Call)]:
            assert isinstance(active.wish, Call)
            try:
                logits = active.wish.make()
            except FAILURES as error:
                self._end(active)
                self._fail(active.ticket, error)
            else:
                self._go_on(active, logits)

    def _length(self, number: int) -> int:
        """Tokens that a sequence of the context holds; it may have one that is nobody's place."""
        return len(self._places[number].tokens) if number < len(self._places) else 0

    def _evaluate_step(self) -> None:
        """Evaluate one token for every sequence that generates."""
        stepping = [(one, one.wish) for one in self._active if isinstance(one.wish, Step)]
        if not stepping:
            return
        flat = sorted(
            ((one, token) for _, wish in stepping for one, token in wish.tokens), key=lambda pair: pair[0].number
        )
        rows = [Row(token, len(one.tokens), one.number, wanted=True) for one, token in flat]
        try:
            found = self._context.step(rows, self._length)
        except FAILURES as error:
            for active, wish in stepping:
                for one, _ in wish.tokens:
                    one.forget()
                self._end(active)
                self._fail(active.ticket, error)
            return
        after = {}
        for (one, token), logits in zip(flat, found, strict=True):
            one.took([token])
            after[one.number] = logits
        for active, wish in stepping:
            self._go_on(active, [after[one.number] for one, _ in wish.tokens])
