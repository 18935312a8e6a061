"""The way of requests to the thread of an engine, and how each of them ends exactly once."""

import threading
import time
from concurrent.futures import CancelledError, Future
from queue import Empty

import pytest

from simulator.backends.logits.request_queue import RequestQueue, Ticket
from simulator.backends.logits.requests import Refused
from simulator.protocols.interface import Attempt, Completion, ErrorKind


class Wish:
    """A request that knows its number and nothing else."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        return Completion((Attempt(error=reason, error_kind=kind),))


REPLY = Completion((Attempt(text="yes"),))


def test_requests_are_taken_in_the_order_they_came_and_those_before_the_closing_first() -> None:
    queue: RequestQueue[Wish] = RequestQueue()
    for number in range(3):
        queue.submit(Wish(number))
    queue.close()
    queue.close()
    taken = [queue.take(0) for _ in range(4)]
    assert [ticket and ticket.work.number for ticket in taken] == [0, 1, 2, None]


def test_who_takes_waits_as_long_as_told_and_no_longer() -> None:
    queue: RequestQueue[Wish] = RequestQueue()
    for wait in (0, 0.001):
        with pytest.raises(Empty):
            queue.take(wait)
    later = threading.Timer(0.01, queue.submit, [Wish(7)])
    later.start()
    ticket = queue.take(None)
    later.join()
    assert ticket is not None
    assert ticket.work.number == 7


def test_nobody_waits_for_a_queue_that_was_closed() -> None:
    queue: RequestQueue[Wish] = RequestQueue()
    held, unseen, cancelled = queue.submit(Wish(0)), queue.submit(Wish(1)), queue.submit(Wish(2))
    cancelled.cancel()
    taken = queue.take(0)
    assert taken is not None
    queue.close()
    late = queue.submit(Wish(3))
    assert late.result(timeout=0).last.error == "The model was closed already."
    queue.leave([taken], None)
    for future in (held, unseen):
        assert future.result(timeout=0).last.error_kind == "rejected"
    with pytest.raises(CancelledError):
        cancelled.result(timeout=0)


def test_a_defect_of_the_engine_is_raised_to_everybody_who_has_no_reply_yet() -> None:
    queue: RequestQueue[Wish] = RequestQueue()
    answered, held, unseen = (queue.submit(Wish(number)) for number in range(3))
    first, second = queue.take(0), queue.take(0)
    assert first is not None
    assert second is not None
    first.resolve(REPLY)
    queue.leave([first, second], ValueError("a defect"))  # not a request that cannot be written
    assert answered.result(timeout=0) is REPLY
    for future in (held, unseen):
        with pytest.raises(ValueError, match="a defect"):
            future.result(timeout=0)
    assert queue.submit(Wish()).result(timeout=0).last.error_kind == "rejected"


@pytest.mark.parametrize(
    ("error", "kind"),
    [(Refused("context", "It does not fit."), "context"), (ValueError("It does not fit."), "rejected")],
)
def test_a_request_that_cannot_be_served_says_why(error: Exception, kind: str) -> None:
    ticket = Ticket(Wish())
    ticket.fail(error)
    assert (ticket.future.result(timeout=0).last.error_kind, ticket.future.result().last.error) == (
        kind,
        "It does not fit.",
    )


def test_an_error_that_speaks_of_no_request_is_raised() -> None:
    ticket = Ticket(Wish())
    ticket.fail(KeyError("a defect"))
    with pytest.raises(KeyError, match="a defect"):
        ticket.future.result(timeout=0)


def test_a_request_stays_as_it_ended_first() -> None:
    ticket = Ticket(Wish())
    ticket.resolve(REPLY)
    ticket.reject("too late")
    ticket.fail(KeyError("too late"))
    assert ticket.future.result(timeout=0) is REPLY
    given_up = Ticket(Wish())
    given_up.future.cancel()
    given_up.resolve(REPLY)
    assert given_up.future.cancelled()


def test_every_request_ends_however_many_threads_submit_while_it_is_closed() -> None:
    queue: RequestQueue[Wish] = RequestQueue()
    futures: list[list[Future[Completion]]] = [[] for _ in range(4)]

    def submit(mine: list[Future[Completion]]) -> None:
        for number in range(400):
            mine.append(queue.submit(Wish(number)))

    def serve() -> None:
        while ticket := queue.take(None):
            ticket.resolve(REPLY)
        queue.leave([], None)

    threads = [threading.Thread(target=serve), *(threading.Thread(target=submit, args=[one]) for one in futures)]
    for thread in threads:
        thread.start()
    time.sleep(0.002)
    queue.close()
    for thread in threads:
        thread.join()
    ends = [future.result(timeout=0).last for mine in futures for future in mine]
    assert len(ends) == 4 * 400
    assert {end.error_kind for end in ends} <= {None, "rejected"}
