"""The sentences a report opens with: how good or bad a model is as a public, in plain language."""

from collections.abc import Mapping

from analysis.findings import Averages, Statuses

UNDERSTOOD_ENOUGH = 0.8
"""Below this share of understood answers the opening warns about it first."""

FEWEST = 10
"""Below this number of understood answers a question nothing is said of the public at all."""

SMALL = 50
"""Below this number of simulated respondents the opening reminds that being like people proves little."""


ENGLISH: Mapping[str, str] = {
    "nothing": "No answer has been saved yet, so there is nothing to say about this public.",
    "none_understood": "None of the {asked:,} answers could be understood, so there is no public to look at.",
    "few_understood": "Only {understood:.0%} of the answers were understood; the rest says nothing here.",
    "too_early": "Too early to judge this public: fewer than {fewest} answers a question so far.",
    "not_compared": "No question could be compared with the real answers.",
    "no_reference": "There is no human reference in this store, so nothing here says how like people these answers "
    "are.",
    "one_voice": "On 1 question everybody gave the same answer.",
    "one_voice_several": "On {count} questions everybody gave the same answer.",
    "one_further": "{verdict}: on the one question compared, the simulated public is further from the real one than "
    "a random human sample of the same size would be; a uniform guess does {guess}.",
    "one_within": "{verdict}: on the one question compared, the simulated public is no further from the real one "
    "than a random human sample of the same size would be; a uniform guess does {guess}.",
    "worse": "worse",
    "no_worse": "no worse",
    "further": "{verdict}: on {outside} of {n} questions the simulated public is further from the real one than a "
    "random human sample of the same size would be; {guess}.",
    "within": "{verdict}: on all {n} questions the simulated public is no further from the real one than a random "
    "human sample of the same size would be; {guess}.",
    "beats": "it beats a uniform guess on all",
    "loses": "a uniform guess is as close or closer on {count}",
    "on_average": "On average it is further from people than such samples are.",
    "small": "With {heard} respondents even real people vary a lot, so closeness proves little.",
    "alike": "Hard to tell from real people",
    "guessing": "A poor public, no better than guessing",
    "naming": "Better than guessing, but no better than always naming the most frequent real answer",
    "often": "Often like real people",
    "unlike": "Better than guessing, but not like real people",
}
"""The sentences in English; other languages say the same under the same names."""


def opening(
    statuses: Statuses, averages: Averages, heard: int, has_reference: bool, say: Mapping[str, str] = ENGLISH
) -> str:
    """What the summary of one cell says first, in the language of ``say``.

    >>> opening(Statuses(), Averages(questions=0, ordered=0, within_people=0, closer_than_uniform=0,
    ...                              closer_than_majority=0, one_voice=0), 0, True)
    'No answer has been saved yet, so there is nothing to say about this public.'
    """
    understood = statuses.understood
    if understood is None:
        return say["nothing"]
    if not statuses.answered:
        return say["none_understood"].format(asked=statuses.asked)
    sentences = []
    if understood < UNDERSTOOD_ENOUGH:
        sentences.append(say["few_understood"].format(understood=understood))
    if averages.questions and statuses.answered < FEWEST * averages.questions:
        sentences.append(say["too_early"].format(fewest=FEWEST))
    elif averages.questions:
        sentences += _compared(averages, heard, say)
    else:
        sentences.append(say["not_compared" if has_reference else "no_reference"])
    if averages.one_voice:
        several = "one_voice" if averages.one_voice == 1 else "one_voice_several"
        sentences.append(say[several].format(count=averages.one_voice))
    return " ".join(sentences)


def _compared(averages: Averages, heard: int, say: Mapping[str, str]) -> list[str]:
    n = averages.questions
    outside, uniform_closer = n - averages.within_people, n - averages.closer_than_uniform
    verdict = say[verdict_of(averages)]
    if n == 1:
        guess = say["no_worse" if uniform_closer else "worse"]
        return [say["one_further" if outside else "one_within"].format(verdict=verdict, guess=guess)]
    guess = say["loses"].format(count=uniform_closer) if uniform_closer else say["beats"]
    found = say["further" if outside else "within"].format(verdict=verdict, outside=outside, n=n, guess=guess)
    told = [found] if _like_on_average(averages) else [found, say["on_average"]]
    if heard < SMALL and averages.within_people:
        told.append(say["small"].format(heard=heard))
    return told


def _like_on_average(averages: Averages) -> bool:
    """Whether the mean distance, which tells more than any one question, is that of random human samples."""
    return averages.leading is None or averages.leading.within_people


def verdict_of(averages: Averages) -> str:
    """Name of the verdict among the sentences, from the strictest finding that holds."""
    n, like = averages.questions, _like_on_average(averages)
    if like and averages.within_people >= 0.95 * n:
        return "alike"
    if averages.closer_than_uniform <= n / 2:
        return "guessing"
    if averages.closer_than_majority <= n / 2:
        return "naming"
    return "often" if like and averages.within_people >= n / 2 else "unlike"
