"""What collective critique and self-voting says to the model, in English and Chinese; the wording is ours."""

CRITIQUE = {
    "en": "Look at the reply above. People from {country} differ widely. Say in two sentences "
    "whose views it leaves out.",
    "zh": "看一看上面的回答。{country}的人各不相同。用两句话说明它忽略了哪些人的看法。",
}
REWRITE = {
    "en": "Rewrite the reply with this critique in mind. Write the answer after 'Answer:' and then explain it after "
    "'Explanation:'.",
    "zh": '根据这一批评重写回答。先用"Answer:"给出答案，再用"Explanation:"解释理由。',
}
LIST = {
    "en": "Imagine {n} different people from {country}. For each request, list how every one of them would answer: "
    "{n} lines numbered from 1 to {n}, each with the answer of one person and nothing else.",
    "zh": "想象{n}位各不相同的人，都来自{country}。对每个请求，列出每个人的回答："
    "共{n}行，从1编号到{n}，每行只写一个人的答案。",
}
REWRITE_LIST = {
    "en": "Rewrite the list with this critique in mind: again {n} numbered lines, each with the "
    "answer of one person.",
    "zh": "根据这一批评重写列表：仍为{n}行并编号，每行只写一个人的答案。",
}
AS_ARRAY = {
    "en": " Write the list as a JSON array of {n} texts.",
    "zh": "请把列表写成含{n}个文本的JSON数组。",
}
"""Follows where only offered answers can be produced."""
VOTE = {
    "en": "{request}\nHere are {n} candidate replies to this request.\n{candidates}\nWhich of them shows the variety "
    "of people from {country} best? Reply with its number alone.",
    "zh": "{request}\n以下是对这个请求的{n}个候选回答。\n{candidates}\n"
    "哪一个最能体现来自{country}的人的多样性？只回答其编号。",
}
CANDIDATE = {"en": "Candidate {number}:\n{text}", "zh": "候选{number}：\n{text}"}


def vote(request: str, candidates: tuple[str, ...], country: str, language: str) -> str:
    """The turn in which the model chooses among its own replies.

    >>> vote("Tea?", ("yes", "no"), "France", "en").splitlines()[2]
    'Candidate 1:'
    """
    listed = "\n".join(CANDIDATE[language].format(number=n, text=text) for n, text in enumerate(candidates, start=1))
    return VOTE[language].format(request=request, n=len(candidates), candidates=listed, country=country)
