# SPDX-License-Identifier: Apache-2.0
"""docs/model-card.md in Hugging Face's form: metadata in YAML, then text. All figures are the evaluation's."""

from typing import Any

import yaml

from yamnet_tools.evaluate.accuracy_page import COMMAND, Report
from yamnet_tools.evaluate.metrics import Interval
from yamnet_tools.evaluate.text_report import Table, agreement_table, caption, markdown, summary_table
from yamnet_tools.model.manifest import Manifest

MODELS = ("graft", "keras", "float")
_BUILDS = ("graft", "keras")
_DIGITS = 4


def model_card(report: Report) -> str:
    """The whole page."""
    front = report.graft.model.front_end
    converted = report.graft.model
    return f"""---
{yaml.safe_dump(_metadata(report), sort_keys=False, allow_unicode=True, width=100).rstrip()}
---
<!-- Written by tools/report_accuracy.py; edit the program, not this page. -->

# YAMNet, int8, for microcontrollers

521 AudioSet classes from 0.975 s of sound, every 0.48 s. Two builds of one network: **graft** (default) and **keras**.

## What is whose

- **graft** is Google's: the int8 network of `{report.graft.source.file}` (SHA-256 {report.graft_source_sha256}),
  weights and biases byte for byte; only the output scale of the last layer is finer.
- **keras** is quantised by this project from float weights. {report.provenance}
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

{markdown(Table(["value", ""], [[key, str(value)] for key, value in front.items()]))}

The definition travels inside the .tflite (metadata `YAMNET_FRONT_END`). A model behind another front end fails quietly;
see the figures in [accuracy.md](accuracy.md).

## Quantisation and sizes

Full integer: int8 weights per channel (per tensor in the last layer), int8 activations, int32 biases.
Input {converted.input.type} {converted.input.shape}, output {converted.output.type} {converted.output.shape}, scale
{converted.output.scale:g}, zero point {converted.output.zero_point}.
Operators: {", ".join(f"{count} {name}" for name, count in converted.operators.items())}.

{markdown(_sizes(report))}

The arena is what TFLM's planner needs on a {report.graft.proof.pointer_bits}-bit PC.

## How good it is

{markdown(summary_table(report.models(MODELS)))}

{markdown(agreement_table(report.models(MODELS)))}

{_esc_10(report)}## How it was measured

{caption(report.evaluation)}. No weight was trained, calibrated or tuned on these recordings. mAP, AUC: means over the
targets; zero-shot: the strongest target is the label's; class 20: "Baby cry, infant cry". The int8 models'
scores were computed with the device's own arithmetic, the float ones' by LiteRT. Made by
`{COMMAND}`; data, counts and intervals by target and by source are in
[accuracy.md](accuracy.md).

## Licences

Weights and class map: Google, Apache-2.0. AudioSet's ontology: CC BY-SA 4.0. This project: Apache-2.0. Recordings used
to measure are not part of the project.
"""


def _sizes(report: Report) -> Table:
    columns = ["model", "bytes", "TFLM arena", "input scale", "input zero point", "SHA-256"]
    return Table(columns, [_size(name, made) for name, made in zip(_BUILDS, (report.graft, report.keras), strict=True)])


def _size(name: str, made: Manifest) -> list[str]:
    model = made.model
    return [
        name, f"{model.size_bytes:,}", f"{made.proof.tflm_arena_bytes:,}", f"{model.input.scale:.6g}",
        str(model.input.zero_point), f"{model.sha256[:16]}…",
    ]  # fmt: skip


def _esc_10(report: Report) -> str:
    rows = [
        [name, str(found.clips), f"{found.mean_average_precision.value:.3f}", f"{found.accuracy.value:.1%}"]
        for name in MODELS
        if (found := report.esc_10(name)) is not None
    ]
    table = Table(["model", "clips", "mAP", "zero-shot"], rows)
    return f"On ESC-10 alone:\n\n{markdown(table)}\n\n" if rows else ""


def _metadata(report: Report) -> dict[str, Any]:
    """The front matter: https://github.com/huggingface/hub-docs/blob/main/modelcard.md."""
    return {
        "license": "apache-2.0",
        "library_name": "tflite-micro",
        "pipeline_tag": "audio-classification",
        "tags": ["yamnet", "audioset", "sound-event-detection", "int8", "tflite", "esp32-s3", "tinyml"],
        "metrics": ["mean_average_precision", "accuracy", "roc_auc"],
        "model-index": [{"name": name, "results": _results(report, name)} for name in _BUILDS],
    }


def _results(report: Report, name: str) -> list[dict[str, Any]]:
    model, count = report.evaluation.model(name), len(report.evaluation.counts)
    metrics = [
        _metric("mean_average_precision", f"mAP over {count} targets", model.mean_average_precision),
        _metric("accuracy", "zero-shot accuracy", model.accuracy),
        _metric("roc_auc", "ROC AUC of class 20, Baby cry", model.baby_cry_auc),
    ]
    found = [_result("labelled-clips", f"{report.evaluation.clips} labelled clips (docs/accuracy.md)", metrics)]
    if (esc := report.esc_10(name)) is not None:
        metrics = [
            _metric("mean_average_precision", f"mAP over {esc.targets} targets", esc.mean_average_precision),
            _metric("accuracy", "zero-shot accuracy", esc.accuracy),
        ]
        found.append(_result("esc-10", f"ESC-10, {esc.clips} clips", metrics))
    return found


def _result(kind: str, name: str, metrics: list[dict[str, Any] | None]) -> dict[str, Any]:
    return {
        "task": {"type": "audio-classification", "name": "Zero-shot sound classification"},
        "dataset": {"type": kind, "name": name},
        "metrics": [metric for metric in metrics if metric is not None],
    }


def _metric(kind: str, name: str, found: Interval | None) -> dict[str, Any] | None:
    if found is None or found.value != found.value:
        return None
    return {"type": kind, "name": name, "value": round(found.value, _DIGITS)}
