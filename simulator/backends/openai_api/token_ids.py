"""Log-probabilities of tokens that are named by their ids, as vLLM tells them: what is sent, and what is read.

The prompt goes as messages once and comes back as ids. From then on it goes as ids with some tokens more, and what
comes next is read for the tokens that are wanted and no others. A server that keeps what it evaluated works through
what is new alone; for ``prompt_logprobs`` it would evaluate the whole prompt anew, option by option.
"""

import re
from collections.abc import Sequence
from typing import Any

from simulator.backends.logits.scoring import Path
from simulator.backends.openai_api.replies import Failure
from simulator.backends.openai_api.tokens import read_logprob

AT_ONCE = 128
"""Tokens whose log-probabilities one request may ask for, at most; vLLM allows no more."""
AFTER = "\n"
"""What a text is put after when its tokens are asked for. Some tokenisers put a space before every text, and a line
end takes it on itself; most prompts of chats end with one."""
_NAMED = re.compile(r"token_id:([0-9]{1,9})")


def cut_body(text: str) -> dict[str, Any]:
    """Body by which the tokens of a text after :data:`AFTER` are asked for; for the path of completions."""
    return {"prompt": AFTER + text, "add_special_tokens": False, "return_token_ids": True, "max_tokens": 1}


def next_body(prompt: Sequence[int], tokens: Sequence[int]) -> dict[str, Any]:
    """Body by which the log-probabilities of some tokens after a prompt of ids are asked for; for completions."""
    return {"prompt": list(prompt), **next_fields("completions", tokens), "max_tokens": 1}


def next_fields(api: str, tokens: Sequence[int]) -> dict[str, Any]:
    """Fields by which the log-probabilities of some tokens in the reply's first place are asked for."""
    named = {"logprob_token_ids": list(tokens), "return_tokens_as_token_ids": True, "temperature": 1, "top_p": 1}
    return named | ({"logprobs": True} if api == "chat" else {"logprobs": 1})


def read_prompt(content: Any) -> Path:
    """Ids of the tokens of the prompt, from either interface.

    Raises
    ------
    Failure
        Of kind ``malformed``, if they are not there.
    """
    told = content.get("prompt_token_ids") or content["choices"][0].get("prompt_token_ids")
    if not isinstance(told, list) or not told or not all(type(one) is int and one >= 0 for one in told):
        raise Failure("malformed", "the ids of the prompt's tokens did not come back")
    return tuple(told)


def read_next(content: Any, tokens: Sequence[int]) -> dict[int, float]:
    """Token -> its natural log-probability in the first place of the reply, for every token that was wanted.

    Raises
    ------
    Failure
        Of kind ``malformed``, if one is not there or is no log-probability.
    """
    told = content["choices"][0].get("logprobs")
    try:
        if "content" in told:
            pairs = [(one["token"], one["logprob"]) for one in told["content"][0]["top_logprobs"]]
        else:
            pairs = list(told["top_logprobs"][0].items())
        found = {int(named[1]): read_logprob(value) for name, value in pairs if (named := _NAMED.fullmatch(name))}
        return {token: found[token] for token in tokens}
    except (TypeError, KeyError, ValueError, IndexError, AttributeError):
        raise Failure("malformed", "the log-probabilities of the tokens named did not come back") from None


def after(beginning: Path, whole: Path, text: str) -> Path:
    """The tokens that a text adds to :data:`AFTER`, from the tokens of both.

    Raises
    ------
    Failure
        Of kind ``rejected``, if it adds none, or a token spans both.

    >>> after((198,), (198, 330, 47), " A?")
    (330, 47)
    """
    if len(whole) <= len(beginning) or whole[: len(beginning)] != beginning:
        raise Failure("rejected", f"the model's tokens do not separate {text!r} from the line before it")
    return whole[len(beginning) :]


def leading_space(text: str) -> str:
    """White space that a text begins with, unless it is nothing else.

    >>> leading_space(" A"), leading_space("A")
    (' ', '')
    """
    rest = text.lstrip()
    return text[: len(text) - len(rest)] if rest else ""
