"""The paper's own numbers: what can be recomputed is, tables agree with themselves, and exceptions are named."""

import json
from functools import cache

import numpy as np
import pytest

from analysis.individual.accuracy import by_category, scores
from analysis.individual.baselines import compare
from analysis.individual.dimensions import PUBLISHED
from analysis.individual.heldout import targets
from analysis.individual.problems import chances
from analysis.individual.tables import table_1
from surveys.statements import FORMS, KnownAnswers, probe_setups, read_published
from tests.conftest import SHARED

METADATA = SHARED / "data" / "indievalue"
TARGETS = SHARED / "targets" / "published.json"

pytestmark = pytest.mark.skipif(not TARGETS.is_file(), reason="the published files are not at hand")


@cache
def published():
    return json.loads(TARGETS.read_text(encoding="utf-8"))["indievalue"]


@cache
def known():
    """Two people who agree with the first statement of everything: guesses do not depend on answers."""
    sets = read_published(METADATA)
    first = np.ones((3, len(sets.questions)), np.int8)
    return KnownAnswers("made up", ("a", "b", "c"), sets, dict.fromkeys(FORMS, first))


@cache
def guess(form):
    everybody = known()
    asked = targets(everybody, np.array([0, 1]), probe_setups(everybody.sets.categories), form, demonstrations=0)
    return compare(asked, everybody, ("random",)).predictions[0]


def test_the_polar_random_baseline_is_the_published_one():
    by_setup = scores(guess("polar")).by_setup[0]
    assert by_setup == pytest.approx([46.368, 45.513, 44.231], abs=0.0005)
    row = published()["table4"]["Random"]
    assert by_setup == pytest.approx([row["polar_p1"], row["polar_p2"], row["polar_p3"]], abs=0.005)
    assert scores(guess("polar")).mean == pytest.approx(row["polar_avg"], abs=0.005)


def test_so_is_that_of_every_category():
    table = published()["figure2"]
    column = table["columns"].index("Random")
    found = [one.mean for one in by_category(guess("polar")).values()]
    assert found == pytest.approx([row[column] for row in list(table["rows"].values())[:13]], abs=0.06)
    # one decimal of 500 drawn guesses an item: corruption is 48.15, published as 48.2
    assert len(found) == 13


def test_the_refined_random_baseline_is_another_than_the_published_one():
    # Named exception: 27.18, 27.18 and 27.10 follow from the public statements; 29.16, 29.03, 25.43 were published.
    by_setup = scores(guess("refined")).by_setup[0]
    assert by_setup == pytest.approx([27.18, 27.18, 27.10], abs=0.005)
    row = published()["table4"]["Random"]
    assert min(abs(by_setup - [row["refined_p1"], row["refined_p2"], row["refined_p3"]])) > 1.5


def test_the_size_of_the_catalogue_is_the_published_one():
    told, found = published()["table1"], table_1(known())
    assert found["questions"] == told["questions"]
    assert [found[f"{form} statements"] for form in FORMS] == [told["statements_refined"], told["statements_polar"]]
    for form in FORMS:
        assert found[f"{form} combinations, log10"] == pytest.approx(np.log10(told[f"combos_{form}"]), abs=0.005)


def test_chances_of_single_targets_make_the_mean():
    one = guess("polar")
    sizes = np.array([item.size for item in one.items])
    assert scores(one).mean == pytest.approx(100 * chances(sizes)[one.item].mean())


def averages():
    """Published average -> the rows it should be the mean of."""
    table4, table20 = published()["table4"], published()["table20_topN"]
    for name, row in [*table4.items(), *((f"N = {n}", row) for n, row in table20.items())]:
        for form in ("polar", "refined"):
            yield f"{name}, {form}", row[f"{form}_avg"], [row[f"{form}_p{n}"] for n in (1, 2, 3)]
        both = [row["polar_avg"], row["refined_avg"]]
        yield f"{name}, all", row.get("all_avg", row.get("overall")), both
    for name, row in published()["table14"].items():
        yield f"{name} demonstrations", row["avg"], [row[f"probe{n}"] for n in range(3)]
    for name, row in published()["table15"].items():
        yield f"{name}, table 15", row["overall"], [row["p1"], row["p2"], row["p3"]]
    table16 = published()["table16_sigma_by_dim"]
    for place, name in enumerate(table16["models"]):
        rows = {dimension: row[place] for dimension, row in table16["rows"].items()}
        yield f"sigma of {name}", rows.pop("Average"), list(rows.values())
    for column in ("zero_shot", "reasoner"):
        rows = {dimension: row[column] for dimension, row in published()["table19"].items()}
        yield f"sigma, {column}", rows.pop("Average"), list(rows.values())
    for row in published()["table5"]:
        yield f"table 5, {row['train_stmts']}", row["avg"], [row["eval_stmts"], row["eval_demogr"]]


def test_averages_of_tables_are_those_of_their_rows():
    wrong = [name for name, told, rows in averages() if abs(told - np.mean(rows)) > 0.0101]
    assert wrong == []


def test_the_overall_row_of_figure_2_is_the_mean_of_its_categories_but_for_rounding():
    table = published()["figure2"]
    rows = {name: np.array(row) for name, row in table["rows"].items()}
    overall = rows.pop("Overall")
    gaps = np.abs(np.mean(list(rows.values()), axis=0) - overall)
    assert len(rows) == 13 and gaps.max() < 0.1


def test_figure_2_and_table_15_differ_on_one_model():
    # Named exception: Mixtral-8x7B has 55.9 in figure 2 and 56.26 in table 15.
    figure = dict(zip(published()["figure2"]["columns"], published()["figure2"]["rows"]["Overall"], strict=True))
    apart = {}
    for name, row in published()["table15"].items():
        column = next(one for one in figure if one.casefold() == name.casefold())
        if abs(figure[column] - row["overall"]) > 0.0501:
            apart[name] = (figure[column], row["overall"])
    assert apart == {"Mixtral-8x7B": (55.9, 56.26)}


def test_rows_two_and_three_of_the_published_top_1_are_running_means_of_the_true_ones():
    # Named exception: the accumulator of table 4 was not reset between setups; table 20 has the true row.
    true = published()["table20_topN"]["1"]
    told = published()["table4"]["Resemble (top 1)"]
    for form in ("polar", "refined"):
        rows = np.array([true[f"{form}_p{n}"] for n in (1, 2, 3)])
        running = np.cumsum(rows) / [1, 2, 3]
        assert [told[f"{form}_p{n}"] for n in (1, 2, 3)] == pytest.approx(running, abs=0.05)
        assert abs(told[f"{form}_p3"] - rows[2]) > 1


def test_the_published_cluster_is_the_best_of_the_sweep_and_of_table_4():
    sweep = published()["table20_topN"]
    best = max(sweep.values(), key=lambda row: row["overall"])["overall"]
    assert sweep["24"]["overall"] == best == published()["table4"]["Resemble (top cluster)"]["all_avg"]


def test_there_are_16_dimensions_and_they_are_called_as_published():
    assert list(PUBLISHED.values()) == [
        name for name in published()["table16_sigma_by_dim"]["rows"] if name != "Average"
    ]
    assert len(PUBLISHED) == 16
    averages_16 = published()["table16_sigma_by_dim"]["rows"]["Average"]
    by_model = dict(zip(published()["table16_sigma_by_dim"]["models"], averages_16, strict=True))
    for name, sigma in published()["table2_sigma_inequity"].items():
        column = next(one for one in by_model if one.casefold() == name.casefold())
        assert by_model[column] == pytest.approx(sigma, abs=0.005)
