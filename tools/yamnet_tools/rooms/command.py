# SPDX-License-Identifier: Apache-2.0
"""tools/evaluate_rooms.py: mixes streams, scores them as the device does, and holds rules against what was in them."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from yamnet_tools import cli
from yamnet_tools.document_section import insert_section
from yamnet_tools.engines import DEFAULT_ENGINE, ENGINE_NAMES, Engine, open_engine
from yamnet_tools.errors import TruncatedError, UsageError
from yamnet_tools.evaluate.text_report import markdown
from yamnet_tools.events.clips import INDEX_NAME, LabelledClip
from yamnet_tools.events.scored import scored_from_cache
from yamnet_tools.files import refuse_places, write_bytes
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.paths import CHECKOUT, DEFAULT_MODEL, OUT_DIR, model_files
from yamnet_tools.rooms import backgrounds, document
from yamnet_tools.rooms.acoustics import FARTHEST_M, Place
from yamnet_tools.rooms.alarms import lengthened
from yamnet_tools.rooms.contenders import PLAIN, PRESETS, Contender, open_contender
from yamnet_tools.rooms.page import html_page, snippets, write_snippets
from yamnet_tools.rooms.recordings import SIDES, Recording, choose_side, load, read_folders, recognised
from yamnet_tools.rooms.results import Results, main_table, to_json
from yamnet_tools.rooms.sounds import Sound, require_classes, sound_of, with_labels
from yamnet_tools.rooms.streams import Section, Setting, Wanted, sections, synthetic_alarms
from yamnet_tools.rooms.verdicts import Told, judge

_SHARED = CHECKOUT.parent / "shared"
_DEFAULT_FOLDERS = (_SHARED / "audio", _SHARED / "audio_rooms")
_SYNTHETIC = 24

_EPILOG = """\
Recordings are split in two by where they come from: choose rules on --side tune, judge them on --side check. Only
recordings in which the network hears what their label says when they are clean are placed, unless --all is given.
Scores are kept in --cache, so that other rules on the same stream cost seconds.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: rules, recordings or the model cannot be used.
    """
    options = _parser().parse_args(arguments)
    model = load_model(options.model)
    sounds = with_labels(options.label)
    require_classes(sounds, model.class_names)
    contenders = [open_contender(name, model) for name in options.rules or (PRESETS, PLAIN)]
    if len({each.name for each in contenders}) < len(contenders):
        raise UsageError("--rules: two of them have one name; rename a file")
    folders = options.audio or [folder for folder in _DEFAULT_FOLDERS if folder.is_dir()]
    if not folders:
        raise UsageError("--audio: name a folder of recordings with an index.csv")
    clips = choose_side(read_folders(folders), options.side)
    page = options.out / "rooms.html"
    outputs = [page, options.out / "rooms.json", *([options.write] if options.write else [])]
    inputs = [*(folder / INDEX_NAME for folder in folders), *(clip.path for clip in clips)]
    refuse_places(outputs, [*model_files(options.model), *inputs])
    setting = Setting(
        backgrounds=tuple(options.background or backgrounds.NAMES),
        snrs_db=tuple(options.snr or (20.0, 10.0, 5.0, 0.0, -5.0)),
        hours=options.hours,
        place=Place(options.distance, options.reverberation),
        microphone_dbfs=options.microphone_noise,
        seed=options.seed,
    )
    engine = open_engine(options.engine, model)
    cut_short: list[TruncatedError] = []
    results, recordings, wanted = evaluate(
        setting, options.side, clips, contenders, sounds, model, engine, options.cache, options.all, cut_short
    )
    print(markdown(main_table(results)))
    cut = snippets(results, options.snippets)
    with tqdm(total=setting.sections, unit="section", disable=None) as bar:
        every = [each for missed, false in cut.values() for each in (*missed, *false)]
        write_snippets(page.with_suffix(""), every, sections(setting, wanted, recordings), bar.update)
    write_bytes(options.out / "rooms.json", to_json(results).encode())
    write_bytes(page, html_page(results, cut, page.stem).encode())
    cli.say(f"wrote {page}, rooms.json and {len({each.file for each in every})} snippets beside it")
    if options.write:
        command = shlex.join(["python", "tools/evaluate_rooms.py", *(arguments or sys.argv[1:])])
        insert_section(options.write, *document.MARKS, document.section(results, command))
    for error in cut_short:
        cli.say(f"{error}; heard as far as it goes")
    return cli.EXIT_FAILED if cut_short else cli.EXIT_OK


def evaluate(
    setting: Setting,
    side: str,
    clips: Sequence[LabelledClip],
    contenders: Sequence[Contender],
    sounds: dict[str, Sound],
    model: YamnetModel,
    engine: Engine,
    cache: Path,
    every_recording: bool,
    cut_short: list[TruncatedError],
) -> tuple[Results, list[Recording], list[Wanted]]:
    """Make the stream, score it and judge all contenders; also returns what the stream is made of."""
    recordings = load(clips, cut_short.append)
    candidates = [*recordings, *synthetic_alarms(_SYNTHETIC, setting.seed)]
    known = recognised(candidates, sounds, model, engine)
    counts: dict[str, tuple[int, int]] = {}
    wanted = []
    for recording, is_known in zip(candidates, known, strict=True):
        sound = sound_of(recording.label, sounds)
        if sound is None:
            wanted.append(Wanted(recording, None))
            continue
        count, known_count = counts.get(sound.name, (0, 0))
        counts[sound.name] = (count + 1, known_count + is_known)
        if is_known or every_recording or recording not in recordings:
            longer = replace(recording, signal=lengthened(recording.signal, sound.least_s))
            wanted.append(Wanted(longer, sound.name))
    listed: list[Section] = []
    told: dict[str, dict[str, list[list[Told]]]] = {each.name: {sound: [] for sound in counts} for each in contenders}
    chosen = [sounds[name] for name in counts]
    with tqdm(total=setting.sections, unit="section", disable=None) as bar:
        for section, pcm in sections(setting, wanted, recordings):
            audio = scored_from_cache(pcm, model, engine, cache)
            listed.append(section)
            for contender in contenders:
                for name, events in contender.told(audio, chosen).items():
                    told[contender.name][name].append(events)
            bar.update()
    verdicts = {
        contender: {name: judge(listed, events, sounds[name]) for name, events in by_sound.items()}
        for contender, by_sound in told.items()
    }
    ordered = {name: counts[name] for name in sounds if name in counts}
    return Results(setting, side, ordered, verdicts), recordings, wanted


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Mix labelled recordings into backgrounds at known signal to noise, listen as the device does, and tell how"
        " much is found, how late, and how often something is told for nothing.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("--audio", type=Path, action="append", metavar="DIR",
        help="recordings with an index.csv (columns path, label); may be given again; default: ../shared/audio and"
        " ../shared/audio_rooms")  # fmt: skip
    add("--label", action="append", default=[], metavar="LABEL=SOUND", help="a label of yours, and the sound it means")
    add("--rules", action="append", metavar="NAME",
        help=f"`{PRESETS}` (all that ship), a preset, a rule file, or"
        f" `{PLAIN}`: one class at 0.5; may be given again; default: {PRESETS} and {PLAIN}")  # fmt: skip
    add("--side", choices=(*SIDES, "both"), default="check", help="which half of the recordings; default: check")
    add("--all", action="store_true", help="place recordings that the network does not recognise when clean, too")
    add("--hours", type=cli.number(float, 0.25, 1000), default=6.0, help="length of the stream; default: 6")
    add("--background", action="append", choices=backgrounds.NAMES, help="may be given again; default: all")
    add("--snr", type=cli.number(float, -30, 60), action="append", metavar="DB",
        help="may be given again; default: 20, 10, 5, 0 and -5")  # fmt: skip
    add("--distance", type=cli.number(float, 0.1, FARTHEST_M), default=1.0, metavar="M",
        help="from the microphone: lowers the level in the quiet room, feeds reverberation; default: 1")  # fmt: skip
    add("--reverberation", type=cli.number(float, 0, 5), default=0.0, metavar="S",
        help="in which the room's reverberation falls by 60 dB; needs pyroomacoustics; default: 0, none")  # fmt: skip
    add("--microphone-noise", type=cli.number(float, -140, 0), default=-87.0, metavar="DBFS",
        help="RMS of the microphone's own noise; default: -87")  # fmt: skip
    add("--engine", choices=ENGINE_NAMES, default=DEFAULT_ENGINE)
    add("--model", type=Path, default=DEFAULT_MODEL, metavar="PATH")
    add("--seed", type=cli.number(int, 0), default=1)
    add("--snippets", type=cli.number(int, 0), default=1000, metavar="N",
        help="most misses and false alarms to be played, for each sound and set of rules; default: 1000")  # fmt: skip
    add("--out", type=Path, default=OUT_DIR / "rooms", metavar="DIR", help="for rooms.html, rooms.json and snippets")
    add("--cache", type=Path, default=OUT_DIR / "rooms" / "scores", metavar="DIR", help="for scores")
    add("--write", type=Path, metavar="FILE.md", help="put the figures into this document, too")
    return parser
