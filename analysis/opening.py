"""The sentences a report opens with: how good or bad a model is as a public, in plain language."""

from analysis.findings import Averages, Statuses

UNDERSTOOD_ENOUGH = 0.8
"""Below this share of understood answers the opening warns about it first."""

FEWEST = 10
"""Below this number of understood answers a question nothing is said of the public at all."""

SMALL = 50
"""Below this number of simulated respondents the opening reminds that being like people proves little."""


def opening(statuses: Statuses, averages: Averages, heard: int, has_reference: bool) -> str:
    """What the summary of one cell says first.

    >>> opening(Statuses(), Averages(questions=0, ordered=0, within_people=0, closer_than_uniform=0,
    ...                              closer_than_majority=0, one_voice=0), 0, True)
    'No answer has been saved yet, so there is nothing to say about this public.'
    """
    understood = statuses.understood
    if understood is None:
        return "No answer has been saved yet, so there is nothing to say about this public."
    if not statuses.answered:
        return f"None of the {statuses.asked:,} answers could be understood, so there is no public to look at."
    sentences = []
    if understood < UNDERSTOOD_ENOUGH:
        sentences.append(f"Only {understood:.0%} of the answers were understood; the rest says nothing here.")
    if averages.questions and statuses.answered < FEWEST * averages.questions:
        sentences.append(f"Too early to judge this public: fewer than {FEWEST} answers a question so far.")
    elif averages.questions:
        sentences += _compared(averages, heard)
    elif has_reference:
        sentences.append("No question could be compared with the real answers.")
    else:
        sentences.append(
            "There is no human reference in this store, so nothing here says how like people these answers are."
        )
    if averages.one_voice:
        sentences.append(f"On {_of(averages.one_voice, 'question')} everybody gave the same answer.")
    return " ".join(sentences)


def _compared(averages: Averages, heard: int) -> list[str]:
    n = averages.questions
    outside, uniform_closer = n - averages.within_people, n - averages.closer_than_uniform
    verdict = _verdict(averages)
    if n == 1:
        further = "further from the real one than" if outside else "no further from the real one than"
        guess = "no worse" if uniform_closer else "worse"
        return [
            f"{verdict}: on the one question compared, the simulated public is {further} a random human sample of "
            f"the same size would be; a uniform guess does {guess}."
        ]
    if outside:
        found = (
            f"{verdict}: on {outside} of {n} questions the simulated public is further from the real one than a "
            "random human sample of the same size would be"
        )
    else:
        found = (
            f"{verdict}: on all {n} questions the simulated public is no further from the real one than a random "
            "human sample of the same size would be"
        )
    guess = "it beats a uniform guess on all"
    if uniform_closer:
        guess = f"a uniform guess is as close or closer on {uniform_closer}"
    sentences = [f"{found}; {guess}."]
    if heard < SMALL and averages.within_people:
        sentences.append(f"With {heard} respondents even real people vary a lot, so closeness proves little.")
    return sentences


def _verdict(averages: Averages) -> str:
    """Two to six words, from the strictest finding that holds."""
    n = averages.questions
    if averages.within_people >= 0.95 * n:
        return "Hard to tell from real people"
    if averages.closer_than_uniform <= n / 2:
        return "A poor public, no better than guessing"
    if averages.closer_than_majority <= n / 2:
        return "Better than guessing, but no better than always naming the most frequent real answer"
    if averages.within_people >= n / 2:
        return "Often like real people"
    return "Better than guessing, but not like real people"


def _of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
