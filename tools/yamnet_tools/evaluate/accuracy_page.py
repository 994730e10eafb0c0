# SPDX-License-Identifier: Apache-2.0
"""docs/accuracy.md and docs/model-card.md from an evaluation: all figures are the evaluation's."""

from dataclasses import dataclass

from yamnet_tools.evaluate.evaluation import Evaluation, ModelResult
from yamnet_tools.evaluate.text_report import (
    SUMMARY,
    caption,
    interval,
    markdown,
    source_rows,
    summary_rows,
    target_rows,
)
from yamnet_tools.model.manifest import Manifest
from yamnet_tools.quantise.ablation import PREDECESSOR, VARIANTS

BEGIN, END = "<!-- models: written by tools/report_accuracy.py -->", "<!-- /models -->"
_COMMAND = "python tools/report_accuracy.py --data DIR"

# The targets of the project for the quantised float network, against that network.
LEAST_TOP_EQUAL, MOST_MAP_LOSS, MOST_AUC_LOSS = 0.95, 0.005, 0.002


@dataclass(frozen=True)
class Report:
    """What the pages are made from."""

    evaluation: Evaluation
    graft: Manifest
    keras: Manifest
    graft_source_sha256: str
    calibration_count: int
    tuning_steps: int

    def model(self, name: str) -> ModelResult:
        """A model of the evaluation by name."""
        return next(model for model in self.evaluation.models if model.name == name)


def with_section(page: str, section: str) -> str:
    """A page with this program's section replaced, or added after what others wrote."""
    marked = f"{BEGIN}\n{section.rstrip()}\n{END}\n"
    if BEGIN in page and END in page:
        return page[: page.index(BEGIN)] + marked + page[page.index(END) + len(END) :].removeprefix("\n")
    return (page.rstrip() + "\n\n" if page.strip() else "# Accuracy\n\n") + marked


def accuracy_page(report: Report) -> str:
    """The section about models: what they are, how good, and how the float route was chosen."""
    found = report.evaluation
    main = ("float", "keras", "graft", "google", PREDECESSOR.name)
    return "\n\n".join(
        [
            "## Models on labelled recordings",
            f"Made by `{_COMMAND}`. {caption(found)}. None of the clips was used for calibration: that is made-up"
            " sounds. TensorFlow Lite's int8 kernels (LiteRT) computed the scores.",
            _rows(report, main),
            "- **float**: the float network of the keras route"
            f" (`{report.keras.source.file}`, SHA-256 {report.keras.source.sha256[:16]}…)."
            f" {_provenance(report.keras)}\n"
            f"- **keras**: that network quantised by this project, {report.calibration_count} calibration patches of"
            f" made-up sounds and half as many impressions, {report.tuning_steps} steps of fine-tuning.\n"
            "- **graft**: Google's own int8 network, cut out of its published file, with a finer head; another"
            " checkpoint than the float network, so agreement between the two says nothing about quantisation.\n"
            "- **google**: that published file with its own front end.\n"
            f"- **{PREDECESSOR.name}**: the published predecessor's recipe on the same float network:"
            f" {PREDECESSOR.what}.",
            "### Does the keras route reach its target?",
            _targets(report),
            "### What each part of the quantiser is worth",
            markdown(
                ["way", "top-1 equal", "or tied", "mAP [95 %]", "class 20 AUC [95 %]"],
                [
                    *(_ablation(report.model(variant.name), variant.what) for variant in VARIANTS),
                    _ablation(report.model("keras"), f"as converted, {report.tuning_steps} steps of fine-tuning"),
                ],
            ),
            "Against the float network. Each way builds on those above it.",
            "### The wrong front end",
            "The same models behind the `power` front end (|X|², 1e-10), which the model's published card describes:",
            _rows(report, ("float", "float@power", "keras", "keras@power", "graft", "graft@power")),
            "### By target",
            markdown(*_chosen(*target_rows(found), found, ("float", "keras", "graft", PREDECESSOR.name))),
            "### By source",
            "Collections can share recordings (ESC-10 and UrbanSound8K both draw on Freesound) with each other and with"
            " AudioSet.",
            markdown(*_chosen(*source_rows(found), found, ("float", "keras", "graft", PREDECESSOR.name))),
        ]
    )


def model_card(report: Report) -> str:
    """The model card in Hugging Face's form."""
    graft, keras = report.model("graft"), report.model("keras")
    sizes = [
        [name, f"{m.model.size_bytes:,}", f"{m.proof.tflm_arena_bytes:,}", f"{m.model.input.scale:.6g}",
         str(m.model.input.zero_point), m.model.sha256[:16] + "…"]
        for name, m in (("graft", report.graft), ("keras", report.keras))
    ]  # fmt: skip
    front = report.graft.model.front_end
    return f"""---
license: apache-2.0
library_name: tflite-micro
pipeline_tag: audio-classification
tags: [yamnet, audioset, int8, esp32-s3, tinyml]
---
<!-- Written by tools/report_accuracy.py; edit the program, not this page. -->

# YAMNet, int8, for microcontrollers

521 AudioSet classes from 0.975 s of sound, every 0.48 s. Two builds of one network: **graft** (default) and **keras**.

## What is whose

- **graft** is Google's: the int8 network of `{report.graft.source.file}` (SHA-256 {report.graft_source_sha256}),
  weights and biases byte for byte; only the output scale of the last layer is finer.
- **keras** is quantised by this project from float weights. {_provenance(report.keras)}
- The front end, its fixed-point code and the quantiser are this project's.

## Intended use

Hearing events around the house or a machine on a microcontroller: a crying baby, a smoke alarm, breaking glass, a
barking dog. Scores are a base for rules with smoothing and hysteresis, not events by themselves.

## Limits

- Not a safety device: it neither replaces a smoke alarm nor a person who looks after a child.
- Trained on the sound tracks of AudioSet's videos; classes overlap, scores are not calibrated probabilities (see the
  calibration curves of the report), and rare classes are weak.
- One microphone at 16 kHz; far, quiet or reverberant sound lowers scores. Speech is classed, not understood.

## Front end

{markdown(["value", ""], [[key, str(value)] for key, value in front.items()])}

A model behind another front end fails quietly; see the figures in [accuracy.md](accuracy.md).

## Quantisation and sizes

Full integer: int8 weights per channel (per tensor in the last layer), int8 activations, int32 biases.
Input int8 [1, 96, 64], output int8 [1, 521], scale 1/256, zero point -128.

{markdown(["model", "bytes", "TFLM arena (64-bit PC)", "input scale", "zero point", "SHA-256"], sizes)}

## How good it is

{_rows(report, ("graft", "keras", "float"))}

{caption(report.evaluation)}. Made by `{_COMMAND}`; more in [accuracy.md](accuracy.md).
mAP: graft {interval(graft.mean_average_precision)}, keras {interval(keras.mean_average_precision)}.

## Licences

Weights and class map: Google, Apache-2.0. AudioSet's ontology: CC BY-SA 4.0. This project: Apache-2.0. Recordings used
to measure are not part of the project.
"""


def _provenance(keras: Manifest) -> str:
    if keras.source.known:
        return "It is Google's published yamnet.h5, byte for byte."
    return (
        "It is **not** Google's published yamnet.h5 byte for byte. The figures here are of weights rebuilt from public"
        " derivatives of it (41 % of the values exact, the rest recovered from two int8 files), another checkpoint than"
        " the graft's."
        if keras.source.file == "yamnet_float.npz"
        else "It is not Google's published yamnet.h5 byte for byte."
    )


def _rows(report: Report, names: tuple[str, ...]) -> str:
    rows = {row[0]: row for row in summary_rows(report.evaluation)}
    return markdown(SUMMARY, [rows[name] for name in names])


def _ablation(model: ModelResult, what: str) -> list[str]:
    agreed = model.agreement
    assert agreed is not None
    return [
        what, f"{agreed.top_equal:.1%}", f"{agreed.top_tied:.1%}", interval(model.mean_average_precision),
        interval(model.baby_cry_auc),
    ]  # fmt: skip


def _targets(report: Report) -> str:
    exact, made = report.model("float"), report.model("keras")
    agreed = made.agreement
    assert agreed is not None
    loss = exact.mean_average_precision.value - made.mean_average_precision.value
    rows = [
        ["top-1 equal to the float network, by patch", f">= {LEAST_TOP_EQUAL:.0%}", f"{agreed.top_equal:.2%}",
         _verdict(agreed.top_equal >= LEAST_TOP_EQUAL)],
        ["mAP lost", f"<= {MOST_MAP_LOSS}", f"{loss:+.4f}", _verdict(abs(loss) <= MOST_MAP_LOSS)],
    ]  # fmt: skip
    if exact.baby_cry_auc is not None and made.baby_cry_auc is not None:
        lost = exact.baby_cry_auc.value - made.baby_cry_auc.value
        rows.append(["class 20 AUC lost", f"<= {MOST_AUC_LOSS}", f"{lost:+.4f}", _verdict(abs(lost) <= MOST_AUC_LOSS)])
    return markdown(["figure", "target", "measured", ""], rows)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


def _chosen(
    columns: list[str], rows: list[list[str]], found: Evaluation, names: tuple[str, ...]
) -> tuple[list[str], list[list[str]]]:
    """Only the columns of some models."""
    kept = [0, 1, *(2 + index for index, model in enumerate(found.models) if model.name in names)]
    return [columns[index] for index in kept], [[row[index] for index in kept] for row in rows]
