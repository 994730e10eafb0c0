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
from yamnet_tools.templates import render

MARKS = ("<!-- models: written by tools/report_accuracy.py -->", "<!-- /models -->")
COMMAND = "python tools/report_accuracy.py --data DIR"

MAIN = ("float", "keras", "graft", "google", PREDECESSOR.name)
SIDE_BY_SIDE = ("float", "keras", "graft", PREDECESSOR.name)
WITH_ABLATION = ("graft", "keras", "float")
"""Models that are scored behind the `power` front end as well."""

# The targets of the project for the quantised float network, against that network.
LEAST_TOP_EQUAL, MOST_MAP_LOSS, MOST_AUC_LOSS = 0.95, 0.005, 0.002

ESC_10 = "ESC-10"
"""In the name of the collection that others' zero-shot figures are of."""

GOOGLES_ESC_10 = {"clips": 400, "mAP": 0.958, "accuracy": 0.970}
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


def accuracy_page(report: Report) -> str:
    """The section about models: what they are, how good, and how the float route was chosen."""
    main = report.models(MAIN)
    graft = report.evaluation.model("graft")
    return render(
        "evaluate/accuracy.md.j2",
        markdown=markdown,
        interval=interval,
        place=_place,
        command=COMMAND,
        report=report,
        caption=caption(report.evaluation),
        keras=report.keras.source,
        predecessor=PREDECESSOR,
        summary=summary_table(main),
        graft=graft,
        esc_10=report.esc_10("graft"),
        known=GOOGLES_ESC_10,
        weak=[target.name for target in graft.targets if target.average_precision.value < 0.5],
        few=sum(target.clips < 5 for target in graft.targets),
        agreement=agreement_table(main),
        targets=_targets(report),
        ablation=_ablation(report),
        both_front_ends=summary_table(
            report.models(tuple(n for name in WITH_ABLATION for n in (name, f"{name}@power")))
        ),
        front_end=front_end_table(report.models(tuple(f"{name}@power" for name in WITH_ABLATION))),
        by_target=target_table(report.models(SIDE_BY_SIDE), intervals=True),
        by_source=source_table(report.models(SIDE_BY_SIDE)),
    )


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
