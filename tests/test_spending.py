"""Money is set aside before it is spent: max_cost holds whatever the interleaving, the deaths and the resumes."""

import asyncio
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demoscope.errors import WavePaused
from simulator.backends.openai_api.settings import Prices
from simulator.backends.openai_api.spending import Purse, cost_of, most_tokens, worst_case
from simulator.leases import AHEAD, EXPIRES_S, Account, Budget, Ledger
from tests.virtual_time import now, run


def test_cached_and_reasoning_tokens_have_prices_of_their_own():
    prices = Prices(input=2, cached_input=0.5, output=8, reasoning=10)
    # (1,000 - 400) x 2 + 400 x 0.5 + (300 - 100) x 8 + 100 x 10 = 1,200 + 200 + 1,600 + 1,000 millionths.
    assert cost_of(prices, 1_000, 300, 400, 100) == pytest.approx(4_000e-6)


@given(
    cached=st.integers(0, 500),
    thought=st.integers(0, 300),
    prices=st.builds(
        Prices,
        input=st.floats(0, 100),
        output=st.floats(0, 100),
        cached_input=st.none() | st.floats(0, 100),
        reasoning=st.none() | st.floats(0, 100),
    ),
)
def test_no_call_costs_more_than_its_worst_case(prices, cached, thought):
    assert cost_of(prices, 500, 300, cached, thought) <= worst_case(prices, 500, 300) * (1 + 1e-12)


def test_a_prompt_has_at_most_a_token_a_byte():
    assert most_tokens({"messages": [{"content": "日本"}, {"content": "x"}]}, overhead=0) == 6 + 1


def test_schemas_and_tools_count_as_parts_of_the_prompt():
    # Endpoints write both into the prompt: 2 bytes of text, 15 of the tool as JSON, 16 of the schema; numbers never.
    body = {"prompt": "Hi", "max_tokens": 9, "tools": [{"name": "f"}], "response_format": {"type": "text"}}
    assert json.dumps(body["tools"]) == '[{"name": "f"}]'
    assert most_tokens(body, overhead=0) == 2 + 15 + 16
    assert most_tokens(body) == 2 + 15 + 16 + 3 * 16


def test_what_could_exceed_the_last_allowance_pauses_the_wave_when_nothing_is_under_way():
    async def main():
        purse = Purse(1.0)
        first = await purse.reserve(0.6)
        waiting = asyncio.create_task(purse.reserve(0.6))
        await asyncio.sleep(1)
        assert not waiting.done()
        purse.settle(first, 0.1)  # cheaper than feared: the second fits
        await asyncio.wait_for(waiting, 1)
        purse.settle(0.6, 0.5)
        with pytest.raises(WavePaused, match="raise max_cost"):
            await purse.reserve(0.6)

    run(main())


def test_a_call_whose_price_never_became_known_counts_in_full():
    async def main():
        purse = Purse(1.0)
        purse.settle(await purse.reserve(0.6), None)
        assert purse.account().spent == 0.6

    run(main())


def test_a_leased_purse_waits_and_asks_for_more():
    async def main():
        asked = []
        purse = Purse(1.0)
        purse.lease(0.0, lambda: asked.append(now()))
        waiting = asyncio.create_task(purse.reserve(0.25))
        await asyncio.sleep(5)
        assert len(asked) == 1
        assert (waiting.done(), purse.account().wanted) == (False, 0.25)
        purse.lease(0.3, lambda: None)
        await asyncio.wait_for(waiting, 1)
        purse.lease(0.1, lambda: None)  # less than is set aside
        assert purse.account().allowance == 0.25

    run(main())


def test_a_call_that_was_given_up_while_waiting_leaves_nothing_set_aside():
    async def main():
        purse = Purse(1.0)
        first = await purse.reserve(0.9)
        tasks = [asyncio.create_task(purse.reserve(0.5)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        purse.settle(first, 0.0)
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert tasks[1].result() == 0.5
        assert purse.account().reserved == 0.5

    run(main())


class Public:
    """Cohorts with purses under one ledger, driven like a wave: calls, batches, deaths and new runs at random."""

    def __init__(self, chance, max_cost):
        self.chance = chance
        self.budget = Budget(max_cost=max_cost)
        self.ledger = Ledger(self.budget, clock=now)
        self.paid = 0.0
        """What the provider charged, whether anybody heard of it or not."""
        self.purses = {}
        self.tasks = {}
        self.next_handle = 0

    def start(self):
        handle, self.next_handle = self.next_handle, self.next_handle + 1
        self.purses[handle] = Purse(self.budget.max_cost)
        self.ledger.join(handle)
        self.lease(handle)
        self.tasks[handle] = [asyncio.create_task(self.respondent(handle)) for _ in range(3)]

    def lease(self, handle):
        lease = self.ledger.lease(handle, set(self.purses))
        assert self.ledger.committed <= self.budget.max_cost + 1e-9
        self.purses[handle].lease(lease.allowance, lambda: None)

    async def respondent(self, handle):
        purse = self.purses[handle]
        while True:
            worst = self.chance.choice([0.01, 0.05, 0.2])
            reserved = await purse.reserve(worst)
            cost = self.chance.uniform(0, worst)
            self.paid += cost  # charged when sent, even if the cohort dies before the reply
            await asyncio.sleep(self.chance.uniform(0.1, 3))
            purse.settle(reserved, cost if self.chance.random() < 0.9 else None)

    def stop(self, handle):
        for task in self.tasks.pop(handle):
            task.cancel()
        del self.purses[handle]

    async def round(self):
        await asyncio.sleep(self.chance.uniform(0.05, 2))
        handle = self.chance.choice(list(self.purses))
        what = self.chance.random()
        if what < 0.05:  # the cohort dies
            self.stop(handle)
            self.ledger.bury(handle)
            self.start()
        elif what < 0.08:  # the driver dies; the next run knows what was committed
            for one in list(self.purses):
                self.stop(one)
            self.ledger = Ledger(self.budget, self.ledger.committed, now)
            for _ in range(self.chance.randint(1, 3)):
                self.start()
        else:
            account = self.purses[handle].account()
            await asyncio.sleep(self.chance.uniform(0, 0.1))  # the cohort goes on while its account travels
            self.ledger.heard(handle, account)
            if self.ledger.exhausted() is not None:
                return True
            self.lease(handle)
        return False


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), max_cost=st.sampled_from([0.3, 2.0, 9.0]))
def test_money_never_exceeds_max_cost_whatever_happens(seed, max_cost):
    async def main():
        public = Public(random.Random(seed), max_cost)
        for _ in range(public.chance.randint(1, 3)):
            public.start()
        for _ in range(600):
            if await public.round():
                break
            assert public.paid <= public.budget.max_cost + 1e-9
        else:
            raise AssertionError("the money was never used up")
        assert public.ledger.spent <= max_cost + 1e-9
        for handle in list(public.purses):
            public.stop(handle)

    run(main())


def test_without_deaths_the_money_is_used_to_the_last_call():
    async def main():
        public = Public(random.Random(3), 5.0)
        public.chance.random = lambda: 0.5
        public.start()
        public.start()
        while not await public.round():
            pass
        # Nobody could set 0.2 more aside; at worst another 0.01 would have fitted behind it.
        assert public.paid > 5.0 - 0.2
        assert public.ledger.spent == pytest.approx(public.paid)
        for handle in list(public.purses):
            public.stop(handle)

    run(main())


def test_a_dead_cohort_loses_no_more_than_a_few_moments_of_money():
    ledger = Ledger(Budget(max_cost=100.0))
    ledger.join(0)
    ledger.lease(0, {0})
    ledger.heard(0, Account(wanted=0.01))
    assert ledger.lease(0, {0}).allowance == 0.01
    ledger.heard(0, Account(spent=0.5, reserved=0.1, allowance=0.7, asked=1.0))
    ledger.lease(0, {0})
    ledger.bury(0)
    # 0.6 in use, and four times the 1.0 that it had set aside since.
    assert ledger.committed == pytest.approx(0.6 + AHEAD * 1.0)


steps = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["heard", "bury", "busy"])), max_size=60)


@given(steps=steps, requests=st.sampled_from([3, 30, 1_000]))
def test_shares_never_sum_to_more_than_one_not_even_those_of_the_dead(steps, requests):
    at = [0.0]
    budget = Budget.of({"limits": {"requests_per_minute": requests}})
    ledger = Ledger(budget, clock=lambda: at[0])
    in_use, idle, resting = {}, set(), []
    for handle in range(6):
        ledger.join(handle)

    def check():
        assert (
            sum(max(pair) for pair in in_use.values()) + sum(s for until, s in resting if until > at[0]) <= 1 + 1e-9
        )

    for handle in range(6):
        in_use[handle] = (0.0, ledger.lease(handle, set(range(6))).share)
        check()
    newest = 6
    for number, what in steps:
        at[0] += 1.5
        living = sorted(in_use)
        handle = living[number % len(living)]
        if what == "busy":
            idle.symmetric_difference_update({handle})
        if what == "bury":
            resting.append((at[0] + EXPIRES_S, max(in_use.pop(handle))))
            ledger.bury(handle)
            idle.discard(handle)
            ledger.join(newest)
            handle, newest = newest, newest + 1
            in_use[handle] = (0.0, 0.0)
        else:
            ledger.heard(handle, Account(grain=1 / requests))
        lease = ledger.lease(handle, set(in_use) - idle)
        in_use[handle] = (in_use[handle][1], lease.share)
        check()
    at[0] += 100
    for _ in range(3):  # after a few rounds those that have work have equal parts of the whole
        for handle in sorted(in_use):
            ledger.heard(handle, Account(grain=1 / requests))
            in_use[handle] = (in_use[handle][1], ledger.lease(handle, set(in_use) - idle).share)
            check()
    parts = [share for _, share in in_use.values() if share]
    if set(in_use) - idle:
        assert sum(parts) == pytest.approx(1)
        assert max(parts) == pytest.approx(min(parts))
        # Three requests a minute are not divided at all, thirty among three, a thousand among all.
        assert len(parts) <= {3: 1, 30: 3, 1_000: 6}[requests]


def test_without_limits_everybody_has_everything():
    ledger = Ledger(Budget())
    for handle in range(3):
        ledger.join(handle)
    assert [ledger.lease(handle, {0}).share for handle in range(3)] == [1.0] * 3
    assert ledger.lease(0, {0}).allowance is None
