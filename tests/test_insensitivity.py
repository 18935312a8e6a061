"""Insensitivity (DEF, family 6): verdicts, rules, counts and agreement with people."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.agreement import cohen_kappa, krippendorff_alpha
from analysis.def_rules import def_rules
from analysis.insensitivity import aggregate, parse_verdict
from analysis.rule_judge import Response, Rules, rule_judge
from surveys.judging import DIMENSIONS, is_drawn

OPTIONS = {1: "Very important", 2: "Rather important", 3: "Not very important", 4: "Important"}


@pytest.mark.parametrize(
    ("text", "ours", "published_code"),
    [
        ("No, it says two things.", "failure", "failure"),
        ("Yes", "pass", "pass"),
        ("Yes. Now the explanation agrees.", "pass", "failure"),
        ("Yes. Note that it is short.", "pass", "failure"),
        ("Not sure, but yes.", "pass", "failure"),
        ("yes, it is", "pass", None),
        ("NO.", "failure", None),
        ("The response knows nothing.", None, None),
        ("否。解释与选择相反。", "failure", None),
        ("是", "pass", None),
        ("", None, None),
    ],
)
def test_the_first_yes_or_no_is_the_verdict(text, ours, published_code):
    assert parse_verdict(text, def_rules()) == ours
    assert parse_verdict(text, def_rules("code")) == published_code


def test_failures_are_summed_by_dimension_and_what_was_not_said_is_counted_apart():
    found = {s.dimension: s for s in aggregate([("IU", "pass"), ("IU", "failure"), ("CV", None), ("CV", "failure")])}
    assert list(found) == list(DIMENSIONS)
    assert (found["IU"].judged, found["IU"].failures, found["IU"].share) == (2, 1, 0.5)
    assert (found["CV"].judged, found["CV"].failures, found["CV"].unclear) == (1, 1, 1)
    assert np.isnan(found["FF"].share)
    assert np.isnan(found["FF"].limits()).all()
    with pytest.raises(ValueError, match="no dimension"):
        aggregate([("XX", "pass")])  # type: ignore[list-item]


def test_shares_have_wilsons_limits():
    from scipy.stats import binomtest

    found = aggregate([("RP", "failure")] * 3 + [("RP", "pass")] * 17)[2]
    expected = binomtest(3, 20).proportion_ci(method="wilson")
    assert found.limits() == pytest.approx((expected.low, expected.high))


def test_replies_are_drawn_by_name_so_a_larger_share_holds_a_smaller_one():
    def drawn(share, seed=1):
        return {n for n in range(1, 10_001) if is_drawn(seed, n, "trust", 0, share)}

    # 1 % of 10,000, give or take three standard deviations: 100 +- 3 * sqrt(10,000 * 0.01 * 0.99)
    assert abs(len(drawn(0.01)) - 100) < 30
    assert drawn(0.01) < drawn(0.1) < drawn(1) == set(range(1, 10_001))
    assert drawn(0.01) != drawn(0.01, seed=2)


def faults(response: Response, *before: Response, rules: Rules | None = None) -> list[str]:
    found = rule_judge([*before, response], rules or Rules())
    return [fault.dimension for fault in found if fault.question == response.question]


def reply(body: str, *codes: int, question: str = "q", kind: str = "single", **more: object) -> Response:
    text = f"Answer: {body}\nExplanation: I think so."
    return Response(question, kind, text, codes, options=OPTIONS, **more)  # type: ignore[arg-type]


def test_a_sound_response_has_no_fault():
    assert faults(reply("2: Rather important", 2)) == []


def test_a_refusal_fails_role_play_and_missing_markers_fail_understanding():
    refusal = Response("q", "single", "As an AI language model I have no values.", refused=True)
    assert faults(refusal) == ["RP", "IU"]
    assert faults(Response("q", "single", "Answer: 2", (2,), options=OPTIONS)) == ["IU"]
    assert faults(Response("q", "single", "2", (2,), options=OPTIONS), rules=Rules(markers=())) == []


def test_a_multiple_choice_takes_as_many_as_it_allows():
    assert faults(reply("1, 2, 3", 1, 2, 3, kind="multiple", max_selections=2)) == ["QC"]
    assert faults(reply("1, 2", 1, 2, kind="multiple", max_selections=2)) == []
    assert faults(reply("none", kind="multiple")) == ["QC"]


def test_a_second_choice_must_not_repeat_the_first():
    rules = Rules(pairs=(("first", "second"),))
    first = reply("1", 1, question="first")
    assert faults(reply("1", 1, question="second"), first, rules=rules) == ["CV"]
    assert faults(reply("2", 2, question="second"), first, rules=rules) == []


@pytest.mark.parametrize(
    ("one", "other", "found"), [(8, 9, ["CV"]), (2, 3, ["CV"]), (8, 2, []), (5, 9, []), (5, 5, [])]
)
def test_contradicting_statements_must_not_both_be_agreed_with(one, other, found):
    rules = Rules(opposed=(("science_good", "science_bad", 5),))
    first = reply(str(one), one, question="science_good", kind="scale")
    assert faults(reply(str(other), other, question="science_bad", kind="scale"), first, rules=rules) == found


def test_facts_have_keys_and_codes_have_their_own_text():
    assert faults(reply("1", 1), rules=Rules(keys={"q": 3})) == ["FF"]
    assert faults(reply("3", 3), rules=Rules(keys={"q": 3})) == []
    assert faults(reply("2: Not very important", 2)) == ["CV"]
    assert faults(reply("(2) Very important.", 2)) == ["CV"]
    assert faults(reply("2. rather important, I say", 2)) == []
    assert faults(reply("2, because Very important things go first", 2)) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_is_scikit_learns(seed, weights):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, 60)
    b = np.where(rng.random(60) < 0.5, a, rng.integers(0, 4, 60))
    assert cohen_kappa(a, b, weights) == pytest.approx(cohen_kappa_score(a, b, weights=weights))


def test_kappa_leaves_gaps_out_and_needs_something_to_tell_apart():
    assert cohen_kappa([1, 0, np.nan, 1], [1, 0, 1, 1]) == 1
    assert np.isnan(cohen_kappa([1, 1], [1, 1]))
    with pytest.raises(ValueError, match="both raters"):
        cohen_kappa([np.nan], [1])


def test_alpha_is_that_of_krippendorffs_worked_example():
    gap = np.nan
    ratings = [  # Krippendorff (2011), four observers and twelve units
        [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
        [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
    ]
    assert krippendorff_alpha(ratings) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha(ratings, "ordinal") == pytest.approx(0.815, abs=0.0005)
    assert krippendorff_alpha(ratings, "interval") == pytest.approx(0.849, abs=0.0005)


def test_alpha_of_full_agreement_is_one_and_of_one_value_alone_is_unknown():
    assert krippendorff_alpha([[1, 2, 3], [1, 2, 3]]) == 1
    assert np.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    with pytest.raises(ValueError, match="twice"):
        krippendorff_alpha([[1, np.nan], [np.nan, 1]])
