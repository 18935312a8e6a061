"""A codebook in DDI 2.5: what every variable of the wide exports holds, and that the data are synthetic."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

import numpy as np

from analysis.export.provenance import SYNTHETIC, Provenance
from analysis.export.wide import Variable, Wide

NAMESPACE = "ddi:codebook:2_5"

_UNSHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def codebook(wide: Wide, provenance: Provenance, sources: Mapping[str, str]) -> bytes:
    """The codebook as XML.

    Parameters
    ----------
    sources : mapping
        What the study rests on beside the wave, such as the human reference, in words.
    """
    ET.register_namespace("", NAMESPACE)
    root = _element(None, "codeBook", version="2.5")
    study = _element(root, "stdyDscr")
    citation = _element(study, "citation")
    title = _element(citation, "titlStmt")
    _element(title, "titl", f"{provenance.questionnaire or provenance.wave} (synthetic)")
    _element(title, "IDNo", provenance.id)
    _element(_element(citation, "prodStmt"), "software", "Demoscope")
    _element(_element(citation, "distStmt"), "distDate", provenance.started)
    about = _element(study, "stdyInfo")
    _element(about, "abstract", provenance.sentence)
    described = _element(about, "sumDscr")
    _element(described, "anlyUnit", "simulated respondent")
    _element(described, "dataKind", SYNTHETIC)
    collected = _element(_element(study, "method"), "dataColl")
    _element(collected, "collMode", f"interviews by language models: {', '.join(provenance.models)}")
    for name, said in sources.items():
        _element(_element(collected, "sources"), "dataSrc", f"{name}: {said}")
    counts = _element(_element(_element(root, "fileDscr"), "fileTxt"), "dimensns")
    _element(counts, "caseQnty", str(wide.rows))
    _element(counts, "varQnty", str(len(wide.variables)))
    data = _element(root, "dataDscr")
    for number, variable in enumerate(wide.variables, start=1):
        _variable(data, number, variable)
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _variable(data: ET.Element, number: int, variable: Variable) -> None:
    discrete = "discrete" if variable.labels else "contin"
    element = _element(data, "var", ID=f"V{number}", name=variable.name, intrvl=discrete)
    if variable.name == "weight":
        element.set("wgt", "wgt")
    _element(element, "labl", variable.label)
    if variable.question:
        _element(_element(element, "qstn"), "qstnLit", variable.question)
    if not variable.is_text:
        codes = [*variable.missing, *variable.nonresponse]
        valid = variable.values[~np.isnan(variable.values) & ~np.isin(variable.values, codes)]
        _element(element, "sumStat", str(len(valid)), type="vald")
        _element(element, "sumStat", str(len(variable.values) - len(valid)), type="invd")
        if len(valid):
            _element(element, "sumStat", f"{valid.min():.15g}", type="min")
            _element(element, "sumStat", f"{valid.max():.15g}", type="max")
        for code, label in (variable.labels | variable.missing).items():
            category = _element(element, "catgry", **({"missing": "Y"} if code in codes else {}))
            _element(category, "catValu", str(code))
            _element(category, "labl", label)
            _element(category, "catStat", str(int((variable.values == code).sum())), type="freq")
    _element(element, "varFormat", type="character" if variable.is_text else "numeric")


def _element(parent: ET.Element | None, tag: str, text: str = "", **attributes: str) -> ET.Element:
    name = f"{{{NAMESPACE}}}{tag}"
    element = ET.Element(name, attributes) if parent is None else ET.SubElement(parent, name, attributes)
    element.text = _UNSHOWN.sub("", text) or None
    return element
