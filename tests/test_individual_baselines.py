"""Baselines: majorities and votes by hand, people of planted clusters, and what they may not know."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.individual.accuracy import scores
from analysis.individual.baselines import NAMES, PUBLISHED, SHOWN, BaselineRules, compare
from analysis.individual.factorisation import Settings, factorised
from analysis.individual.heldout import draw_people, targets
from analysis.individual.learned import learned
from analysis.individual.problems import Problem, majority, masked, one_hot
from analysis.individual.resemblance import nearest, resemblance, similarities, votes
from analysis.individual.told import Told
from demoscope.errors import DocumentError
from surveys.statements import MISSING, KnownAnswers, probe_setups
from tests.made_up_people import clustered, sets_of

NO = MISSING


def problem(others, known, targets=None, sizes=3):
    others, known = np.array(others, np.int8), np.array(known, np.int8)
    width = others.shape[1]
    asked = np.array(targets if targets is not None else [[1]] * len(others), np.int8)
    return Problem(others, np.full(width, sizes), asked, np.full(asked.shape[1], sizes), known)


def test_the_majority_is_the_lowest_of_the_most_frequent_and_a_missing_answer_wins_only_where_it_may():
    answers = np.array([[1, 3, NO], [2, 3, NO], [NO, 1, 2], [NO, NO, NO], [NO, NO, NO]], np.int8)
    sizes = np.array([3, 3, 3])
    assert majority(answers, sizes).tolist() == [1, 3, 2]
    assert majority(answers, sizes, missing=True).tolist() == [0, 3, 0]  # 2 of 5 against 3, a tie of 2, 1 against 4


def test_one_hot_answers_have_a_column_a_statement_and_one_for_missing_where_wanted():
    answers, sizes = np.array([[1, NO], [2, 3]], np.int8), np.array([2, 3])
    assert one_hot(answers, sizes).tolist() == [[1, 0, 0, 0, 0], [0, 1, 0, 0, 1]]
    assert one_hot(answers, sizes, missing=True).tolist() == [[1, 0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 1, 0]]


def test_similarities_equal_a_loop_over_questions():
    rng = np.random.default_rng(1)
    others, known = (rng.choice([NO, 1, 2, 3], size=(n, 17)).astype(np.int8) for n in (60, 9))
    made = problem(others, known)
    same = (known[:, None] == others[None]) & (known[:, None] != NO)
    both = (known[:, None] != NO) & (others[None] != NO)
    assert (similarities(made, "matrix") == same.sum(axis=2)).all()
    assert (similarities(made, "count") == (known[:, None] == others[None]).sum(axis=2)).all()
    assert similarities(made, "share") == pytest.approx(same.sum(axis=2) / both.sum(axis=2))


def test_the_nearest_come_first_and_ties_follow_the_order_of_the_file():
    made = problem([[1, 1], [1, 2], [1, 1], [2, 1], [3, 3]], [[1, 1]])
    assert nearest(made, 4).tolist() == [[0, 2, 1, 3]]
    assert nearest(made, 99).tolist() == [[0, 2, 1, 3, 4]]


def test_votes_of_the_first_n_by_hand():
    given = np.array([2, 3, 3, 2, NO, 1], np.int8).reshape(1, 6, 1)
    sizes = np.array([3])
    # 2 | 2 3: the nearer one's | 3 3 | tie: 2 stands first | a missing vote changes nothing
    assert votes(given, sizes).ravel().tolist() == [2, 2, 3, 2, 2, 2]
    tie = np.array([3, 2, 1], np.int8).reshape(1, 3, 1)
    assert votes(tie, sizes, "lowest").ravel().tolist() == [3, 2, 1]


def test_a_missing_answer_wins_only_where_it_is_a_candidate_and_loses_ties():
    given = np.array([NO, 2, NO, 2], np.int8).reshape(1, 4, 1)
    sizes = np.array([2])
    assert votes(given, sizes).ravel().tolist() == [0, 2, 2, 2]
    assert votes(given, sizes, missing=True).ravel().tolist() == [0, 2, 0, 2]
    assert votes(given, sizes, "lowest", missing=True).ravel().tolist() == [0, 2, 0, 2]


def test_blocks_of_people_and_others_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    others, known = (rng.choice([NO, 1, 2, 3], size=(n, 9)).astype(np.int8) for n in (50, 12))
    made = problem(others, known, rng.choice([NO, 1, 2, 3], size=(50, 4)))
    whole = resemblance(made, 20)
    for name, rows in (("OTHERS_AT_ONCE", 7), ("PAIRS_AT_ONCE", 150), ("PEOPLE_AT_ONCE", 5)):
        monkeypatch.setattr(f"analysis.individual.resemblance.{name}", rows)
    assert (resemblance(made, 20) == whole).all()


def test_only_so_many_known_answers_are_kept_of_each_person():
    answers = np.array([[1, 2, 3, NO], [NO, NO, 1, NO]], np.int8)
    kept = masked(answers, 2, np.random.default_rng(1))
    assert (kept != NO).sum(axis=1).tolist() == [2, 1]
    assert ((kept == answers) | (kept == NO)).all()


PLANTED = clustered(600, 40)
SETUPS = probe_setups(PLANTED.sets.categories, per_category=1, setups=2)


def asked(demonstrations=None, known=PLANTED, people=100):
    questions = [question for setup in SETUPS.values() for question in setup]
    return targets(known, draw_people(known, questions, people, 1), SETUPS, "polar", None, demonstrations)


def accuracy(found):
    return {one.condition.model: scores(one).mean for one in found.predictions}


def test_in_planted_clusters_the_cluster_beats_the_nearest_the_nearest_the_majority_and_that_chance():
    found = accuracy(compare(asked(), PLANTED, rules=BaselineRules(most=60)))
    assert list(found) == [SHOWN[name] for name in NAMES]
    chance, common, one, cluster, factors, logistic, boosted = found.values()
    assert chance == pytest.approx(100 / 3)
    assert cluster > one > common + 5 > chance + 5
    # whoever knew the clusters would have 65 + 35 / 3 = 76.7 % right in the long run
    assert min(factors, logistic, boosted) > common + 5 and max(found.values()) < 80


def test_with_fewer_demonstrations_people_are_predicted_worse_and_without_any_by_no_neighbour():
    few = accuracy(compare(asked(2), PLANTED, ("majority", "top-cluster", "factorisation")))
    many = accuracy(compare(asked(20), PLANTED, ("majority", "top-cluster", "factorisation")))
    assert few["Global majority"] == many["Global majority"]
    assert few["Resemble (top cluster)"] < many["Resemble (top cluster)"]
    assert few["Matrix factorisation"] < many["Matrix factorisation"]
    assert list(accuracy(compare(asked(0), PLANTED))) == ["Random", "Global majority"]


def test_n_is_chosen_on_the_other_half_and_the_optimistic_choice_is_told():
    found = compare(asked(), PLANTED, ("top-cluster",), BaselineRules(most=40))
    chosen = found.sweep.chosen
    assert set(chosen.by_person.tolist()) == {chosen.first, chosen.second}
    means = [one.mean for one in found.sweep.scores]
    assert means[chosen.everybody - 1] == max(means) >= scores(found.predictions[0]).mean
    assert f"N = {chosen.first} and {chosen.second}" in found.predictions[0].notes[0]


def test_targets_of_the_same_setup_are_never_told_and_other_setups_may_be():
    one = asked()
    for setup, questions in enumerate(SETUPS.values()):
        rows = one.setup == setup
        told = {
            one.told.questions[place]
            for place in np.flatnonzero(one.told.table[np.unique(one.told.row[rows])].any(axis=0))
        }
        assert not told & set(questions)
        assert told >= {question for question in PLANTED.sets.questions if question not in questions}


def test_a_target_that_is_told_of_other_targets_is_no_feature_of_itself():
    # Everybody's answers are random, so a target can only be predicted better than chance by looking at it.
    rng = np.random.default_rng(3)
    sets = sets_of({f"q{n}": 2 for n in range(6)}, {f"q{n}": "all" for n in range(6)})
    answers = rng.integers(1, 3, (600, 6)).astype(np.int8)
    known = KnownAnswers("noise", tuple(map(str, range(600))), sets, {"refined": answers, "polar": answers})
    one = targets(known, np.arange(200), {"1": ("q0", "q1", "q2")}, "polar")
    rest = [frozenset(set(sets.questions) - {one.items[item].question}) for item in one.item.tolist()]
    probed = replace(one, told=Told.of(rest))
    for value in accuracy(compare(probed, known, ("top-cluster", "factorisation", "logistic"))).values():
        assert 40 < value < 60


def test_people_who_are_asked_about_teach_nobody_even_when_they_stand_among_the_others():
    # Everybody has a twin with the same answers among those who are asked about, and nobody else is alike.
    one = asked()
    doubled = KnownAnswers(
        "twice",
        PLANTED.people,
        PLANTED.sets,
        {form: numbers.copy() for form, numbers in PLANTED.numbers.items()},
    )
    found = compare(one, doubled, ("top-1",), others=np.arange(len(doubled)))
    assert scores(found.predictions[0]).mean < 100
    assert accuracy(found) == accuracy(compare(one, PLANTED, ("top-1",)))


def test_other_answers_than_those_of_the_store_are_refused():
    changed = {form: np.where(numbers == 1, 2, numbers).astype(np.int8) for form, numbers in PLANTED.numbers.items()}
    other = KnownAnswers("other.csv", PLANTED.people, PLANTED.sets, changed)
    with pytest.raises(DocumentError, match=r"other.csv: people answered otherwise there"):
        compare(asked(), other)
    with pytest.raises(DocumentError, match="everybody there is asked about"):
        compare(asked(), PLANTED, others=np.empty(0, np.int64))


def test_the_published_rules_are_another_similarity_tie_and_candidate():
    assert (PUBLISHED.similarity, PUBLISHED.tie, PUBLISHED.missing) == ("count", "lowest", True)
    found = compare(asked(), PLANTED, ("majority", "top-1", "top-cluster"), PUBLISHED.model_copy(update={"most": 30}))
    assert all(33 < value < 80 for value in accuracy(found).values())


def test_a_target_nobody_has_an_answer_to_stays_unanswered():
    made = problem([[1], [2], [1]], [[1]], targets=[[NO, 1], [NO, 2], [NO, 1]])
    rng = np.random.default_rng(1)
    assert factorised(made, rng, Settings(2, 1.0)).tolist() == [[0, 1]]
    assert learned(made, "logistic", rng).tolist() == [[0, 1]]


def test_somebody_of_whom_nothing_is_told_gets_the_most_frequent_answer():
    rng = np.random.default_rng(1)
    others = rng.integers(1, 4, (80, 5))
    made = problem(others, [[NO] * 5, others[0].tolist()], targets=np.where(others[:, :1] == 1, 1, 3))
    common = majority(made.targets, made.target_sizes)[0]
    assert factorised(made, rng, Settings(4, 0.1))[0, 0] == common
    for classifier in ("logistic", "boosted"):
        assert learned(made, classifier, rng)[0, 0] == common


def test_without_scikit_learn_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.linear_model", None)
    rng = np.random.default_rng(1)
    made = problem(rng.integers(1, 4, (20, 3)), [[1, 2, 3]], rng.integers(1, 4, (20, 1)))
    with pytest.raises(Exception, match=r"pip install 'demoscope\[individual\]'"):
        learned(made, "logistic", rng)
