"""Any mix of sources: margins, joint counts, conditional tables, curves; put together, drawn from, or refused."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from personas import Population
from tests.documents import AGE, CLASS, JOB, SEX, refusal, town

MARGINS = [
    {"kind": "margin", "attributes": ["sex"], "shares": {"female": 60, "male": 40}},
    {"kind": "margin", "attributes": ["age"], "shares": {"young": 30, "old": 70}},
]
JOINT = {"kind": "joint", "table": "joint.csv", "attributes": ["sex", "age"]}
COUNTS = "sex,age,count\nfemale,young,2\nfemale,old,1\nmale,young,1\nmale,old,2\n"
JOBS = {"kind": "conditional", "table": "jobs.csv", "attributes": ["job"], "given": ["sex"]}
JOB_SHARES = "sex,job,share\nfemale,none,1\nfemale,paid,3\nmale,none,2\nmale,own,2\n"


def test_margins_alone_make_independent_attributes(tmp_path):
    # 0.6 * 0.3 women are young: 18 %.
    shares = town(tmp_path, MARGINS).shares("sex", "age")
    assert shares == pytest.approx(
        {("female", "young"): 0.18, ("female", "old"): 0.42, ("male", "young"): 0.12, ("male", "old"): 0.28}
    )


def test_joint_counts_are_raked_to_margins_and_keep_their_odds_ratio(tmp_path):
    shares = town(tmp_path, [JOINT, *MARGINS], {"joint.csv": COUNTS}).shares("sex", "age")
    women, men = (shares[sex, "young"] / shares[sex, "old"] for sex in ("female", "male"))
    assert women / men == pytest.approx((2 / 1) / (1 / 2))
    assert shares["female", "young"] + shares["female", "old"] == pytest.approx(0.6)
    assert shares["female", "young"] + shares["male", "young"] == pytest.approx(0.3)


def test_crossed_margins_that_share_an_attribute_are_raked_together(tmp_path):
    tables = {
        "one.csv": "sex,age,count\nfemale,young,3\nfemale,old,2\nmale,young,1\nmale,old,4\n",
        "two.csv": "sex,class,count\nfemale,low,4\nfemale,high,1\nmale,low,2\nmale,high,3\n",
    }
    sources = [
        {"kind": "margin", "table": "one.csv", "attributes": ["sex", "age"]},
        {"kind": "margin", "table": "two.csv", "attributes": ["class", "sex"]},
    ]
    population = town(tmp_path, sources, tables)
    assert population.shares("sex", "age")["male", "old"] == pytest.approx(0.4)
    assert population.shares("class", "sex")["low", "female"] == pytest.approx(0.4)
    # Given sex, age and class are independent: of the half who are women 3/5 are young and 4/5 low.
    assert population.shares("sex", "age", "class")["female", "young", "low"] == pytest.approx(0.5 * 3 / 5 * 4 / 5)


def test_conditional_tables_follow_what_they_are_given(tmp_path):
    population = town(tmp_path, [JOINT, JOBS], {"joint.csv": COUNTS, "jobs.csv": JOB_SHARES})
    assert population.shares("sex", "job") == pytest.approx(
        {("female", "none"): 1 / 8, ("female", "paid"): 3 / 8, ("male", "none"): 1 / 4, ("male", "own"): 1 / 4}
    )
    people = Counter((p.attributes["sex"], p.attributes["job"]) for p in population.people(0, 20_000, seed=2))
    assert set(people) == {("female", "none"), ("female", "paid"), ("male", "none"), ("male", "own")}
    expected = population.shares("sex", "job")
    assert stats.chisquare([people[c] for c in expected], [20_000 * s for s in expected.values()]).pvalue > 0.01


def test_a_conditional_attribute_can_be_raked_itself(tmp_path):
    # Jobs by sex as before, but one in two people must have no job.
    jobless = {"kind": "margin", "attributes": ["job"], "shares": {"none": 50, "paid": 25, "own": 25}}
    tables = {"joint.csv": COUNTS, "jobs.csv": JOB_SHARES}
    population = town(tmp_path, [JOINT, MARGINS[0], JOBS, jobless], tables)
    assert population.shares("job")["none",] == pytest.approx(0.5)
    assert population.shares("sex")["female",] == pytest.approx(0.6)
    assert ("female", "own") not in population.shares("sex", "job")  # nobody was, so nobody is


def test_conditional_tables_may_form_a_chain(tmp_path):
    rich = {"kind": "conditional", "table": "rich.csv", "attributes": ["class"], "given": ["job", "sex"]}
    tables = {
        "jobs.csv": JOB_SHARES,
        "rich.csv": "sex,job,class,share\nfemale,none,low,1\nfemale,paid,high,1\nmale,none,low,1\nmale,own,high,1\n",
    }
    population = town(tmp_path, [rich, JOBS, MARGINS[0]], tables)
    # Women with pay 0.6 * 3/4, men with a business 0.4 * 1/2.
    assert population.shares("class")["high",] == pytest.approx(0.6 * 0.75 + 0.4 * 0.5)
    frame = population.draw(2_000, seed=1)
    assert ((frame["class"] == "high") == frame["job"].isin(["paid", "own"])).all()


def test_ages_follow_a_curve_within_their_band(tmp_path):
    curved = {**AGE, "curve": "ages.csv"}
    tables = {"ages.csv": "value,weight\n18,3\n39,1\n" + "".join(f"{age},1\n" for age in range(40, 60))}
    population = town(tmp_path, MARGINS, tables, attributes={"sex": SEX, "age": curved})
    ages = Counter(p.attributes["age"] for p in population.people(0, 20_000, seed=7))
    assert set(ages) == {18, 39, *range(40, 60)}
    # 30 % are young; three of four of them are 18.
    expected = [20_000 * 0.3 * 0.75, 20_000 * 0.3 * 0.25, *[20_000 * 0.7 / 20] * 20]
    assert stats.chisquare([ages[age] for age in sorted(ages)], expected).pvalue > 0.01
    assert Population.from_json(population.as_json()).people(0, 50, seed=7) == population.people(0, 50, seed=7)


def test_impossible_combinations_stay_at_zero(tmp_path):
    crossing = {"kind": "margin", "table": "joint.csv", "attributes": ["sex", "age"]}
    jobs = {"kind": "margin", "table": "jobs.csv", "attributes": ["age", "job"]}
    tables = {"joint.csv": COUNTS, "jobs.csv": "age,job,count\nyoung,none,2\nyoung,own,1\nold,none,1\nold,own,2\n"}
    free = town(tmp_path, [crossing, jobs], tables)
    assert free.shares("sex", "age", "job")["male", "young", "own"] > 0
    ruled = town(
        tmp_path, [crossing, jobs], tables, raking={"impossible": [{"sex": "male", "age": "young", "job": "own"}]}
    )
    assert ("male", "young", "own") not in ruled.shares("sex", "age", "job")
    assert ruled.shares("sex", "age") == pytest.approx(free.shares("sex", "age"))


def test_the_order_of_attributes_levels_and_rows_changes_nobody(tmp_path):
    tables = {"joint.csv": COUNTS, "jobs.csv": JOB_SHARES}
    people = town(tmp_path, [JOINT, *MARGINS, JOBS], tables).people(0, 200, seed=4)
    turned = {name: "\n".join([t.split("\n")[0], *reversed(t.strip().split("\n")[1:])]) for name, t in tables.items()}
    sources = [JOBS, *reversed(MARGINS), {**JOINT, "attributes": ["age", "sex"]}]
    backwards = {"levels": dict(reversed(SEX["levels"].items()))}
    again = town(tmp_path, sources, turned, attributes={"job": JOB, "age": AGE, "sex": backwards})
    assert again.people(0, 200, seed=4) == people


def test_everything_is_saved_and_restored(tmp_path):
    tables = {"joint.csv": COUNTS, "jobs.csv": JOB_SHARES}
    population = town(tmp_path, [JOINT, *MARGINS, JOBS], tables, raking={"tolerance": 1e-12})
    for path in tmp_path.iterdir():
        path.unlink()
    again = Population.from_json(population.as_json())
    assert again.as_json() == population.as_json()
    assert again.people(0, 100, seed=3) == population.people(0, 100, seed=3)


def test_margins_that_differ_a_little_give_way_to_the_earlier(tmp_path):
    tables = {"one.csv": "sex,age,count\nfemale,young,51\nfemale,old,9\nmale,young,20\nmale,old,20\n"}
    sources = [MARGINS[0], {"kind": "margin", "table": "one.csv", "attributes": ["sex", "age"]}]
    assert town(tmp_path, sources, tables).shares("sex")["female",] == pytest.approx(0.6)
    tables["one.csv"] = tables["one.csv"].replace("51", "61")
    told = refusal(tmp_path, sources, tables)
    # 70 of 110 are 63.64 %.
    assert "'shares of sex' and 'one.csv' contradict each other: female (sex) is 60.0000% of the people" in told
    assert "63.6364% in the other" in told and "agreement: 0.04" in told
    assert town(tmp_path, sources, tables, raking={"agreement": 0.04}).shares("sex")["male",] == pytest.approx(0.4)
    assert town(tmp_path, sources[::-1], tables, raking={"agreement": 0.04}).shares("sex")["male",] == pytest.approx(
        40 / 110
    )


def test_margins_that_cannot_hold_together_are_refused_with_the_worst(tmp_path):
    counts = "sex,age,count\nfemale,young,1\nmale,young,1\nmale,old,1\n"  # no old women
    told = refusal(tmp_path, [JOINT, *MARGINS], {"joint.csv": counts}, raking={"iterations": 100})
    assert "Raking age, sex did not converge in 100 rounds" in told
    assert "'shares of " in told and "wanted" in told
    kept = town(tmp_path, [JOINT, *MARGINS], {"joint.csv": counts}, raking={"iterations": 100, "unmet": "keep"})
    report = kept.composition.reports[0]
    assert not report.converged
    assert report.gap == pytest.approx(0.3)  # 60 % women, who are all young, and 30 % young: 30 % too many


@pytest.mark.parametrize(
    ("sources", "tables", "parts", "message"),
    [
        (
            [JOINT, MARGINS[0]],
            {"joint.csv": "sex,age,count\nmale,young,1\n"},
            {},
            "shares of sex: 60.0000% of the people are female (sex), and no one like that occurs",
        ),
        (
            [MARGINS[0], JOBS],
            {"jobs.csv": "sex,job,share\nfemale,none,1\n"},
            {},
            "jobs.csv: there is no row for male (sex), and such people occur; every combination that occurs must be",
        ),
        (
            [JOBS, MARGINS[0]],
            {"jobs.csv": "sex,job,share\nfemale,none,0\nmale,own,1\n"},
            {},
            "jobs.csv:2: every share",
        ),
        ([JOBS, MARGINS[0]], {"jobs.csv": "sex,job,share\nfemale,no,1\n"}, {}, "jobs.csv:2: 'job' has no level 'no'"),
        (
            [
                {**JOBS, "given": ["class"]},
                {"kind": "conditional", "table": "c.csv", "attributes": ["class"], "given": ["job"]},
            ],
            {},
            {},
            "conditional tables go round in a circle: c.csv depends on jobs.csv depends on c.csv",
        ),
        ([JOBS], {}, {"attributes": {"sex": SEX, "job": CLASS}}, "no table gives the attribute 'sex'"),
        ([{**JOBS, "given": ["job"]}], {}, {}, "'job' is named twice"),
        ([MARGINS[0], MARGINS[0]], {}, {}, "table 'shares of sex' is a source twice"),
        ([{"kind": "margin", "attributes": ["sex"], "shares": {"female": -1}}], {}, {}, "greater than or equal to 0"),
        (
            [{"kind": "margin", "attributes": ["sex"], "shares": {"femal": 1}}],
            {},
            {},
            "shares of sex:1: 'sex' has no level 'femal'; did you mean 'female'?",
        ),
        ([{"kind": "margin", "attributes": ["sex"], "shares": {"male": 0}}], {}, {}, "every count is zero"),
        ([{"kind": "margin", "attributes": ["sex"]}], {}, {}, "name a `table` or write out `shares`"),
        ([{"kind": "margin", "attributes": ["sex", "age"], "shares": {"a": 1}}], {}, {}, "several crossed ones need"),
        ([{"kind": "margin", "attributes": ["sex", "sex"], "table": "x.csv"}], {}, {}, "named twice"),
        (
            [{"kind": "margin", "attributes": ["sex"], "share": {"female": 1}}],
            {},
            {},
            "sources.0.margin.share: unknown key; did you mean 'shares'?",
        ),
        ([{"kind": "survey", "attributes": ["sex"], "table": "x.csv"}], {}, {}, "no such kind of source"),
        ([{**JOBS, "table": "/etc/x"}, MARGINS[0]], {}, {}, "must be the name of a file beside the document"),
        (MARGINS, {}, {"raking": {"impossible": [{"sex": "x"}]}}, "impossible: 'sex' has no level 'x'"),
        (MARGINS, {}, {"raking": {"impossible": [{}]}}, "names one level at least"),
        (MARGINS, {}, {"raking": {"cap": 3}}, "a cap trims the weights of microdata, and there are none"),
        (
            MARGINS,
            {},
            {"raking": {"impossible": [{"sex": "male", "age": "old"}]}},
            "no table or raking joins sex and age, so the combination cannot be ruled out",
        ),
        (MARGINS, {}, {"raking": {"impossible": [{"sex": "male"}, {"sex": "female"}]}}, "leave nobody"),
    ],
)
def test_sources_that_cannot_be_are_refused(tmp_path, sources, tables, parts, message):
    assert message in refusal(tmp_path, sources, tables, **parts)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ("value,weight\n18,1\n", "no value of the band 'old' (40 to 90) has any weight"),
        ("value,weight\n18,1\n18,2\n", "ages.csv:3: 18 stands here a second time (first on line 2)"),
        ("value,weight\n121,1\n", "ages.csv:2: 121 is impossible; ages lie between 0 and 120"),
        ("value,weight\n-1,1\n", "ages.csv:2: -1 is impossible"),
        ("value,weight\n18.5,1\n", "value must be a whole number, got '18.5'"),
        ("value,weight\n18,inf\n", "ages.csv:2: weight must be a finite number"),
    ],
)
def test_a_curve_that_cannot_be_drawn_from_is_refused(tmp_path, curve, message):
    curved = {"sex": SEX, "age": {**AGE, "curve": "ages.csv"}}
    assert message in refusal(tmp_path, MARGINS, {"ages.csv": curve}, attributes=curved)


def test_too_many_combinations_are_refused_before_they_fill_the_memory(tmp_path):
    wide = {f"a{n}": {"levels": {f"l{level}": "x" for level in range(60)}} for n in range(4)}
    tables = {f"{n}.csv": f"a{n},a{n + 1},count\nl0,l0,1\nl1,l1,1\n" for n in range(3)}
    sources = [{"kind": "margin", "table": f"{n}.csv", "attributes": [f"a{n}", f"a{n + 1}"]} for n in range(3)]
    assert "makes more than 2,000,000 combinations" in refusal(tmp_path, sources, tables, attributes=wide)


def test_draws_from_a_raked_population_are_unbiased_over_200_seeds(tmp_path):
    # If draws are right, the 200 p-values are uniform on [0, 1]; Kolmogorov-Smirnov tests that once for all of them.
    tables = {"joint.csv": COUNTS, "jobs.csv": JOB_SHARES}
    population = town(tmp_path, [JOINT, *MARGINS, JOBS], tables)
    expected = population.shares("sex", "age", "job")
    cells = {cell: n for n, cell in enumerate(expected)}
    pvalues = []
    for seed in range(200):
        frame = population.draw(2_000, seed=seed)
        band = np.where(frame["age"] < 40, "young", "old")
        seen = np.bincount(
            [cells[c] for c in zip(frame["sex"], band, frame["job"], strict=True)], minlength=len(cells)
        )
        pvalues.append(stats.chisquare(seen, 2_000 * np.array(list(expected.values()))).pvalue)
    assert stats.kstest(pvalues, "uniform").pvalue > 0.01


def test_written_shares_are_told_apart_from_files(tmp_path):
    told = refusal(tmp_path, [{"kind": "margin", "attributes": ["sex"], "shares": {"female": 1, "men": 2}}])
    assert f"{tmp_path}: shares of sex:2: " in told
