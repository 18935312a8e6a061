"""Limits per minute hold in every window, over all cohorts, whatever happens to them; and what is allowed is used."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demoscope.errors import WavePaused
from simulator.backends.openai_api.pacing import Pace, rest_s
from simulator.backends.openai_api.rates import split_minute
from tests.virtual_time import now, run


def worst_window(sent, width=60.0):
    """The most that was sent in any half-open window of a minute; ``sent`` holds (time, amount)."""
    sent = sorted(sent)
    worst = total = start = 0
    for at, amount in sent:
        total += amount
        while at - sent[start][0] >= width:
            total -= sent[start][1]
            start += 1
        worst = max(worst, total)
    return worst


async def keep_sending(pace, sent, sizes=(0, 0), until=None):
    """One respondent after another, each at once."""
    while until is None or now() < until:
        inputs, outputs = sizes() if callable(sizes) else sizes
        async with pace.turn(inputs, outputs) as turn:
            sent.append((now(), inputs, outputs))
            await asyncio.sleep(0.5)
            turn.spent(inputs, outputs)


async def crowd(pace, sent, sizes=(0, 0), seconds=300.0, people=20):
    until = now() + seconds
    tasks = [asyncio.create_task(keep_sending(pace, sent, sizes, until)) for _ in range(people)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("limit", [1, 3, 10, 59, 61, 119, 500, 6000])
def test_one_cohort_sends_what_a_minute_allows_and_never_more(limit):
    async def main():
        sent = []
        await crowd(Pace(requests_per_minute=limit, clock=now), sent, people=200)
        return [(at, 1) for at, *_ in sent]

    sent = run(main())
    assert worst_window(sent) <= limit
    # Five minutes; the first period passes unused, a fiftieth of each period goes to polling.
    assert len(sent) >= 0.9 * limit * 5 - 1


def test_tokens_of_prompts_and_replies_are_limited_apart():
    async def main():
        sent = []
        pace = Pace(input_tokens_per_minute=60_000, output_tokens_per_minute=6_000, clock=now)
        await crowd(pace, sent, (400, 100))
        return sent

    sent = run(main())
    assert worst_window([(at, inputs) for at, inputs, _ in sent]) <= 60_000
    # 6,000 reply tokens a minute are 60 requests of 100; one of them is set aside for the burst: 59 x 5 = 295.
    assert worst_window([(at, outputs) for at, _, outputs in sent]) <= 6_000
    assert 280 <= len(sent) <= 300


def test_a_request_that_is_more_than_half_of_a_minute_is_sent_once_a_minute():
    async def main():
        sent = []
        await crowd(Pace(input_tokens_per_minute=10_000, clock=now), sent, (9_000, 0), seconds=600)
        return [(at, inputs) for at, inputs, _ in sent]

    sent = run(main())
    assert worst_window(sent) == 9_000
    assert len(sent) == 9


def test_a_request_that_no_minute_allows_pauses_the_wave():
    async def main():
        async with Pace(input_tokens_per_minute=1_000, clock=now).turn(input_tokens=1_001):
            pass

    with pytest.raises(WavePaused, match="can never be sent under a limit of 1,000"):
        run(main())


cohort_lives = st.lists(
    st.tuples(st.floats(0, 200), st.floats(5, 200), st.integers(0, 7)), min_size=1, max_size=6
)  # begin, duration, which of eight equal parts it takes over


@settings(max_examples=40, deadline=None)
@given(lives=cohort_lives, seed=st.integers(0, 2**32), limit=st.sampled_from([40, 90, 600]))
def test_no_window_exceeds_a_limit_however_cohorts_come_and_go(lives, seed, limit):
    """Cohorts begin, die and hand their parts on at any time; a part never has two owners at once."""
    chance = random.Random(seed)
    tokens = 30_000
    by_part = {}
    for begin, lasts, part in sorted(lives):
        free_from = by_part.get(part, [(0, 0)])[-1][1]
        by_part.setdefault(part, []).append((max(begin, free_from), max(begin, free_from) + lasts))

    async def live(begin, end, sent, start):
        await asyncio.sleep(begin)
        pace = Pace(requests_per_minute=limit, input_tokens_per_minute=tokens, clock=now)
        pace.share(1 / 4, holders=4)
        await crowd(pace, sent, lambda: (chance.choice([20, 60, 125]), 0), seconds=end - begin, people=5)

    async def main():
        sent = []
        start = now()
        parts = [part for part in by_part if part < 4]
        await asyncio.gather(*(live(*life, sent, start) for part in parts for life in by_part[part]))
        return sent

    sent = run(main())
    # 125 tokens are a sixtieth of a quarter of 30,000: the burst that every holder has set aside.
    assert worst_window([(at, 1) for at, *_ in sent]) <= limit
    assert worst_window([(at, inputs) for at, inputs, _ in sent]) <= tokens


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.sampled_from([30, 240]))
def test_no_window_exceeds_a_limit_while_shares_move_between_cohorts(seed, limit):
    chance = random.Random(seed)

    async def main():
        sent = []
        paces = [Pace(requests_per_minute=limit, clock=now) for _ in range(3)]
        for pace in paces:
            pace.share(1 / 3, holders=3)
        tasks = [asyncio.create_task(crowd(pace, sent, seconds=250, people=4)) for pace in paces]
        for _ in range(12):
            await asyncio.sleep(chance.uniform(1, 30))
            cuts = sorted((chance.random(), chance.random()))
            for pace, part in zip(paces, (cuts[0], cuts[1] - cuts[0], 1 - cuts[1]), strict=True):
                pace.share(part, holders=3)
        await asyncio.gather(*tasks)
        return [(at, 1) for at, *_ in sent]

    sent = run(main())
    assert worst_window(sent) <= limit
    assert len(sent) > limit


def test_a_share_of_zero_lets_nothing_go_and_a_new_share_sets_it_free():
    async def main():
        sent = []
        pace = Pace(clock=now)
        pace.share(0)
        task = asyncio.create_task(crowd(pace, sent, seconds=10, people=3))
        await asyncio.sleep(5)
        before = len(sent)
        pace.share(0.5, holders=2)
        await task
        return before, len(sent)

    before, after = run(main())
    assert before == 0
    assert after == 3 * 10  # five seconds, half a second each


def test_places_in_flight_are_shared_too():
    async def main():
        pace = Pace(max_in_flight=8, clock=now)
        pace.share(0.5, holders=2)
        most = 0
        sent = []
        task = asyncio.create_task(crowd(pace, sent, seconds=10, people=30))
        for _ in range(90):
            await asyncio.sleep(0.1)
            most = max(most, pace.in_flight()[0])
        await task
        return most

    assert run(main()) == 4


async def answered(pace, seconds=1.0, *, error=None, retry_after=None, headers=None):
    async with pace.turn() as turn:
        began = now()
        await asyncio.sleep(seconds)
        if headers:
            pace.heard(headers)
        if error == 429:
            turn.throttled(retry_after)
        elif error is None:
            turn.spent(10, 10)
        return began


def test_more_are_sent_at_once_as_long_as_nothing_speaks_against_it():
    async def main():
        pace = Pace(clock=now)
        await asyncio.gather(*(answered(pace) for _ in range(64 + 128 + 256 + 512)))
        return now() - 1000.0, pace.in_flight()[1]

    seconds, size = run(main())
    assert seconds == pytest.approx(4, abs=0.1)  # 64, then 128, 256 and 512 at once
    assert size >= 512


def test_a_429_halves_what_is_sent_at_once_only_once_a_round_and_it_grows_back_by_one():
    async def main():
        pace = Pace(clock=now)
        await asyncio.gather(*(answered(pace, error=429) for _ in range(64)))
        after_one = pace.in_flight()[1]
        await asyncio.gather(*(answered(pace) for _ in range(32 + 33 + 34 + 35)))
        return after_one, pace.in_flight()[1]

    after_one, after_three_more = run(main())
    assert after_one == 32
    assert 35 <= after_three_more < 36  # full for three round trips


def test_an_endpoint_that_fails_is_not_asked_for_less():
    async def main():
        pace = Pace(clock=now)
        await asyncio.gather(*(answered(pace, error=503) for _ in range(64)))
        return pace.in_flight()[1]

    assert run(main()) == 64


def test_retry_after_is_honoured_by_everybody_at_that_endpoint():
    async def main():
        pace = Pace(clock=now)
        await answered(pace, error=429, retry_after=30)
        stopped = now()
        begins = await asyncio.gather(*(answered(pace) for _ in range(5)))
        return [round(begin - stopped, 3) for begin in begins]

    assert run(main()) == [30.0] * 5


def test_other_endpoints_go_on_while_one_asks_for_rest():
    async def main():
        pace = Pace(clock=now)
        async with pace.turn(endpoint="tired") as turn:
            turn.throttled(30)
        start = now()
        async with pace.turn(endpoint="awake"):
            return now() - start

    assert run(main()) == 0


def test_who_waits_for_a_tired_endpoint_holds_no_place_of_the_others():
    async def main():
        pace = Pace(requests_per_minute=600, max_in_flight=2, clock=now)

        async def tired():
            async with pace.turn(endpoint="tired"):
                return now()

        pace.heard({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300s"}, "tired")
        start = now()
        waiting = [asyncio.create_task(tired()) for _ in range(5)]
        await asyncio.sleep(0)
        for _ in range(3):
            async with pace.turn(endpoint="awake"):
                pass
        awake = now() - start
        return awake, min(await asyncio.gather(*waiting)) - start

    awake, tired = run(main())
    assert awake < 20
    assert tired >= 300


def test_rate_limit_headers_are_heard():
    async def main():
        pace = Pace(clock=now)
        none_left = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6s"}
        await answered(pace, headers=none_left)
        stopped = now()
        return await answered(pace) - stopped

    assert run(main()) == pytest.approx(6)
    assert rest_s({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}) == 0.02
    assert rest_s({"x-ratelimit-remaining-requests": "0"}) == 0


def test_replies_are_charged_by_what_they_turned_out_to_use():
    async def main():
        sent = []
        pace = Pace(output_tokens_per_minute=6_000, clock=now)

        async def one():
            while True:
                async with pace.turn(0, 1_000) as turn:
                    sent.append((now(), 50))
                    await asyncio.sleep(0.5)
                    turn.spent(0, 50)

        tasks = [asyncio.create_task(one()) for _ in range(5)]
        await asyncio.sleep(1200)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return sent

    sent = run(main())
    assert worst_window(sent) <= 6_000
    # At the worst case of 1,000 a minute would hold 6 requests; at 50 it holds 120.
    assert len([at for at, _ in sent if at > 2140]) >= 80


def test_cancelled_respondents_leave_no_place_behind():
    async def main():
        pace = Pace(requests_per_minute=60, max_in_flight=4, clock=now)
        for seconds in (0.5, 3.3, 0.01, 7.0):
            tasks = [asyncio.create_task(answered(pace, 2.0)) for _ in range(20)]
            await asyncio.sleep(seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert pace.in_flight()[0] == 0
        await asyncio.wait_for(answered(pace), 30)

    run(main())


def test_real_time_agrees_with_virtual_time():
    async def main():
        pace = Pace(requests_per_minute=1200)
        loop = asyncio.get_running_loop()
        times = []

        async def one():
            async with pace.turn():
                times.append(loop.time())

        await asyncio.gather(*(one() for _ in range(30)))
        return times

    times = asyncio.run(main())
    # 1,200 a minute, a second's worth set aside, are 19 every 0.965 seconds; one may be noted a little late.
    assert worst_window([(at, 1) for at in times], width=0.9) <= 19


@pytest.mark.parametrize("holders", [1, 2, 7, 64])
@pytest.mark.parametrize("limit", [640, 1000.5, 50_000])
def test_the_parts_of_all_holders_fit_into_the_limit(limit, holders):
    parts = [split_minute(limit, 1 / holders, holders) for _ in range(holders)]
    bursts = sum(requests for requests, _ in parts)
    steady = sum(60 * requests / seconds for requests, seconds in parts)
    assert bursts + steady <= limit + 1 + 1e-6
