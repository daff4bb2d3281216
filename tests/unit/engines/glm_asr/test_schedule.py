"""Continuous batching says what `generate` says of each chunk alone, whatever else is going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from core.errors import EngineBroken
from tests.unit.engines.glm_asr.conftest import EOS, MOST_TOKENS, Lab, clips, plan_of
from workers.engines.base import FinishReason, Samples
from workers.engines.decoding import Decoded, NonFinite
from workers.engines.glm_asr.doubts import Doubt, never
from workers.engines.glm_asr.requests import Finished, Request
from workers.engines.glm_asr.runner import Admission, Runner
from workers.engines.glm_asr.schedule import Schedule
from workers.engines.glm_asr.sizing import Plan
from workers.engines.glm_asr.slots import Rules, State

MIXED = clips([0.3, 4.0, 1.2, 11.0, 0.5, 30.0, 0.9])
CAPS = [40, 12, 40, 25, 3, 31, 1]
FEW = MIXED[:3]


def requests(samples: Sequence[Samples] = MIXED, caps: Sequence[int] = CAPS) -> list[Request]:
    return [
        Request(key, clip, cap)
        for key, (clip, cap) in enumerate(zip(samples, caps[: len(samples)], strict=True))
    ]


def drained(schedule: Schedule) -> dict[int, Finished]:
    finished: dict[int, Finished] = {}
    while not schedule.is_idle:
        ended, refused = schedule.step()
        assert refused == []
        assert not {each.request.key for each in ended} & finished.keys()
        finished |= {each.request.key: each for each in ended}
    return finished


def heard(schedule: Schedule, work: Sequence[Request]) -> dict[int, Decoded]:
    for request in work:
        schedule.add(request)
    return {key: each.chosen for key, each in drained(schedule).items()}


def assert_same(found: dict[int, Decoded], expected: dict[int, Decoded]) -> None:
    assert found.keys() == expected.keys()
    for key, decoded in expected.items():
        assert found[key].tokens == decoded.tokens
        assert found[key].finish_reason == decoded.finish_reason
        assert found[key].logprobs == pytest.approx(decoded.logprobs, abs=1e-4)


@pytest.fixture(scope="module")
def expected(lab: Lab) -> dict[int, Decoded]:
    return {request.key: lab.expected(request.samples, request.cap) for request in requests()}


def schedule_of(lab: Lab, plan: Plan, doubt: Doubt = never, rules: Rules | None = None) -> Schedule:
    return Schedule(lab.runner(plan, rules or Rules(EOS, MOST_TOKENS)), plan, doubt)


class TestSchedule:
    @pytest.mark.parametrize(
        "plan",
        [
            plan_of(7, windows=7),
            plan_of(3, windows=2),
            plan_of(1, windows=1),
            plan_of(4, windows=3, steps_per_launch=5),
        ],
        ids=["all at once", "refilled", "one slot", "several steps a launch"],
    )
    def test_hears_each_chunk_as_if_it_were_alone(
        self, lab: Lab, plan: Plan, expected: dict[int, Decoded]
    ) -> None:
        assert_same(heard(schedule_of(lab, plan), requests()), expected)

    @pytest.mark.parametrize("seed", range(2))
    def test_hears_the_same_in_any_order(self, lab: Lab, expected: dict[int, Decoded], seed: int) -> None:
        work = [requests()[key] for key in np.random.default_rng(seed).permutation(len(MIXED))]

        assert_same(heard(schedule_of(lab, plan_of(3)), work), expected)

    def test_hears_the_same_when_it_looks_late(self, lab: Lab, expected: dict[int, Decoded]) -> None:
        schedule = schedule_of(lab, plan_of(3, steps_per_launch=2))
        schedule._late = 1  # as on a GPU

        assert_same(heard(schedule, requests()), expected)

    def test_takes_chunks_while_others_are_decoded(self, lab: Lab, expected: dict[int, Decoded]) -> None:
        schedule = schedule_of(lab, plan_of(4))
        found: dict[int, Decoded] = {}
        for request in requests():
            schedule.add(request)
            found |= {each.request.key: each.chosen for each in schedule.step()[0]}

        found |= {key: each.chosen for key, each in drained(schedule).items()}

        assert_same(found, expected)

    def test_refills_a_slot_before_the_longest_text_ends(self, lab: Lab) -> None:
        schedule = schedule_of(lab, plan_of(2, windows=1), rules=Rules((), MOST_TOKENS, stop_loops=False))
        for request in requests(FEW, caps=[40, 2, 2]):
            schedule.add(request)

        order = [key for key, _ in drained(schedule).items()]

        assert order == [1, 2, 0]

    def test_lets_chunks_that_come_one_by_one_wait_for_each_other(self, lab: Lab) -> None:
        schedule = schedule_of(lab, plan_of(8, windows=4), rules=Rules((), MOST_TOKENS, stop_loops=False))
        work = requests(MIXED[:5], caps=[40] * 5)
        schedule.add(work[0])
        schedule.step()

        admitted = []
        for request in (*work[1:4], None, None):
            if request is not None:
                schedule.add(request)
            schedule.step()
            admitted.append(len(schedule._running))

        assert admitted == [1, 1, 1, 1, 4]

    def test_stops_a_loop(self, spoilt: Lab) -> None:
        with torch.no_grad():
            spoilt.network.lm_head.weight.zero_()  # every token is as likely as the first
        schedule = schedule_of(spoilt, plan_of(2), rules=Rules((999,), MOST_TOKENS))

        found = heard(schedule, requests(FEW[:1], caps=[40]))

        assert found[0].finish_reason is FinishReason.LOOP
        assert found[0].tokens == (0,)

    def test_says_that_scores_are_no_numbers(self, spoilt: Lab) -> None:
        with torch.no_grad():
            spoilt.network.lm_head.weight[3] = float("nan")
        schedule = schedule_of(spoilt, plan_of(2))
        for request in requests(FEW):
            schedule.add(request)

        with pytest.raises(NonFinite):
            drained(schedule)

        assert {request.key for request in schedule.requests} == {0, 1, 2}


class TestCancelling:
    @pytest.mark.parametrize("steps", [0, 1, 3])
    def test_forgets_a_chunk_and_disturbs_no_other(
        self, lab: Lab, expected: dict[int, Decoded], steps: int
    ) -> None:
        schedule = schedule_of(lab, plan_of(3))
        for request in requests(MIXED[:5]):
            schedule.add(request)
        found: dict[int, Decoded] = {}
        for _ in range(steps):
            found |= {each.request.key: each.chosen for each in schedule.step()[0]}

        schedule.cancel([0, 3])
        found |= {key: each.chosen for key, each in drained(schedule).items()}

        assert_same(found, {key: expected[key] for key in (1, 2, 4)})

    def test_lets_its_slot_stand_still(self, lab: Lab) -> None:
        schedule = schedule_of(lab, plan_of(3))
        for request in requests(MIXED[:3]):
            schedule.add(request)
        schedule.step()

        schedule.cancel([0, 1, 2])

        assert schedule.is_idle
        assert schedule._runner.slots.state.tolist() == [State.FREE] * 3


class ShortOfMemory(Runner):
    """Holds so many windows at once, `beside` running texts."""

    most: int
    refused_beside: Callable[[], bool]

    def admit(self, admissions: Sequence[Admission]) -> None:
        if len(admissions) > self.most or self.refused_beside():
            raise torch.OutOfMemoryError("CUDA out of memory.")
        super().admit(admissions)


def short_of_memory(
    lab: Lab, plan: Plan, *, most: int, refused_beside: Callable[[Schedule], bool] = lambda _: False
) -> Schedule:
    runner = lab.runner(plan)
    runner.__class__ = ShortOfMemory
    assert isinstance(runner, ShortOfMemory)
    schedule = Schedule(runner, plan, never)
    runner.most = most
    runner.refused_beside = lambda: refused_beside(schedule)
    return schedule


class TestMemory:
    def test_that_is_short_makes_smaller_portions(self, lab: Lab, expected: dict[int, Decoded]) -> None:
        schedule = short_of_memory(lab, plan_of(8, windows=8), most=1)

        assert_same(heard(schedule, requests()), expected)

    def test_that_others_hold_is_waited_for(self, lab: Lab, expected: dict[int, Decoded]) -> None:
        schedule = short_of_memory(
            lab, plan_of(4), most=9, refused_beside=lambda schedule: bool(schedule._running)
        )

        assert_same(heard(schedule, requests()), expected)

    def test_that_never_suffices_refuses_the_chunk_and_no_other(
        self, lab: Lab, expected: dict[int, Decoded]
    ) -> None:
        schedule = short_of_memory(lab, plan_of(2), most=0)
        for request in requests(FEW):
            schedule.add(request)
        refused: list[int] = []
        while not schedule.is_idle:
            refused += [request.key for request in schedule.step()[1]]

        schedule._runner.__class__ = Runner

        assert refused == [0, 1, 2]
        assert_same(heard(schedule, requests(FEW)), {key: expected[key] for key in range(3)})

    def test_is_no_excuse_for_a_lost_device(self, lab: Lab) -> None:
        schedule = schedule_of(lab, plan_of(2))
        schedule.add(requests()[0])
        schedule.step()

        def fail(slots: int, *, penalised: bool) -> None:
            raise torch.AcceleratorError(f"CUDA error: an illegal memory access ({slots}, {penalised})")

        schedule._runner._steps = fail

        with pytest.raises(EngineBroken):
            schedule.step()


class TestDoubt:
    def test_decodes_a_chunk_once_more_and_keeps_both_texts(
        self, lab: Lab, expected: dict[int, Decoded]
    ) -> None:
        doubts = iter([True, False])
        schedule = schedule_of(lab, plan_of(2), doubt=lambda *_: next(doubts))

        schedule.add(requests()[1])
        (finished,) = drained(schedule).values()

        assert finished.other is not None
        assert finished.other.tokens == expected[1].tokens
        assert finished.chosen is not finished.other

    def test_leaves_the_neighbours_alone(self, lab: Lab, expected: dict[int, Decoded]) -> None:
        doubted = expected[0].tokens
        schedule = schedule_of(lab, plan_of(3), doubt=lambda decoded, _: decoded.tokens == doubted)

        found = heard(schedule, requests())

        assert_same({key: found[key] for key in range(1, 7)}, {key: expected[key] for key in range(1, 7)})

    def test_makes_what_was_written_less_likely(self, lab: Lab) -> None:
        plan = plan_of(1)
        rules = Rules((), MOST_TOKENS, stop_loops=False)
        schedule = schedule_of(lab, plan, doubt=lambda *_: True, rules=rules)
        schedule.add(Request(0, FEW[1], 40))
        (finished,) = drained(schedule).values()
        assert finished.other is not None

        first, second = finished.chosen, finished.other

        assert len(set(second.tokens)) > len(set(first.tokens))
