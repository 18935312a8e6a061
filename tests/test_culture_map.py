"""Cultural variation map (DEF, family 3): scores, components as code and paper have them, ellipses."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from analysis.bootstrap import respondent_weights, reweighted_counts
from analysis.choices import Scales, one_hot
from analysis.culture_map import culture_map, dimension_scores, ellipse
from analysis.def_rules import def_rules

GOOD = def_rules()


@pytest.mark.parametrize("seed", range(20))
def test_components_are_scikit_learns_up_to_their_sign(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(int(rng.integers(4, 20)), 9)) * rng.uniform(0.5, 3, 9) + 2
    theirs = PCA(n_components=2)
    places = theirs.fit_transform(scores)
    ours = culture_map(scores, GOOD)
    signs = np.sign((ours.loadings * theirs.components_).sum(axis=1))
    assert ours.coordinates == pytest.approx(places * signs)
    assert ours.loadings == pytest.approx(theirs.components_ * signs[:, None])
    assert ours.explained == pytest.approx(theirs.explained_variance_ratio_)
    assert ours.place(scores) == pytest.approx(ours.coordinates)


@pytest.mark.parametrize("components", ["centred", "printed"])
def test_the_largest_loading_of_each_axis_is_positive_whatever_the_order_of_subjects(components):
    rng = np.random.default_rng(1)
    scores = rng.normal(3, 1, (8, 9))
    rules = def_rules(components=components)
    first = culture_map(scores, rules)
    order = rng.permutation(8)
    again = culture_map(scores[order], rules)
    assert again.coordinates == pytest.approx(first.coordinates[order], abs=1e-9)
    for axis in first.loadings:
        assert axis[np.argmax(np.abs(axis))] > 0


def test_the_printed_algebra_is_taken_literally():
    rng = np.random.default_rng(5)
    scores = rng.normal(2, 0.7, (6, 9))
    found = culture_map(scores, def_rules("paper"))
    rows = scores.T  # dimensions as rows
    product = (rows - scores.mean()) @ rows.T / 9
    for axis, explained in zip(found.loadings, found.explained, strict=True):
        value = explained * np.trace(product)
        assert product @ axis == pytest.approx(value * axis, abs=1e-8)  # a right eigenvector
        assert np.linalg.norm(axis) == pytest.approx(1)
    assert found.coordinates == pytest.approx(scores @ found.loadings.T)  # the uncentred scores are projected
    assert found.explained[0] >= found.explained[1]


def test_a_dimension_score_is_the_mean_of_its_questions_mean_codes():
    scales = Scales.of([2, 10])
    counts = np.zeros((1, 2, 10))
    counts[0, 0, :2] = [1, 3]  # codes 1 and 2: mean 1.75
    counts[0, 1, 9] = 4  # code 10
    names, scores = dimension_scores(counts, scales.codes, ["PDI", "PDI"], GOOD)
    assert names == ("PDI",)
    assert scores.tolist() == [[(1.75 + 10) / 2]]
    rescaled = dimension_scores(counts, scales.codes, ["PDI", "PDI"], def_rules(rescaled=True))[1]
    assert rescaled.tolist() == [[(0.75 + 1) / 2]]  # long scales weigh no more than short ones


def test_unreadable_answers_lower_the_codes_scores_and_empty_questions_are_skipped():
    counts, codes = [[[2, 2], [0, 0]]], [[1, 2], [1, 2]]
    assert dimension_scores(counts, codes, ["a", "a"], GOOD)[1].tolist() == [[1.5]]
    in_code = dimension_scores(counts, codes, ["a", "a"], def_rules("code"), invalid=[[2, 5]])[1]
    assert in_code.tolist() == [[(2 * 1 + 2 * 2) / (4 + 2)]]
    with pytest.raises(ValueError, match="invalid"):
        dimension_scores(counts, codes, ["a", "a"], def_rules("code"))


def test_a_missing_score_is_named():
    with pytest.raises(ValueError, match="Subject 1 has no score in dimension 0"):
        culture_map([[1.0, 2.0], [np.nan, 1.0]], GOOD)
    with pytest.raises(ValueError, match="two subjects"):
        culture_map([[1.0, 2.0]], GOOD)


def test_an_ellipse_holds_its_share_of_a_normal_cloud():
    rng = np.random.default_rng(2)
    points = rng.multivariate_normal([3, -1], [[4, 1.2], [1.2, 1]], size=20_000)
    found = ellipse(points, 0.9)
    turned = np.radians(found.angle)
    along = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    u, v = along @ (points - [found.x, found.y]).T
    inside = (2 * u / found.width) ** 2 + (2 * v / found.height) ** 2 <= 1
    assert inside.mean() == pytest.approx(0.9, abs=0.01)
    assert (found.x, found.y) == pytest.approx((3, -1), abs=0.05)
    assert -90 < found.angle <= 90


def test_resamples_of_a_model_scatter_around_its_place():
    rng = np.random.default_rng(7)
    scales = Scales.of([4] * 18)
    dimension = [name for name in "abcdefghi" for _ in range(2)]
    people = [rng.integers(0, 4, (200, 18)) // (1 + shift) for shift in (0, 1, 2)]
    counts = np.stack([(one_hot(each, 4) @ np.ones(200)).reshape(18, 4) for each in people])
    scores = dimension_scores(counts, scales.codes, dimension, GOOD)[1]
    chart = culture_map(scores, GOOD)
    weights = respondent_weights(np.ones(200), rng, draws=300)
    drawn = reweighted_counts(one_hot(people[0], 4), weights).reshape(300, 18, 4)
    cloud = chart.place(dimension_scores(drawn, scales.codes, dimension, GOOD)[1])
    region = ellipse(cloud)
    assert (region.x, region.y) == pytest.approx(chart.coordinates[0], abs=0.05)
    assert 0 < region.height <= region.width < np.ptp(chart.coordinates[:, 0])
