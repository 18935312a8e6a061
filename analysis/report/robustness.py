"""Which answers of probed models can be trusted: how they change with the way of asking, and why."""

from collections.abc import Iterator, Sequence

from analysis.ink import distance
from analysis.probing.findings import MethodReport, ModelReport, ProbeReport, Robustness, named_apart
from analysis.probing.verdict import Verdict
from analysis.report.blocks import Block, Bullets, Column, Figure, Fold, Paragraph, Row, Section, Table, Value
from analysis.report.drawings import draw_stacked
from analysis.report.expressiveness import actions, gains
from analysis.report.groups import PARTS, toned
from analysis.report.material import Material
from analysis.report.telling import ABSENT, count, cut, limited, number, p_value, share, shares_with_limits
from analysis.report.words import Words


def robustness(material: Material, w: Words) -> Section | None:
    """What probes say beyond the verdict, with which the page opens; ``None`` where the stores hold none."""
    found = material.probes
    if found is None:
        return None
    t = found.rules.thresholds
    note = w("robustness_note", steady=f"{t.steady:.0%}", rate=f"{t.false_discoveries:.0%}")
    blocks: list[Block] = [Paragraph(note, "note")]
    blocks += [table for table in (_changes(found, w), _agreement(found, w)) if table]
    blocks += _preference(found, w)
    blocks += [table for table in (_freed(found, w), gains(found, w), *actions(found, w), _across(found, w)) if table]
    order = tuple(dict.fromkeys(question.name for store in material.stores for question in store.facts.questions))
    blocks.append(Fold(w("probed_questions"), (_standings(found, order, w), *_distributions(found, w))))
    return Section("robustness", w("robustness"), (*blocks, Bullets(tuple(_lost(found, w)))))


def _changes(found: ProbeReport, w: Words) -> Table | None:
    names = ("mismatch", "js_changes", "by_sampling", "questions_compared")
    columns = (*(Column(w(name), number=False) for name in ("model", "method", "what_differs")), *_columns(names, w))
    rows = tuple(
        Row(
            (
                Value(named_apart(model, found.models)),
                Value(method.method),
                Value(_differing(each, w)),
                shares_with_limits(each.mismatch.value, each.mismatch.low, each.mismatch.high),
                limited(each.js.value, each.js.low, each.js.high),
                _by_sampling(each),
                count(each.questions),
            )
        )
        for model, method in _methods(found)
        for each in method.robustness
    )
    return Table(w("changes_caption"), columns, rows) if rows else None


def _differing(each: Robustness, w: Words) -> str:
    if each.source == "perturbation":
        return cut(each.pairs[0].second, 100) if each.pairs else w("differs_perturbation")
    return w(f"differs_{each.source.replace(' ', '_')}")


def _by_sampling(each: Robustness) -> Value:
    if each.floor_mismatch is None:
        return ABSENT
    return Value(f"{each.floor_mismatch:.0%} / {distance(each.floor_js)}", each.floor_mismatch)


def _agreement(found: ProbeReport, w: Words) -> Table | None:
    """What every two methods of a model say to each other."""
    columns = (
        *(Column(w(name), number=False) for name in ("model", "methods_compared")),
        *_columns(("same_option", "expected", "kappa", "js", "questions_compared"), w),
    )
    rows = tuple(
        Row(
            (
                Value(named_apart(model, found.models)),
                Value(f"{pair.first} · {pair.second}"),
                share(pair.agreement.agreed),
                share(pair.agreement.by_chance),
                limited(pair.agreement.kappa, pair.agreement.low, pair.agreement.high, 2),
                number(pair.js),
                count(pair.agreement.questions),
            )
        )
        for model in found.models
        for pair in model.pairs
    )
    return Table(w("agreement_caption"), columns, rows) if rows else None


def _preference(found: ProbeReport, w: Words) -> list[Block]:
    """What position and label add: all effects, and a drawing of both together for each number of options."""
    rows, bars = [], dict[int, list[tuple[str, None, Sequence[float]]]]()
    for model, method in _methods(found):
        name = named_apart(model, found.models)
        for each in method.places:
            if each.low is None:  # too few questions to tell what differs between them
                continue
            rows.append(
                Row(
                    (
                        Value(name),
                        Value(method.method),
                        Value(w(f"kind_{each.kind}") + ("" if each.complete else f" {w('in_part')}")),
                        Value(w(f"labels_{each.alphabet.split()[0].replace('-', '_')}")),
                        count(each.questions),
                        p_value(each.adjusted_p),
                        Value(" ".join(f"{part:.0%}" for part in each.shares)),
                    )
                )
            )
            if each.kind == "place" and each.options <= PARTS and each.alphabet == "letters":
                bars.setdefault(each.options, []).append((f"{name} · {method.method}", None, each.shares))
    if not rows:
        return []
    columns = (
        *(Column(w(name), number=False) for name in ("model", "method", "preference_for", "labels")),
        *_columns(("questions_compared", "p_holm"), w),
        Column(w("empty_chosen"), number=False),
    )
    blocks: list[Block] = []
    for options, each_bar in sorted(bars.items()):
        title = w("preference_title", n=options)
        told = "; ".join(f"{label}: {', '.join(f'{part:.0%}' for part in parts)}" for label, _, parts in each_bar)
        places = toned([str(place + 1) for place in range(options)])
        drawn = draw_stacked(each_bar, places, cut(f"{title}. {told}", 3000))
        blocks.append(Figure(f"preference_{options}", title, drawn, w("preference_note")))
    return [*blocks, Table(w("preference_caption"), columns, tuple(rows))]


def _freed(found: ProbeReport, w: Words) -> Table | None:
    """Raw beside averaged and calibrated."""
    known = [(model, method, method.debiasing) for model, method in _methods(found) if method.debiasing is not None]
    if not known:
        return None
    people = any(each.alignment_raw is not None for _, _, each in known)
    names = ("js_layouts", "js_layouts_freed")
    names_people = ("alignment_raw", "alignment_averaged", "alignment_calibrated") if people else ()
    columns = (
        *(Column(w(name), number=False) for name in ("model", "method")),
        *_columns((*names, *names_people), w),
    )
    rows = tuple(
        Row(
            (
                Value(named_apart(model, found.models)),
                Value(method.method),
                *(number(value) for value in (each.between_raw, each.between_calibrated)),
                *(number(getattr(each, name)) for name in names_people),
            )
        )
        for model, method, each in known
    )
    return Table(w("freed_caption"), columns, rows)


def _across(found: ProbeReport, w: Words) -> Table | None:
    columns = (
        *(Column(w(name), number=False) for name in ("measure", "method")),
        *_columns(("correlation", "p", "models_compared"), w),
    )
    rows = tuple(
        Row(
            (
                Value(w("mismatch_rate" if each.metric == "mismatch" else "js")),
                Value(each.method),
                limited(each.correlation.r, each.correlation.low, each.correlation.high, 2),
                p_value(each.correlation.p),
                count(each.correlation.n),
            )
        )
        for each in found.across
    )
    return Table(w("across_caption"), columns, rows) if rows else None


def _standings(found: ProbeReport, order: Sequence[str], w: Words) -> Table:
    """Where each question stands with each model; ``order`` is that of the questionnaires."""
    standings = [_standing(model.verdict) for model in found.models]
    names = [name for name in order if any(name in each for each in standings)]
    heads = (w("question"), *(named_apart(model, found.models) for model in found.models))
    columns = tuple(Column(head, number=False) for head in heads)
    rows = tuple(
        Row((Value(name), *(Value(w(f"stands_{each[name]}")) if name in each else ABSENT for each in standings)))
        for name in names
    )
    return Table(w("standings_caption"), columns, rows)


def _standing(verdict: Verdict) -> dict[str, str]:
    found = dict.fromkeys(verdict.depends, "depends")
    for names, standing in (
        (verdict.holds, "holds"),
        (verdict.differs, "differs"),
        (verdict.follows_place, "follows"),
        (verdict.not_told, "untold"),
    ):
        found |= dict.fromkeys(names, standing)
    return found


def _distributions(found: ProbeReport, w: Words) -> Iterator[Table]:
    """Every question's shares as read off, averaged over the layouts, and freed of places."""
    names = ("raw", "averaged", "calibrated")
    columns = (Column(w("question"), number=False), *(Column(w(f"shares_{name}"), number=False) for name in names))
    for model, method in _methods(found):
        if method.debiasing is None:
            continue
        rows = tuple(
            Row(
                (
                    Value(each.question),
                    *(Value(" ".join(f"{part:.0%}" for part in getattr(each, name))) for name in names),
                )
            )
            for each in method.debiasing.distributions
        )
        yield Table(f"{named_apart(model, found.models)} · {method.method}", columns, rows)


def _lost(found: ProbeReport, w: Words) -> Iterator[str]:
    """What was read, and what was left out."""
    for model, method in _methods(found):
        read = w(
            "probes_read",
            name=f"{named_apart(model, found.models)} · {method.method}",
            n=f"{method.distributions:,}",
            of=f"{method.asked:,}",
        )
        outside = "" if method.outside is None else w(f"outside_{method.method}", share=f"{method.outside:.1%}")
        tested = w("texts_changed", n=method.texts_changed, of=method.texts_tested) if method.texts_tested else ""
        yield " ".join(part for part in (read, outside, tested) if part)
    unread, unranked = (sum(getattr(model, name) for model in found.models) for name in ("unread", "unranked"))
    if unread:
        yield w("probes_unread", n=f"{unread:,}")
    if unranked:
        yield w("probes_unranked", n=f"{unranked:,}")
    yield w("probes_intervals", n=f"{found.draws:,}", profile=found.rules.profile)


def _methods(found: ProbeReport) -> Iterator[tuple[ModelReport, MethodReport]]:
    return ((model, method) for model in found.models for method in model.methods)


def _columns(names: Sequence[str], w: Words) -> tuple[Column, ...]:
    return tuple(Column(w(name)) for name in names)
