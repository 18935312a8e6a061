"""The scheduler of the local engine on a model of paper: thousands of requests, no C library.

The model of paper says after every text a token that depends on each of its tokens, so one token that leaks from
another sequence, is lost, doubled or evaluated in the wrong place changes everything that follows.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future

import numpy as np
import pytest

from demoscope import seeds
from simulator.backends.llama_cpp import scheduler as scheduling
from simulator.backends.llama_cpp.context import Context, Row, companions
from simulator.backends.llama_cpp.placing import PATIENCE, next_in_line, place
from simulator.backends.llama_cpp.scheduler import Scheduler
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.wishes import Call, Piece, Step, Wishes
from simulator.backends.llama_cpp.work import Work
from simulator.backends.logits.sampling import Logits
from simulator.protocols.interface import Attempt, Completion, ErrorKind

WORDS = 97


class Paper(Context):
    """A context in plain Python that is strict about positions and remembers what was evaluated."""

    def __init__(self, count: int, size: int, fails: Callable[[], bool] = lambda: False) -> None:
        self.count, self.size, self.divisible = count, size, True
        self.evaluated = 0
        self.held: list[list[int]] = [[] for _ in range(count)]
        self.passes: list[list[int]] = []
        self.fails = fails

    def evaluate(self, rows: Iterable[Row]) -> list[Logits]:
        found, numbers = [], []
        if self.fails():
            list(rows)
            raise RuntimeError("llama_decode returned -3")
        for row in rows:
            assert row.position == len(self.held[row.sequence]) <= self.size
            self.held[row.sequence].append(row.token)
            numbers.append(row.sequence)
            if row.wanted:
                found.append(np.eye(1, WORDS, following(self.held[row.sequence]), dtype=np.float32)[0])
        assert numbers == sorted(numbers)
        self.passes.append(numbers)
        self.evaluated += len(numbers)
        return found

    def cut(self, sequence: int, length: int) -> bool:
        del self.held[sequence][length:]
        return True

    def copy(self, source: int, target: int) -> None:
        self.held[target] = list(self.held[source])


def following(tokens: list[int]) -> int:
    """The token after a text."""
    return int.from_bytes(seeds.digest(0, *tokens)[:4], "little") % WORDS


def written(prompt: list[int], length: int) -> list[int]:
    """The reply to a prompt, without any engine."""
    text = list(prompt)
    for _ in range(length):
        text.append(following(text))
    return text[len(prompt) :]


class Note(Work):
    """A request for some tokens after a prompt, on one sequence or on several that must agree."""

    def __init__(self, prompt: list[int], length: int, conversation: str = "", width: int = 1) -> None:
        self.prompt, self.length, self.conversation, self.width = prompt, length, conversation, width

    def prepare(self) -> None:
        if not self.prompt:
            raise ValueError("no prompt")

    def run(self, sequences: list[Sequence]) -> Wishes:
        first, *others = sequences
        (logits,) = yield Piece(first, first.rewind(self.prompt))
        for other in others:
            other.become(first)
        found = [int(logits.argmax())]
        while len(found) < self.length:
            if found[-1] % 5 == 0 and not others:  # now and then several tokens at once, as a grammar forces them
                (logits,) = yield Piece(first, found[-1:] + (more := written([*self.prompt, *found], 2)))
                found += more
            else:
                rows = yield Step(tuple((one, found[-1]) for one in sequences))
                assert len({int(row.argmax()) for row in rows}) == 1
                logits = rows[0]
            found.append(int(logits.argmax()))
        return Completion((Attempt(text=" ".join(map(str, found[: self.length]))),))

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        return Completion((Attempt(error=reason, error_kind=kind),))


def engine(count: int, *, size: int = 400, paper: Paper | None = None) -> tuple[Scheduler, Paper, list[Sequence]]:
    context = paper or Paper(count, size)
    places = [Sequence(context, number) for number in range(count)]
    return Scheduler(context, places, "paper"), context, places


def text(future: "Future[Completion]") -> list[int]:
    reply = future.result(timeout=60)
    assert reply.last.error is None, reply.last.error
    return [int(word) for word in str(reply.text).split()]


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_thousands_of_requests_end_once_each_and_with_their_own_text(count: int) -> None:
    rng = seeds.generator(count, "requests")
    scheduler, context, places = engine(count)
    roots = [rng.integers(WORDS, size=80).tolist() for _ in range(3)]
    sent: list[tuple[Note, Future[Completion]]] = []
    histories: dict[str, list[int]] = {}
    for _ in range(800):
        name = f"respondent {rng.integers(3 * count)}" if rng.random() < 0.8 else ""
        begun = histories.get(name) or roots[rng.integers(3)][: int(rng.integers(1, 80))]
        prompt = [*begun, *rng.integers(WORDS, size=rng.integers(1, 40)).tolist()]
        if name:
            histories[name] = prompt if len(prompt) < 250 and rng.random() < 0.9 else prompt[:20]
        note = Note(prompt, int(rng.integers(1, 30)), name, int(rng.integers(1, min(count, 4) + 1)))
        future = scheduler.submit(note)
        if rng.random() < 0.15:
            future.cancel()
        elif rng.random() < 0.1:
            sent[int(rng.integers(len(sent)))][1].cancel() if sent else None
        sent.append((note, future))
    ended = cancelled = 0
    for note, future in sent:
        try:
            assert text(future) == written(note.prompt, note.length)
            ended += 1
        except CancelledError:
            cancelled += 1
    assert ended + cancelled == 800
    assert ended > 480
    assert cancelled > 50
    scheduler.close()
    for one in places:
        assert not one.busy
        assert context.held[one.number] == one.tokens  # nothing is held that nobody knows of


def test_a_failure_of_the_library_ends_only_the_requests_it_touched() -> None:
    rng = seeds.generator(1, "failures")
    paper = Paper(4, 400, fails=lambda: bool(rng.random() < 0.02))
    scheduler, context, places = engine(4, paper=paper)
    notes = [Note(rng.integers(WORDS, size=30).tolist(), 12, f"r{n % 7}") for n in range(300)]
    replies = [future.result(timeout=60) for future in [scheduler.submit(note) for note in notes]]
    failed = [reply for reply in replies if reply.last.error]
    assert 0 < len(failed) < 300
    assert {reply.last.error_kind for reply in failed} == {"server"}
    for note, reply in zip(notes, replies, strict=True):
        assert reply.last.error or reply.text == " ".join(map(str, written(note.prompt, 12)))
    scheduler.close()
    assert all(context.held[one.number] == one.tokens for one in places)


@pytest.mark.parametrize("failure", [RuntimeError("sequence 0 could not be saved"), MemoryError()], ids=repr)
def test_a_copy_that_fails_ends_only_the_request_it_was_made_for(failure: Exception) -> None:
    class Torn(Paper):
        def copy(self, source: int, target: int) -> None:
            self.held[target] = self.held[source][:7]
            raise failure

    scheduler, context, places = engine(3, paper=Torn(3, 400))
    shared = list(range(90))
    assert text(scheduler.submit(Note([*shared, 1], 2, "a"))) == written([*shared, 1], 2)
    failed = scheduler.submit(Note([*shared, 2], 2, "b")).result(timeout=60)
    assert failed.last.error_kind == "server"
    assert "llama.cpp failed: " in str(failed.last.error)
    assert text(scheduler.submit(Note([*shared, 3], 2, "a"))) == written([*shared, 3], 2)
    scheduler.close()
    assert not any(one.busy for one in places)
    assert context.held == [one.tokens for one in places]


def test_a_long_prompt_is_not_passed_over_for_ever_by_shorter_ones() -> None:
    """On four places with always three prompts of 300 tokens beside one of 2,600: that takes 6 of its own turns."""
    everybody_is_here = threading.Event()
    paper = Paper(4, 3000, fails=lambda: not everybody_is_here.wait(timeout=60))
    scheduler, _, _ = engine(4, paper=paper)
    rng = seeds.generator(5, "long and short")
    order: list[int] = []
    futures = []
    for n, length in enumerate((2600, *[300] * 150)):
        future = scheduler.submit(Note(rng.integers(WORDS, size=length).tolist(), 1))
        future.add_done_callback(lambda _, n=n: order.append(n))  # type: ignore[misc]
        futures.append(future)
    everybody_is_here.set()
    for future in futures:
        text(future)
    scheduler.close()
    # A turn takes up to two prompts of 300 tokens, and each fourth turn is the long one's: 6 x 4 x 2 at most.
    assert order.index(0) <= 48


def test_a_cancelled_rating_stops_at_its_next_call() -> None:
    made: list[int] = []

    class Rating(Note):
        def run(self, sequences: list[Sequence]) -> Wishes:
            yield Piece(sequences[0], sequences[0].rewind(self.prompt))
            while True:
                yield Call(self.make)

        def make(self) -> list[Logits]:
            made.append(1)
            if len(made) == 3:
                rating.cancel()
            return []

    scheduler, _, places = engine(2)
    rating = scheduler.submit(Rating([1, 2, 3], 1))
    with pytest.raises(CancelledError):
        rating.result(timeout=60)
    assert text(scheduler.submit(Note([1, 2], 3))) == written([1, 2], 3)
    scheduler.close()
    assert len(made) == 3
    assert not any(one.busy for one in places)


def test_closing_ends_every_request() -> None:
    scheduler, _, _ = engine(2)
    futures = [scheduler.submit(Note([1, 2, 3], 300)) for _ in range(40)]
    scheduler.close()
    scheduler.close()
    kinds = [future.result(timeout=60).last.error_kind for future in futures]
    assert set(kinds) <= {None, "rejected"}
    assert scheduler.submit(Note([1], 1)).result(timeout=60).last.error_kind == "rejected"


def test_a_defect_comes_out_of_the_request_it_belongs_to() -> None:
    class Broken(Note):
        def run(self, sequences: list[Sequence]) -> Wishes:
            yield Piece(sequences[0], sequences[0].rewind(self.prompt))
            raise KeyError("a defect")

    scheduler, _, _ = engine(2)
    broken, empty, well = [scheduler.submit(n) for n in (Broken([1, 2], 3), Note([], 3), Note([1, 2], 3))]
    with pytest.raises(KeyError, match="a defect"):
        broken.result(timeout=60)
    assert empty.result(timeout=60).last.error_kind == "rejected"
    assert text(well) == written([1, 2], 3)
    scheduler.close()


def test_interviews_evaluate_only_what_is_new_even_when_places_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """12 interviews of 5 questions on 4 places: each place keeps its interview until that has ended."""
    monkeypatch.setattr(scheduling, "LINGER", 1.0)  # for a busy machine; a person's next question takes 4 ms else
    scheduler, context, _ = engine(4)

    async def interview(number: int) -> int:
        turns, fresh = [number] * 30, 0
        for question in range(5):
            turns = [*turns, *[question] * 10]
            reply = await asyncio.wrap_future(scheduler.submit(Note(turns, 6, f"r{number}")))
            turns += [int(word) for word in str(reply.text).split()]
            fresh += 10 + 6  # the question, and the reply as it is generated or as part of the next prompt
        return 30 + fresh

    async def wave() -> int:
        return sum(await asyncio.gather(*map(interview, range(12))))

    least = asyncio.run(wave())
    scheduler.close()
    # Of each reply all tokens but the last are evaluated one by one, and all with the next question.
    assert least <= context.evaluated <= least + 12 * 5 * 6 + 12 * 5 * 2


def test_conversations_that_are_held_go_first_but_not_for_ever() -> None:
    places = [Sequence(Paper(2, 50), number) for number in range(2)]
    places[0].conversation, places[1].conversation = "a", "b"
    places[1].busy = True
    waiting = [Note([1], 1, "c"), Note([1], 1, "b"), Note([1], 1, "a")]
    assert next_in_line(waiting, places, passed=0) == 2  # a is held and idle; b is held but busy
    assert next_in_line(waiting, places, passed=PATIENCE) == 0


def test_the_place_that_is_missed_least_is_given_away() -> None:
    places = [Sequence(Paper(3, 50), number) for number in range(3)]
    for one, name, used in zip(places, "abc", (5, 3, 9), strict=True):
        one.conversation, one.used, one.tokens = name, used, [one.number]
    assert place(Note([7], 1, "a"), places, set()) == (places[0], None)
    assert place(Note([7], 1, "d"), places, set()) == (places[1], None)  # least recently used
    assert place(Note([7], 1, "d"), places, {"b"}) == (places[0], None)  # b is waited for
    places[2].tokens = []
    assert place(Note([7], 1, "d"), places, set()) == (places[2], None)  # an empty place costs nobody anything


def test_a_place_is_never_copied_onto_itself() -> None:
    places = [Sequence(Paper(1, 50), 0)]
    places[0].tokens, places[0].kept, places[0].conversation = [1, 2, 3, 4], 4, "a"
    assert place(Note([1, 2, 3, 4], 1, "b"), places, set()) == (places[0], None)


def test_a_lonely_sequence_finds_company_beside_full_ones() -> None:
    paper = Paper(3, 10)
    lengths = [10, 4, 10]
    paper.held = [[7] * length for length in lengths]
    assert len(paper.step([Row(7, 4, 1, wanted=True)], lengths.__getitem__)) == 1
    assert paper.passes == [[0, 1]]
    assert [len(one) for one in paper.held] == [10, 5, 10]


def test_a_long_shared_beginning_is_copied_and_not_evaluated() -> None:
    scheduler, context, _ = engine(3)
    shared = list(range(90))
    for name in "ab":
        assert text(scheduler.submit(Note([*shared, ord(name) % WORDS, 3], 1, name))) == written(
            [*shared, ord(name) % WORDS, 3], 1
        )
    scheduler.close()
    assert context.evaluated == 92 + 2


def test_small_gaps_are_bridged_and_nobody_is_evaluated_alone() -> None:
    assert companions({0, 1, 2}, {3}, 4) == []
    assert companions({0, 2}, {1, 3}, 4) == [1]
    assert companions({0, 5}, {1, 2, 3, 4}, 6) == [1, 4]  # too far apart: two passes, each with company
    assert companions({1}, {0}, 2) == [0]
    assert companions({0, 2}, set(), 3) == []  # nobody is free


def test_generating_sequences_share_their_passes() -> None:
    everybody_is_here = threading.Event()
    scheduler, context, _ = engine(8, paper=Paper(8, 400, fails=lambda: not everybody_is_here.wait(timeout=60)))
    futures = [scheduler.submit(Note([n, n + 1, n + 2], 40, f"r{n}")) for n in range(8)]
    everybody_is_here.set()
    for future in futures:
        text(future)
    scheduler.close()
    assert max(map(len, context.passes)) == 8


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_of_the_engine_leaves_nobody_waiting() -> None:
    class Crooked(Paper):
        def evaluate(self, rows: Iterable[Row]) -> list[Logits]:
            raise TypeError("crooked")

    scheduler, _, _ = engine(2, paper=Crooked(2, 50))
    futures = [scheduler.submit(Note([1, 2], 3)) for _ in range(5)]
    for future in futures:
        reply = future.exception(timeout=60) or future.result()
        assert isinstance(reply, TypeError) or reply.last.error_kind == "rejected"  # type: ignore[union-attr]
    scheduler.close()
