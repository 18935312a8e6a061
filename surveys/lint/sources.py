"""Where the rules of the pre-test come from."""

COLEMAN_LIAU = (
    "Coleman & Liau (1975). A computer readability formula designed for machine scoring. "
    "Journal of Applied Psychology 60(2)."
)
DILLMAN = "Dillman, Smyth & Christian (2014). Internet, Phone, Mail, and Mixed-Mode Surveys, 4th ed. Wiley."
GALESIC = (
    "Galesic & Bosnjak (2009). Effects of questionnaire length on participation and indicators of response quality "
    "in a web survey. Public Opinion Quarterly 73(2)."
)
KROSNICK = (
    "Krosnick & Presser (2010). Question and questionnaire design. In: Handbook of Survey Research, 2nd ed. Emerald."
)
PAYNE = "Payne (1951). The Art of Asking Questions. Princeton University Press."
SARIS = (
    "Saris, Revilla, Krosnick & Shaeffer (2010). Comparing questions with agree/disagree response options to "
    "questions with item-specific response options. Survey Research Methods 4(1)."
)
TOURANGEAU_2000 = "Tourangeau, Rips & Rasinski (2000). The Psychology of Survey Response. Cambridge UP."
TOURANGEAU_2004 = (
    "Tourangeau, Couper & Conrad (2004). Spacing, position, and order: interpretive heuristics for visual features "
    "of survey questions. Public Opinion Quarterly 68(3)."
)
OWN = "Demoscope: a constrained reply holds one whole label and ends at the protocol's max_tokens."
