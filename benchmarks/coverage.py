"""How far distances from few respondents are off, and how often their intervals hold: bias and coverage by n.

usage: python benchmarks/coverage.py [--seeds 200] [--quick] [--table rows.csv] [--plot docs/distances_by_n.svg]

A planted public of known distance from the real one is interviewed again and again. Part one: one question of five
options, at three true distances; the distance as computed with its percentile bootstrap, and debiased with its
interval. Part two: the mean over ten questions that hang together, with whole respondents drawn; the percentile
bootstrap, and the debiased mean with its interval. Part three: D of the same public by the number of runs, its
jackknife interval, and D rarefied to twenty. The truth is computed from the shares. Prints one JSON line: how far
estimates are off and how often intervals hold, over all sizes; `--table` writes a row for every size as well.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.special import ndtr

from analysis.bootstrap import limits, respondent_weights, reweighted_counts
from analysis.choices import one_hot
from analysis.debiasing import debiased, debiased_mean
from analysis.distances import jensen_shannon, kl_divergence, total_variation, wasserstein
from analysis.diversity import diversity, of_choices, rarefied
from benchmarks.line import Number, line, number

Distance = Callable[[Any, Any], Any]
Row = dict[str, Any]
DISTANCES: dict[str, Distance] = {
    "KL": kl_divergence,
    "JS": jensen_shannon,
    "TV": total_variation,
    "W1": wasserstein,
}
SIZES = (20, 50, 100, 200, 500, 1000)
REAL = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
FAR = np.array([0.02, 0.08, 0.25, 0.3, 0.35])
PUBLICS = {"equal": 0.0, "near": 0.2, "far": 1.0}
"""How much of the way from the real shares to the far ones a public has gone."""
DRAWS, QUESTIONS, OPTIONS = 400, 10, 5
SLACK = 1e-12


def held(low: np.ndarray, high: np.ndarray, truth: float | np.ndarray) -> float:
    return float(((low <= truth + SLACK) & (truth - SLACK <= high)).mean())


def one_question(seeds: int) -> list[Row]:
    rows = []
    for public, way in PUBLICS.items():
        shares = REAL + way * (FAR - REAL)
        for n in SIZES:
            rng = np.random.default_rng(n)
            counts = rng.multinomial(n, shares, size=seeds)
            drawn = rng.multinomial(n, counts / n, size=(DRAWS, seeds))
            for name, distance in DISTANCES.items():
                truth = float(distance(shares, REAL)) if way else 0.0
                found = debiased(counts, np.tile(REAL, (seeds, 1)), distance, rng)
                rows.append(
                    {
                        "public": public,
                        "distance": name,
                        "n": n,
                        "truth": round(truth, 4),
                        "computed": round(float(found.computed.mean()), 4),
                        "debiased": round(float(found.estimate.mean()), 4),
                        "bootstrap holds": round(held(*limits(distance(drawn, REAL)), truth), 3),
                        "debiased holds": round(held(found.low, found.high, truth), 3),
                    }
                )
    return rows


def answers(n: int, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choices (n, questions) with these shares each, correlated through a leaning of every respondent."""
    leaning = rng.normal(size=(n, 1)) * 0.6 + rng.normal(size=(n, QUESTIONS)) * 0.8
    place = ndtr(leaning)[..., None] > np.cumsum(shares, axis=-1)
    return np.asarray(place.sum(axis=-1).clip(max=OPTIONS - 1))


def mean_of_ten(seeds: int) -> list[Row]:
    rng = np.random.default_rng(5)
    real = rng.dirichlet(np.full(OPTIONS, 6.0), size=QUESTIONS)
    far = rng.dirichlet(np.full(OPTIONS, 3.0), size=QUESTIONS)
    rows = []
    for public, way in PUBLICS.items():
        shares = real + way * (far - real)
        for n in SIZES:
            found: dict[str, list[tuple[float, ...]]] = {name: [] for name in DISTANCES}
            for seed in range(seeds):
                rng = np.random.default_rng([seed, n])
                chosen = one_hot(answers(n, shares, rng), OPTIONS)
                weights = respondent_weights(np.ones(n), rng, DRAWS)
                drawn = reweighted_counts(chosen, weights).reshape(DRAWS, QUESTIONS, OPTIONS)
                counts = np.asarray(chosen.sum(axis=1)).reshape(QUESTIONS, OPTIONS)
                for name, distance in DISTANCES.items():
                    means = distance(drawn, real).mean(axis=1)
                    low, high = (float(limit) for limit in limits(means))
                    mean = debiased_mean(counts, real, distance, rng, resampled=means)
                    known = (mean.computed, mean.estimate, mean.low, mean.high)
                    found[name].append((low, high, *(float(value) for value in known)))
            for name, distance in DISTANCES.items():
                truth = float(distance(shares, real).mean()) if way else 0.0
                low, high, computed, estimate, debiased_low, debiased_high = np.array(found[name]).T
                rows.append(
                    {
                        "public": public,
                        "distance": name,
                        "n": n,
                        "truth": round(truth, 4),
                        "computed": round(float(computed.mean()), 4),
                        "debiased": round(float(estimate.mean()), 4),
                        "bootstrap holds": round(held(low, high, truth), 3),
                        "debiased holds": round(held(debiased_low, debiased_high, truth), 3),
                    }
                )
    return rows


def diversities(seeds: int) -> list[Row]:
    shares = np.random.default_rng(6).dirichlet(np.full(40, 0.5), size=QUESTIONS)
    rows = []
    for n in SIZES:
        truth = float(((1 - (1 - shares) ** n).sum(axis=1) - 1).sum() / (n * QUESTIONS))
        small = float(((1 - (1 - shares) ** 20).sum(axis=1) - 1).sum() / (20 * QUESTIONS))
        values, low, high, of_twenty, boot = [], [], [], [], []
        for seed in range(seeds):
            rng = np.random.default_rng([seed, n])
            choices = (rng.random((n, QUESTIONS, 1)) > np.cumsum(shares, axis=-1)).sum(axis=-1).clip(max=39)
            found = diversity(of_choices(choices))
            values.append(found.value)
            low.append(found.value - 1.96 * found.standard_error)
            high.append(found.value + 1.96 * found.standard_error)
            of_twenty.append(rarefied(of_choices(choices), 20))
            drawn = [diversity(of_choices(choices[rng.integers(n, size=n)])).value for _ in range(40)]
            boot.append(float(np.mean(drawn)))
        rows.append(
            {
                "n": n,
                "expected D": round(truth, 4),
                "D": round(float(np.mean(values)), 4),
                "jackknife holds": round(held(np.array(low), np.array(high), truth), 3),
                "mean of bootstrap draws": round(float(np.mean(boot)), 4),
                "expected D of 20": round(small, 4),
                "rarefied to 20": round(float(np.mean(of_twenty)), 4),
            }
        )
    return rows


def plot(rows: list[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "demoscope", "svg.fonttype": "none"}
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, len(DISTANCES), figsize=(11, 5), sharex=True)
    for column, name in enumerate(DISTANCES):
        for public, colour in zip(PUBLICS, ("tab:green", "tab:orange", "tab:red"), strict=True):
            kept = [row for row in rows if (row["distance"], row["public"]) == (name, public)]
            n = [row["n"] for row in kept]
            upper, lower = axes[0, column], axes[1, column]
            upper.axhline(kept[0]["truth"], color=colour, linewidth=0.6)
            upper.plot(n, [row["computed"] for row in kept], "--", color=colour)
            upper.plot(n, [row["debiased"] for row in kept], color=colour, label=f"{public} public")
            lower.plot(n, [row["bootstrap holds"] for row in kept], "--", color=colour)
            lower.plot(n, [row["debiased holds"] for row in kept], color=colour)
        lower.axhline(0.95, color="black", linewidth=0.6)
        lower.set(xscale="log", xlabel="respondents", ylim=(-0.03, 1.03))
        upper.set_title(name)
    axes[0, 0].set_ylabel("mean estimate")
    axes[1, 0].set_ylabel("intervals that hold")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.suptitle("Thin: truth. Dashed: as computed, percentile bootstrap. Full: debiased.", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def told(part: str, rows: list[Row]) -> Iterator[Number]:
    """Bias and coverage of one public's distances over all sizes: the worst, and how far the intervals range."""
    publics: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        publics[row["public"]].append(row)
    for public, found in publics.items():
        for way in ("computed", "debiased"):
            bias = max((row[way] - row["truth"] for row in found), key=abs)
            yield number(f"{part}, {public} public: largest bias, {way}", bias)
        for way in ("bootstrap holds", "debiased holds"):
            shares = [row[way] for row in found]
            yield number(f"{part}, {public} public: {way}, least often", min(shares), "share")
            yield number(f"{part}, {public} public: {way}, most often", max(shares), "share")


def told_of_diversity(rows: list[Row]) -> Iterator[Number]:
    """Bias and coverage of D over all numbers of runs."""
    yield number("D: largest bias", max((row["D"] - row["expected D"] for row in rows), key=abs))
    bias = max((row["mean of bootstrap draws"] - row["expected D"] for row in rows), key=abs)
    yield number("D: largest bias of bootstrap draws", bias)
    bias = max((row["rarefied to 20"] - row["expected D of 20"] for row in rows), key=abs)
    yield number("D rarefied to 20: largest bias", bias)
    shares = [row["jackknife holds"] for row in rows]
    yield number("D: jackknife holds, least often", min(shares), "share")
    yield number("D: jackknife holds, most often", max(shares), "share")


def write_table(parts: dict[str, list[Row]], path: Path) -> None:
    """Every row of every part; cells that a part has not are empty."""
    rows = [{"part": part, **row} for part, found in parts.items() for row in found]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--seeds", type=int, default=200)
    reader.add_argument("--quick", action="store_true", help="10 planted publics each, for a look at the machinery")
    reader.add_argument("--table", type=Path)
    reader.add_argument("--plot", type=Path)
    asked = reader.parse_args()
    seeds = 10 if asked.quick else asked.seeds
    parts = {"one question": one_question(seeds), "mean of ten": mean_of_ten(seeds), "D": diversities(seeds)}
    if asked.plot:
        plot(parts["one question"], asked.plot)
    if asked.table:
        write_table(parts, asked.table)
    numbers = [one for part in ("one question", "mean of ten") for one in told(part, parts[part])]
    sizes = {"seeds": seeds, "draws": DRAWS, "respondents": SIZES}
    print(line("coverage", [*numbers, *told_of_diversity(parts["D"])], **sizes))


if __name__ == "__main__":
    main()
