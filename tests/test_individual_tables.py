"""The tables of the paper by hand: two people, two setups of two targets, the first statement always the true one."""

import numpy as np
import pytest

from analysis.individual import tables
from analysis.individual.dimensions import Grouping
from analysis.individual.evaluated import Evaluated
from analysis.individual.evaluation import evaluate
from analysis.individual.figures import write_figures
from analysis.individual.findings import Rules
from analysis.individual.table_files import write_tables
from tests.made_up_people import clustered, predictions

RULES = Rules(draws=0)
ALL = [[[1, 1], [1, 1]], [[1, 1], [1, 1]]]
"""Both people have everything right: 100, and 100 in each setup."""
SOME = [[[1, 1], [1, 2]], [[1, 2], [2, 2]]]
"""a has 2 of 2 and 1 of 2, b 1 of 2 and 0 of 2: setups 75 and 25, people 75 and 25, mean 50."""
LAND = Grouping({"a": {"land": "north"}, "b": {"land": "south"}})


def found(*made, grouping=None):
    return evaluate([predictions(given, **changes) for given, changes in made], rules=RULES, grouping=grouping)


def test_accuracy_by_setup_has_a_row_a_system_and_the_mean_of_both_forms():
    refined = {"target_form": "refined", "demonstration_form": "refined"}
    table = tables.table_4(found((ALL, {}), (SOME, refined)))
    assert table.loc["m: 50 demonstrations"].to_dict() == {
        **{"polar 1": 100, "polar 2": 100, "polar average": 100},
        **{"refined 1": 75, "refined 2": 25, "refined average": 50},
        "all": 75,
    }


def test_models_known_by_statements_and_by_demographics_stand_side_by_side():
    table = tables.table_5(found((ALL, {}), (SOME, {"demonstrations": (0, 0), "demographics": True})))
    assert table.loc["m, polar"].to_dict() == {
        "demographics": 50,
        "statements (50)": 100,
        "mean with statements (50)": 75,
    }
    assert tables.table_5(found((ALL, {}))).empty, "nobody was known by demographics alone"


def test_crossed_forms_are_told_by_setup_and_over_all():
    table = tables.table_14(found((ALL, {}), (SOME, {"demonstration_form": "refined"})))
    assert table.loc[("m: 50 demonstrations", "refined")].to_dict() == {
        "polar 1": 75,
        "polar 2": 25,
        "polar average": 50,
    }


def test_sigma_by_dimension_and_what_changes_between_two_models_in_the_same_condition():
    # North (a) 75, south (b) 25: sigma = sqrt(2 * 25^2 / 1). A model that is always right has none.
    made = found((SOME, {}), (ALL, {"model": "taught"}), (ALL, {"demonstrations": (0, 0)}), grouping=LAND)
    sigma = np.sqrt(2 * 25**2)
    names = ["m: polar, 50 demonstrations", "taught: polar, 50 demonstrations"]
    by_dimension = tables.table_16(made)
    assert by_dimension[names].to_numpy() == pytest.approx(np.array([[sigma, 0.0], [sigma, 0.0]]))
    assert [*by_dimension.index] == ["land", "Average"]
    changes = tables.inequity_changes(made)
    assert {key[:3] for key in changes.index} == {("m", "taught", "polar, 50 demonstrations")}
    assert changes["change"].to_numpy() == pytest.approx([-sigma, -sigma])
    assert tables.table_2(made).loc[names[0], "sigma"] == pytest.approx(sigma)
    assert tables.inequity_changes(found((SOME, {}), grouping=LAND)).empty


def test_groups_of_a_dimension_are_columns_and_systems_rows():
    table = tables.figure_7(found((SOME, {}), grouping=LAND), "land")
    assert table.loc["m: polar, 50 demonstrations"].to_dict() == {"north": 75, "south": 25, "All": 50}


def test_models_trained_differently_are_rows_and_numbers_of_demonstrations_columns():
    made = found(
        (ALL, {"model": "mixed", "demonstrations": (50, 200)}),
        (SOME, {"model": "mixed"}),
        (SOME, {"model": "of 50"}),
        (ALL, {"model": "of 50", "other": "asked singly"}),
    )
    table = tables.figure_6(made)
    assert [*table.columns] == ["50", "50-200"]
    assert [*table.index] == ["mixed", "of 50", "of 50, asked singly"]
    assert table.loc["mixed"].tolist() == [50, 100] and np.isnan(table.loc["of 50", "50-200"])


def test_every_system_has_a_row_by_number_and_other_settings_stay_apart():
    made = found((ALL, {"other": "asked singly"}), (SOME, {"other": "asked together"}))
    table = tables.by_number(made)
    assert [*table["model"]] == ["m, asked singly", "m, asked together"] and [*table["accuracy"]] == [100, 50]


def test_category_by_category_is_written_for_every_condition_apart(tmp_path):
    told = [
        (given, {"categories": (name,), "demographics": demographics})
        for name in ("trust", "faith")
        for given, demographics in ((ALL, False), (SOME, True))
    ]
    made = found(*told)
    folder = tmp_path / "tables"
    assert {path.stem for path in write_tables(made, [], folder) if path.stem.startswith("influence")} == {
        "influence_m_polar",
        "influence_m_polar_demographics",
    }
    # The first target of each setup is of trust: a has both right, b one (75). Of faith a has one, b none (25).
    (table,) = [tables.figure_8(one) for one in made.influence if "demographics" in one.condition]
    assert table.loc["trust"].tolist() == [75, 75] and table.loc["faith"].tolist() == [25, 25]


def test_figures_are_drawn_where_models_are_known_by_single_categories_alone(tmp_path):
    made = [predictions(SOME, categories=(name,)) for name in ("trust", "faith")]
    written = write_figures(evaluate(made, rules=RULES), [Evaluated(one, RULES, False) for one in made], tmp_path)
    assert "influence_m_polar" in {path.stem for path in written}


def test_the_size_of_a_catalogue_is_written_where_everybody_is_named(tmp_path):
    known = clustered(20, 8)
    (path,) = [one for one in write_tables(found((ALL, {})), [], tmp_path, known) if one.stem == "catalogue"]
    assert "questions,8" in path.read_text()
