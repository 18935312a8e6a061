"""The contamination check: what of a survey a model completes from memory, beyond what anybody could guess."""

from difflib import SequenceMatcher

import numpy as np
import pytest

from analysis.contamination import contamination, overlap
from surveys.completion import cut

REST = "family in your life: very important, rather important, not very important?"


def test_the_real_rest_is_completed_whatever_the_case_and_punctuation():
    assert overlap(REST.upper().replace(":", " -"), REST) == 1
    assert overlap("", REST) == 0
    assert overlap("nothing of the kind", REST) == pytest.approx(0)


def test_words_count_in_order():
    # life ... important: of "a b c d" the continuation "d c b a" has one word in order.
    assert overlap("d c b a", "a b c d") == 1 / 4
    assert overlap("a x b y c", "a b c d") == 3 / 4
    assert overlap("作为公民你信任", "你信任报纸吗") == 3 / 6


def test_a_long_continuation_does_not_win_by_its_length():
    assert overlap("x " * 40 + "a b c d", "a b c d") == 0


@pytest.mark.parametrize("seed", range(10))
def test_the_overlap_is_the_longest_common_subsequence(seed):
    rng = np.random.default_rng(seed)
    said, rest = (rng.choice(list("abcde"), size=8).tolist() for _ in range(2))
    table = np.zeros((9, 9), int)
    for i, one in enumerate(said):
        for j, other in enumerate(rest):
            table[i + 1, j + 1] = table[i, j] + 1 if one == other else max(table[i, j + 1], table[i + 1, j])
    assert overlap(" ".join(said), " ".join(rest)) == table[-1, -1] / 8
    blocks = sum(block.size for block in SequenceMatcher(None, said, rest, autojunk=False).get_matching_blocks())
    assert table[-1, -1] >= blocks  # never less than what matching blocks find


def test_memory_is_what_goes_beyond_the_rephrasing():
    rng = np.random.default_rng(1)
    guessed = rng.uniform(0.1, 0.4, 30)
    known = contamination(np.minimum(guessed + rng.uniform(0.1, 0.6, 30), 1), rng.permutation(guessed), rng)
    assert known.excess > 0.2
    assert known.p < 0.001
    p = [contamination(rng.uniform(size=20), rng.uniform(size=20), rng, draws=500).p for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("text", ["How important is family in your life?", "你有多信任报纸？", "Two words"])
def test_a_cut_wording_is_whole_again(text):
    for share in (0.01, 0.5, 0.99):
        shown, rest = cut(text, share)
        assert shown and rest
        assert (shown + rest).replace(" ", "") == text.replace(" ", "")


def test_what_cannot_be_cut_or_compared_is_refused():
    with pytest.raises(ValueError, match="two words"):
        cut("word")
    with pytest.raises(ValueError, match="no word"):
        overlap("a", "?!")
    with pytest.raises(ValueError, match="same questions"):
        contamination([0.1], [0.1, 0.2], np.random.default_rng(1))
