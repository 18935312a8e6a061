"""How long DEF's six families and their bootstrap take: 1,000 respondents, 600 questions, 11 models.

usage: python benchmarks/analysis.py [--respondents 1000] [--questions 600] [--models 11] [--draws 1000] [--quick]

Made-up answers and judgements; nothing of it is about anybody. Times are processor time of this process and its
threads, beside the time on the clock. The bootstrap draws one matrix of respondent weights, used for every model and
question, and computes KL (per question, dimension, average), JS, TV and W1 in every draw. Prints one JSON line;
``--quick`` is a hundredth of it, held against no target.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from analysis.agreement import cohen_kappa, krippendorff_alpha
from analysis.bootstrap import limits, respondent_weights, reweighted_counts
from analysis.choices import Scales, counted, one_hot
from analysis.culture_map import culture_map, dimension_scores, ellipse
from analysis.def_rules import def_rules
from analysis.distances import jensen_shannon, total_variation, wasserstein
from analysis.diversity import diversity, of_choices
from analysis.insensitivity import aggregate, parse_verdict
from analysis.preference import preference, question_distances
from analysis.preference_bias import bias_test, characters, matching, profiles
from analysis.series import compare_series
from benchmarks.line import line, number
from surveys.judging import DIMENSIONS

SIX, MEMORY, BOOTSTRAP = "< 20", "< 2", "< 60"
"""Targets: six families in seconds, gigabytes, and the bootstrap in seconds."""

QUICK = {"respondents": 100, "questions": 60, "models": 3, "draws": 100}

GOOD = def_rules()
VALUES = ("EVI", "IDV", "IVR", "LTO", "MAS", "PDI", "TDI", "UAI", "USI")
VERDICTS = ("Yes. It is.", "No, the explanation says the opposite.", "yes", "Not sure.")


class MadeUp:
    """Choices, digests and people, drawn once."""

    def __init__(self, respondents: int, questions: int, models: int) -> None:
        rng = np.random.default_rng(1)
        self.scales = Scales.of(rng.choice([2, 3, 4, 5, 10], size=questions))
        sizes = self.scales.sizes
        self.dimension = [VALUES[n % 9] for n in range(questions)]
        self.options = self.scales.codes.shape[1]
        self.choices = [
            np.where(
                rng.random((respondents, questions)) < 0.03,
                -1,
                (rng.random((respondents, questions)) ** power * sizes).astype(np.int64),
            )
            for power in np.linspace(0.6, 1.6, models)
        ]
        self.digests = [rng.integers(1, 500, (respondents, questions)).astype(np.uint64) for _ in range(models)]
        groups = rng.dirichlet(np.ones(self.options), size=(questions, 6)) * self.scales.offered[:, None]
        people = np.stack([rng.multinomial(250, row / row.sum()) for row in groups.reshape(-1, self.options)])
        self.people = people.reshape(questions, 2, 3, self.options).transpose(0, 3, 1, 2).astype(np.float64)
        self.human = self.people.sum(axis=(2, 3))
        self.replies = [VERDICTS[n] for n in rng.integers(0, len(VERDICTS), respondents * questions // 100)]


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began, clock = time.process_time(), time.perf_counter()
    yield
    seconds[name] = time.process_time() - began
    seconds[f"{name}, clock"] = time.perf_counter() - clock


def families(made: MadeUp, seconds: dict[str, float]) -> None:
    """All six, for every model, as a report needs them."""
    rng = np.random.default_rng(2)
    with timed(seconds, "1 preference"):
        counts = np.stack([counted(choices, made.options) for choices in made.choices])
        unread = np.stack([(choices < 0).sum(axis=0) for choices in made.choices])
        found = preference(counts, made.human, GOOD, dimension=made.dimension, invalid=unread)
        question_distances(counts, made.human, jensen_shannon)
        question_distances(counts, made.human, total_variation)
        question_distances(counts, made.human, lambda p, q: wasserstein(p, q, made.scales.codes))
    with timed(seconds, "2 diversity"):
        for choices, digests in zip(made.choices, made.digests, strict=True):
            diversity(digests)
            diversity(of_choices(choices), made.scales.sizes)
    with timed(seconds, "3 culture map"):
        _, scores = dimension_scores(
            np.concatenate([counts, made.human[None]]), made.scales.codes, made.dimension, GOOD
        )
        culture_map(scores, GOOD)
    with timed(seconds, "4 preference bias"):
        by_sex, by_age = (characters(made.people.sum(axis=axis), GOOD) for axis in (3, 2))
        for table in counts:
            pair = matching(table, made.human)
            for among in (pair.matches, pair.known & ~pair.matches):
                profiles(pair.model, by_sex, by_age, among)
            for belongs in (by_sex, by_age):
                bias_test(pair.model, belongs, rng)
    with timed(seconds, "5 series"):
        compare_series({str(n): means for n, means in enumerate(found.dimension_means)}, "paired")
    with timed(seconds, "6 insensitivity"):
        for _ in range(len(made.choices)):
            parsed = [parse_verdict(reply, GOOD) for reply in made.replies]
            aggregate((dimension, verdict) for dimension in DIMENSIONS for verdict in parsed)
            ratings = np.array([[verdict == "failure" for verdict in parsed]] * 3, dtype=np.float64)
            ratings[1:] = np.where(rng.random(ratings[1:].shape) < 0.1, 1 - ratings[1:], ratings[1:])
            cohen_kappa(ratings[0], ratings[1])
            krippendorff_alpha(ratings)


def bootstrap(made: MadeUp, draws: int, seconds: dict[str, float]) -> None:
    """Every distance of every question of every model in every draw, with ellipses on the map."""
    rng = np.random.default_rng(3)
    with timed(seconds, "bootstrap"):
        weights = respondent_weights(np.ones(len(made.choices[0])), rng, draws)
        counts = np.stack([counted(choices, made.options) for choices in made.choices])
        chart = culture_map(dimension_scores(counts, made.scales.codes, made.dimension, GOOD)[1], GOOD)
        for choices in made.choices:
            chosen = one_hot(choices, made.options)
            drawn = reweighted_counts(chosen, weights).reshape(draws, -1, made.options)
            found = preference(drawn, made.human, GOOD, dimension=made.dimension)
            for values in (found.questions, found.dimension_means, found.average):
                limits(values)
            for distance in (jensen_shannon, total_variation, lambda p, q: wasserstein(p, q, made.scales.codes)):
                limits(question_distances(drawn, made.human, distance))
            ellipse(chart.place(dimension_scores(drawn, made.scales.codes, made.dimension, GOOD)[1]))


def peak() -> float:
    """Most memory that this process had so far, in gigabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--respondents", type=int, default=1000)
    reader.add_argument("--questions", type=int, default=600)
    reader.add_argument("--models", type=int, default=11)
    reader.add_argument("--draws", type=int, default=1000)
    reader.add_argument("--quick", action="store_true", help="100 respondents, 60 questions, 3 models, 100 draws")
    wanted = reader.parse_args()
    if wanted.quick:
        vars(wanted).update(QUICK)
    seconds: dict[str, float] = {}
    made = MadeUp(wanted.respondents, wanted.questions, wanted.models)
    families(made, seconds)
    parts = {name: value for name, value in seconds.items() if not name.endswith("clock")}
    memory = peak()
    bootstrap(made, wanted.draws, seconds)
    six, most, resampled = (None if wanted.quick else target for target in (SIX, MEMORY, BOOTSTRAP))
    numbers = [
        *(number(f"{name}, CPU", value, "s") for name, value in parts.items()),
        number("six families, CPU", sum(parts.values()), "s", six),
        number("their memory", memory, "GB", most),
        number(f"bootstrap, {wanted.draws} draws of every question, CPU", seconds["bootstrap"], "s", resampled),
        number("the same by the clock", seconds["bootstrap, clock"], "s"),
        number("memory with the bootstrap", peak(), "GB", most),
    ]
    print(line("analysis", numbers, **{name: getattr(wanted, name) for name in QUICK}))


if __name__ == "__main__":
    main()
