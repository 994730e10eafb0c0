# SPDX-License-Identifier: Apache-2.0
"""tools/report_accuracy.py: builds every model, scores them on the same clips, writes docs/accuracy.md and the card."""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from yamnet_tools import cli
from yamnet_tools.document_section import insert_section
from yamnet_tools.engines import DEFAULT_ENGINE
from yamnet_tools.errors import SourceError
from yamnet_tools.evaluate.accuracy_page import MAIN, MARKS, WITH_ABLATION, Report, accuracy_page
from yamnet_tools.evaluate.command import open_scorers, to_json
from yamnet_tools.evaluate.dataset import read_dataset
from yamnet_tools.evaluate.evaluation import Settings, all_class_names, evaluate
from yamnet_tools.evaluate.html_report import html_report
from yamnet_tools.evaluate.labels import read_label_map
from yamnet_tools.evaluate.model_card import model_card
from yamnet_tools.evaluate.provenance import provenance
from yamnet_tools.evaluate.reuse import made_once
from yamnet_tools.files import write_bytes
from yamnet_tools.model import convert
from yamnet_tools.model.manifest import Manifest, read_manifest
from yamnet_tools.model.source import WEIGHTS, Search, find_weights
from yamnet_tools.paths import CHECKOUT, CLASS_MAP_NAME, MANIFEST_NAME, MODEL_NAME, OUT_DIR
from yamnet_tools.quantise.ablation import PREDECESSOR, VARIANTS, build_variants
from yamnet_tools.quantise.conversion import DEFAULT_CALIBRATION, DEFAULT_STEPS, FLOAT_NAME, convert_float
from yamnet_tools.quantise.float_source import FloatSource, find_float_weights

ABLATION_PATCHES = 128
WAYS = "ways"

_EPILOG = """\
Models stay in --work; a later run makes again only those whose weights, settings or programs have changed, so that new
clips or a new wording of the pages cost minutes.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the report as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: weights, models or data cannot be used.
    """
    options = _parser().parse_args(arguments)
    clips = read_dataset(options.data)
    work: Path = options.work
    source = find_float_weights(None)
    made_once(
        work / "graft", work / "graft" / MODEL_NAME, {"weights": WEIGHTS.sha256},
        lambda: convert(None, work / "graft", report=cli.say),
    )  # fmt: skip
    keras = options.keras or _make_keras(source, work / "keras", options.calib_count, options.tuning_steps)
    manifest = _read_manifest(keras)
    if source.sha256 != manifest.source.sha256:
        raise SourceError(f"{keras}: made from other weights than {source.path}; convert again")
    make_variants(source, work / WAYS, keras / CLASS_MAP_NAME)
    scorers = open_scorers(_models(work, keras), DEFAULT_ENGINE, ablation=False)
    with tqdm(total=len(clips), unit="clip", disable=None) as bar:
        evaluation = evaluate(
            scorers, clips, read_label_map(None, all_class_names(scorers)), 0, Settings(),
            lambda done: bar.update(done - bar.n),
        )  # fmt: skip
    made = f", {options.calib_count} calibration patches of made-up sounds and half as many impressions of classes"
    if options.tuning_steps:
        made += f", {options.tuning_steps} steps of fine-tuning"
    report = Report(
        evaluation=evaluation,
        graft=_read_manifest(work / "graft"),
        keras=manifest,
        graft_source_sha256=WEIGHTS.sha256,
        provenance=provenance(source),
        recipe="" if options.keras else made,
    )
    write_bytes(work / "report.json", to_json(evaluation))
    write_bytes(work / "report.html", html_report(evaluation).encode())
    page = options.docs / "accuracy.md"
    insert_section(page, *MARKS, accuracy_page(report))
    write_bytes(options.docs / "model-card.md", model_card(report).encode())
    cli.say(f"wrote {page}, {options.docs / 'model-card.md'} and {work / 'report.html'}")
    return cli.EXIT_OK


def _make_keras(source: FloatSource, folder: Path, calibration_count: int, tuning_steps: int) -> Path:
    """The quantised float network and the float one; returns their folder."""
    settings: dict[str, object] = {
        "weights": source.sha256,
        "calibration_count": calibration_count,
        "tuning_steps": tuning_steps,
    }
    made_once(
        folder, folder / FLOAT_NAME, settings,
        lambda: convert_float(
            source.path, folder, calibration_count=calibration_count, tuning_steps=tuning_steps, keep_float=True,
            report=cli.say,
        ),
    )  # fmt: skip
    return folder


def make_variants(source: FloatSource, folder: Path, class_map: Path) -> None:
    """Quantise in each of the simpler ways, each in a folder of its own; once for the same weights."""
    ways = (*VARIANTS, PREDECESSOR)

    def make() -> None:
        for variant, data in build_variants(source.network, ways, ABLATION_PATCHES, 0, cli.say):
            write_bytes(folder / variant.name / MODEL_NAME, data)
            shutil.copy(class_map, folder / variant.name / CLASS_MAP_NAME)

    settings: dict[str, object] = {"weights": source.sha256, "ways": [asdict(variant) for variant in ways]}
    made_once(folder, folder / ways[-1].name / MODEL_NAME, settings, make)


def _models(work: Path, keras: Path) -> list[str]:
    """All that is scored, as NAME=PATH; the float network comes first, as the reference."""
    paths = {variant.name: work / WAYS / variant.name / MODEL_NAME for variant in (*VARIANTS, PREDECESSOR)}
    paths |= {
        "float": keras / FLOAT_NAME,
        "keras": keras / MODEL_NAME,
        "graft": work / "graft" / MODEL_NAME,
        "google": find_weights(Search()).path,
    }
    names = dict.fromkeys((*MAIN, *paths))
    return [f"{name}={paths[name]}" for name in names] + [f"{name}@power={paths[name]}" for name in WITH_ABLATION]


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST_NAME
    if not path.is_file() or not (folder / MODEL_NAME).is_file():
        raise SourceError(f"{folder}: no {MODEL_NAME} with its {MANIFEST_NAME}")
    return read_manifest(path.read_bytes())


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Build the graft, the quantised float network and simpler ways to quantise it, score them all on labelled"
        " recordings that none of them was calibrated on, and write docs/accuracy.md and docs/model-card.md.",
        epilog=_EPILOG,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="labelled recordings")
    parser.add_argument("--work", type=Path, default=OUT_DIR / "accuracy", metavar="DIR", help="for models")
    parser.add_argument("--docs", type=Path, default=CHECKOUT / "docs", metavar="DIR")
    parser.add_argument(
        "--keras", type=Path, metavar="DIR",
        help="take the quantised float network that convert_yamnet.py --source keras --keep-float wrote there",
    )  # fmt: skip
    parser.add_argument("--calib-count", type=cli.number(int, 8, 16_384), default=DEFAULT_CALIBRATION, metavar="N")
    parser.add_argument("--tuning-steps", type=cli.number(int, 0, 20_000), default=DEFAULT_STEPS, metavar="N")
    return parser
