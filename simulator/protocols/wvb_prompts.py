"""Prompts of WorldValuesBench, after those of its published code: what differs between the models it asked."""

from typing import Literal

Variant = Literal["alpaca", "vicuna", "mixtral", "gpt-3.5"]

EXPLANATION, SCORE = "thoughtful explanation", "answer as a score"
"""Keys of the object that a model is asked for."""

TOLD = "Person X provided the following demographic information in an interview:\n{attributes}\n\n"
ASK = "What would Person X answer to the following question and why?"
ASSUME = " Make assumptions about the demographics of Person X and explain them."
QUESTION = "\nQuestion: {question}\n\n"

FORMAT = "Your output should be in the following format:\n"
AS_JSON = "Your output should be in json format with comma separated key-value pairs, as follows:\n"
REPLY = '{{\n  "%s": "... {words} {mind}...",\n  "%s": "... {score} ..."\n}}' % (EXPLANATION, SCORE)  # noqa: UP031


def prompt(question: str, attributes: str, variant: Variant) -> str:
    """The one user turn of a request.

    Parameters
    ----------
    question : str
        Wording of the value question, which names its scale.
    attributes : str
        Numbered questions and answers about the person; empty when nothing is told.
    variant : {"alpaca", "vicuna", "mixtral", "gpt-3.5"}
        Whose published prompt it follows. Alpaca is always asked for JSON by that name, Vicuna and Mixtral only when
        no attributes are told, GPT-3.5 never; GPT-3.5 is not told that the score is an integer.

    >>> prompt("On a scale of 1 to 2, ...?", "", "gpt-3.5").splitlines()[1]
    'Question: On a scale of 1 to 2, ...?'
    """
    json_named = variant == "alpaca" or (not attributes and variant != "gpt-3.5")
    reply = REPLY.format(
        words="upto 30 words" if variant == "gpt-3.5" else "max 30 words",
        mind="(keep their demographics in mind) " if attributes else "(with the assumed demographics) ",
        score="score" if variant == "gpt-3.5" else "an integer score",
    )
    head = TOLD.format(attributes=attributes) + ASK if attributes else ASK + ASSUME
    return head + QUESTION.format(question=question) + (AS_JSON if json_named else FORMAT) + reply
