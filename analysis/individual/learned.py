"""Classifiers that learn each target from the demonstrations: logistic regression and gradient boosting.

Others are learned from with as many answers as are told of the people who are asked about, drawn for each, so that a
classifier has met people of whom as little is known.
"""

import warnings
from importlib import import_module
from typing import Any, Literal

import numpy as np

from analysis.individual.predictions import UNANSWERED, Ints
from analysis.individual.problems import Problem, majority, masked, one_hot
from analysis.individual.threads import one_thread
from demoscope.errors import BackendError
from surveys.statements.known import Numbers
from surveys.statements.sets import MISSING

Classifier = Literal["logistic", "boosted"]
CLASSIFIERS: tuple[Classifier, ...] = ("logistic", "boosted")

STRENGTH = 0.1
"""Inverse of the penalty on the weights of the logistic regression."""


def learned(problem: Problem, classifier: Classifier, rng: np.random.Generator) -> Ints:
    """The best guess for every target, (n_people, n_targets).

    ``logistic`` is a multinomial logistic regression on one-hot demonstrations, where nothing known is no statement.
    ``boosted`` is a histogram gradient boosting on their numbers, where nothing known is a value of its own. Somebody
    of whom nothing is told gets the most frequent answer; a target that nobody has an answer to stays
    :data:`UNANSWERED`.

    Raises
    ------
    BackendError
        If scikit-learn is not installed.
    """
    common = majority(problem.targets, problem.target_sizes)
    given = np.tile(common, (len(problem.known), 1))
    told = (problem.known != MISSING).any(axis=1)
    if not told.any():
        return given
    others = masked(problem.demonstrations, round(problem.told), rng)
    features = _features(others, problem.demonstration_sizes, classifier)
    asked = _features(problem.known[told], problem.demonstration_sizes, classifier)
    state = int(rng.integers(2**31))
    for place in range(given.shape[1]):
        answers = problem.targets[:, place]
        there = answers != MISSING
        if common[place] == UNANSWERED or len(np.unique(answers[there])) < 2:
            continue
        model = _model(classifier, state)
        with one_thread(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*failed to converge.*")
            model.fit(features[there], answers[there])
        given[told, place] = model.predict(asked)
    return given


def _features(answers: Numbers, sizes: Ints, classifier: Classifier) -> Any:
    if classifier == "logistic":
        from scipy.sparse import csr_matrix

        return csr_matrix(one_hot(answers, sizes))
    return np.where(answers == MISSING, np.nan, answers.astype(np.float32))


def _model(classifier: Classifier, state: int) -> Any:
    try:
        ensemble, linear = import_module("sklearn.ensemble"), import_module("sklearn.linear_model")
    except ImportError:
        raise BackendError(
            "Logistic and boosted baselines need scikit-learn, which is not installed. "
            "Install it with `pip install 'demoscope[individual]'`, or leave these baselines out."
        ) from None
    if classifier == "logistic":
        return linear.LogisticRegression(C=STRENGTH, max_iter=200)
    return ensemble.HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, early_stopping=False, random_state=state
    )
