# SPDX-License-Identifier: Apache-2.0
"""docs/accuracy.md from an evaluation: all figures are the evaluation's."""

from dataclasses import dataclass

from yamnet_tools.evaluate.metrics import Interval
from yamnet_tools.evaluate.results import Evaluation, ModelResult, SourceResult
from yamnet_tools.evaluate.text_report import (
    Table,
    agreement_table,
    caption,
    change,
    front_end_table,
    interval,
    markdown,
    percent,
    source_table,
    summary_table,
    target_table,
)
from yamnet_tools.model.manifest import Manifest
from yamnet_tools.quantise.ablation import PREDECESSOR, VARIANTS

BEGIN, END = "<!-- models: written by tools/report_accuracy.py -->", "<!-- /models -->"
COMMAND = "python tools/report_accuracy.py --data DIR"

MAIN = ("float", "keras", "graft", "google", PREDECESSOR.name)
SIDE_BY_SIDE = ("float", "keras", "graft", PREDECESSOR.name)
WITH_ABLATION = ("graft", "keras", "float")
"""Models that are scored behind the `power` front end as well."""

# The targets of the project for the quantised float network, against that network.
LEAST_TOP_EQUAL, MOST_MAP_LOSS, MOST_AUC_LOSS = 0.95, 0.005, 0.002

ESC_10 = "ESC-10"
"""In the name of the collection that others' zero-shot figures are of."""

ESC_10_CLIPS, ESC_10_MAP, ESC_10_ACCURACY = 400, 0.958, 0.970
"""Google's int8 network on all of ESC-10, measured before this project began (its design, section 4)."""


@dataclass(frozen=True)
class Report:
    """What the pages are made from.

    Attributes:
        evaluation: of all models.
        graft, keras: the converters' own accounts.
        graft_source_sha256: of Google's file.
        provenance: what the float weights are.
        recipe: how the keras route was run, as far as it is known.
    """

    evaluation: Evaluation
    graft: Manifest
    keras: Manifest
    graft_source_sha256: str
    provenance: str
    recipe: str

    def models(self, names: tuple[str, ...]) -> list[ModelResult]:
        """Models of the evaluation by name."""
        return [self.evaluation.model(name) for name in names]

    def esc_10(self, name: str) -> SourceResult | None:
        """A model's figures on ESC-10, if that is among the recordings."""
        return next((source for source in self.evaluation.model(name).sources if ESC_10 in source.source), None)


def with_section(page: str, section: str) -> str:
    """A page with this program's section replaced, or added after what others wrote."""
    marked = f"{BEGIN}\n{section.rstrip()}\n{END}\n"
    if BEGIN in page and END in page:
        return page[: page.index(BEGIN)] + marked + page[page.index(END) + len(END) :].removeprefix("\n")
    return (page.rstrip() + "\n\n" if page.strip() else "# Accuracy\n\n") + marked


def accuracy_page(report: Report) -> str:
    """The section about models: what they are, how good, and how the float route was chosen."""
    main = report.models(MAIN)
    keras = report.keras.source
    powered = tuple(f"{name}@power" for name in WITH_ABLATION)
    return "\n\n".join(
        [
            "## Models on labelled recordings",
            f"Made by `{COMMAND}`. {caption(report.evaluation)}. None of the clips was used for calibration: that is"
            " made-up sounds. TensorFlow Lite's int8 kernels (LiteRT) computed the scores.",
            markdown(summary_table(main)),
            f"- **float**: the float network of the keras route (`{keras.file}`, SHA-256 {keras.sha256[:16]}…)."
            f" {report.provenance}\n"
            f"- **keras**: that network quantised by this project{report.recipe}.\n"
            "- **graft**: Google's own int8 network, cut out of its published file, with a finer head.\n"
            "- **google**: that published file with its own front end.\n"
            f"- **{PREDECESSOR.name}**: the published predecessor's recipe on the same float network:"
            f" {PREDECESSOR.what}.",
            "mAP is the mean of the targets' average precisions, AUC the mean of their ROC AUCs, d' that of the mean"
            " AUC. Zero-shot: the share of clips whose strongest target is their label's. Class 20 is "
            '"Baby cry, infant cry" itself. No weight was trained or tuned on these clips; which parts of the quantiser'
            " were kept was decided with figures like these in view.",
            *_esc_10(report),
            "### Agreement with the float network",
            markdown(agreement_table(main)),
            "By patch; the last three columns are differences on the same clips. The graft and Google's file are"
            " another checkpoint than the float network, so that their agreement with it says nothing about"
            " quantisation.",
            "### Does the keras route reach its target?",
            markdown(_targets(report)),
            "### What each part of the quantiser is worth",
            markdown(_ablation(report)),
            "Against the float network. Each way builds on those above it.",
            "### The wrong front end",
            "The same models behind the `power` front end (|X|², 1e-10), which the model's published card describes,"
            " beside their own (`yamnet`: |X|, 1e-3):",
            markdown(summary_table(report.models(tuple(n for name in WITH_ABLATION for n in (name, f"{name}@power"))))),
            "What that costs, on the same clips:",
            markdown(front_end_table(report.models(powered))),
            "### By target",
            markdown(target_table(report.models(SIDE_BY_SIDE), intervals=True)),
            "### By source",
            "Collections can share recordings (ESC-10 and UrbanSound8K both draw on Freesound) with each other and with"
            " AudioSet, whose sound tracks YAMNet was trained on: a model that is much better on one collection may"
            " have heard it before. *shared* counts the recordings of which another collection has clips, too, as far"
            " as names tell; targets are those that a collection has.",
            markdown(source_table(report.models(SIDE_BY_SIDE))),
        ]
    )


def _esc_10(report: Report) -> list[str]:
    """Beside figures of others, which are of ESC-10 alone."""
    found, over_all = report.esc_10("graft"), report.evaluation.model("graft")
    if found is None:
        return []
    weak = [target for target in over_all.targets if target.average_precision.value < 0.5]
    few = [target for target in over_all.targets if target.clips < 5]
    return [
        "### ESC-10 alone, and why the figures above are lower",
        f"On the {found.clips} clips of ESC-10 with its {found.targets} targets the graft has mAP"
        f" {interval(found.mean_average_precision)} and zero-shot accuracy {interval(found.accuracy)}. Before this"
        f" project began, Google's network was measured on all {ESC_10_CLIPS} clips: mAP {ESC_10_MAP}"
        f" ({_place(found.mean_average_precision, ESC_10_MAP)} this interval), accuracy {ESC_10_ACCURACY:.3f}"
        f" ({_place(found.accuracy, ESC_10_ACCURACY)} this interval).",
        f"Over all {report.evaluation.clips} clips the graft's mAP is {over_all.mean_average_precision.value:.3f}: each"
        f" of {len(over_all.targets)} targets competes with all others, some of which sound alike (drill, jackhammer"
        " and engine; rain, running tap and sea waves); UrbanSound8K's labels name one sound of a street on which"
        " others are heard, too; and every target counts the same however few clips it has"
        f" ({len(few)} have fewer than five). {len(weak)} targets have an average precision below 0.5:"
        f" {', '.join(target.name for target in weak)}.",
    ]


def _place(found: Interval, value: float) -> str:
    return "inside" if found.low <= value <= found.high else "**outside**"


def _ablation(report: Report) -> Table:
    ways = [(variant.name, variant.what) for variant in VARIANTS]
    ways.append(("keras", "as converted"))
    rows = []
    for name, what in ways:
        model = report.evaluation.model(name)
        agreed = model.agreement
        assert agreed is not None
        rows.append(
            [what, percent(agreed.top_equal), f"{agreed.top_tied.value:.1%}", interval(model.mean_average_precision),
             change(agreed.mean_average_precision), interval(model.baby_cry_auc)]
        )  # fmt: skip
    columns = ["way", "top-1 equal [95 %]", "or tied", "mAP [95 %]", "mAP against float", "class 20 AUC [95 %]"]
    return Table(columns, rows)


def _targets(report: Report) -> Table:
    found = report.evaluation.model("keras").agreement
    assert found is not None
    change_of_map, auc = found.mean_average_precision, found.baby_cry_auc
    rows = [
        ["top-1 equal to the float network, by patch", f">= {LEAST_TOP_EQUAL:.0%}", percent(found.top_equal),
         _verdict(found.top_equal.value >= LEAST_TOP_EQUAL)],
        ["mAP against the float network", f"within {MOST_MAP_LOSS}", change(change_of_map),
         _verdict(abs(change_of_map.value) <= MOST_MAP_LOSS)],
    ]  # fmt: skip
    if auc is not None:
        verdict = _verdict(abs(auc.value) <= MOST_AUC_LOSS)
        rows.append(["class 20 AUC against the float network", f"within {MOST_AUC_LOSS}", change(auc), verdict])
    return Table(["figure", "target", "measured [95 %]", ""], rows)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**not reached**"
