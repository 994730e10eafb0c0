# SPDX-License-Identifier: Apache-2.0
"""tools/report_accuracy.py: builds every model, scores them on the same clips, writes docs/accuracy.md and the card."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from yamnet_tools import cli
from yamnet_tools.errors import SourceError
from yamnet_tools.evaluate.accuracy_page import Report, accuracy_page, model_card, with_section
from yamnet_tools.evaluate.command import open_scorers, to_json
from yamnet_tools.evaluate.dataset import read_dataset, read_label_map
from yamnet_tools.evaluate.evaluation import Settings, evaluate
from yamnet_tools.evaluate.html_report import html_report
from yamnet_tools.files import write_bytes
from yamnet_tools.model import convert
from yamnet_tools.model.manifest import Manifest, read_manifest
from yamnet_tools.model.source import WEIGHTS, Search, find_weights
from yamnet_tools.paths import CHECKOUT, CLASS_MAP_NAME, MANIFEST_NAME, MODEL_NAME
from yamnet_tools.quantise.ablation import PREDECESSOR, VARIANTS, build_variants
from yamnet_tools.quantise.conversion import DEFAULT_CALIBRATION, DEFAULT_STEPS, FLOAT_NAME, convert_float
from yamnet_tools.quantise.float_source import find_float_weights

ABLATION_PATCHES = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the report as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: weights, models or data cannot be used.
    """
    parser = cli.parser(
        "Build the graft, the quantised float network and simpler ways to quantise it, score them all on labelled"
        " recordings that none of them was calibrated on, and write docs/accuracy.md and docs/model-card.md."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="labelled recordings")
    parser.add_argument("--work", type=Path, default=CHECKOUT / "build" / "accuracy", metavar="DIR", help="for models")
    parser.add_argument("--docs", type=Path, default=CHECKOUT / "docs", metavar="DIR")
    parser.add_argument("--calib-count", type=int, default=DEFAULT_CALIBRATION, metavar="N")
    parser.add_argument("--tuning-steps", type=int, default=DEFAULT_STEPS, metavar="N")
    options = parser.parse_args(arguments)
    clips = read_dataset(options.data)
    work: Path = options.work
    graft = _kept(work / "graft")
    if graft is None:
        graft = convert(None, work / "graft", report=cli.say).manifest
    keras = _kept(work / "keras")
    if keras is None or not (work / "keras" / FLOAT_NAME).is_file():
        keras = convert_float(
            None, work / "keras", calibration_count=options.calib_count, tuning_steps=options.tuning_steps,
            keep_float=True, report=cli.say,
        ).manifest  # fmt: skip
    source = find_float_weights(None)
    if source.sha256 != keras.source.sha256:
        raise SourceError(f"{work / 'keras'}: made from other weights than {source.path}; remove it")
    names = {"float": work / "keras" / FLOAT_NAME, "keras": work / "keras" / MODEL_NAME}
    names |= {"graft": work / "graft" / MODEL_NAME, "google": find_weights(Search()).path}
    missing = tuple(v for v in (*VARIANTS, PREDECESSOR) if not (work / v.name / MODEL_NAME).is_file())
    for variant, data in build_variants(source.network, missing, ABLATION_PATCHES, 0, cli.say):
        write_bytes(work / variant.name / MODEL_NAME, data)
        shutil.copy(work / "keras" / CLASS_MAP_NAME, work / variant.name)
    names |= {variant.name: work / variant.name / MODEL_NAME for variant in (*VARIANTS, PREDECESSOR)}
    models = [f"{name}={path}" for name, path in names.items()]
    models += [f"{name}@power={names[name]}" for name in ("graft", "keras", "float")]
    scorers = open_scorers(models, "litert", ablation=False)
    with tqdm(total=len(clips), unit="clip", disable=None) as bar:
        evaluation = evaluate(
            scorers, clips, read_label_map(None, scorers[0].class_names), 0, Settings(),
            lambda done: bar.update(done - bar.n),
        )  # fmt: skip
    write_bytes(work / "report.json", to_json(evaluation))
    write_bytes(work / "report.html", html_report(evaluation).encode())
    report = Report(evaluation, graft, keras, WEIGHTS.sha256, options.calib_count, options.tuning_steps)
    page = options.docs / "accuracy.md"
    write_bytes(page, with_section(page.read_text() if page.is_file() else "", accuracy_page(report)).encode())
    write_bytes(options.docs / "model-card.md", model_card(report).encode())
    cli.say(f"wrote {page}, {options.docs / 'model-card.md'} and {work / 'report.html'}")
    return cli.EXIT_OK


def _kept(folder: Path) -> Manifest | None:
    """The manifest of a model that an earlier run has made."""
    path = folder / MANIFEST_NAME
    return read_manifest(path.read_bytes()) if path.is_file() and (folder / MODEL_NAME).is_file() else None
