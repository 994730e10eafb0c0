# SPDX-License-Identifier: Apache-2.0
"""tools/simulate_device.py from its command line to its exit code."""

import argparse
import signal
import threading
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from yamnet_tools import cli
from yamnet_tools.errors import DeviceError
from yamnet_tools.paths import MODEL_IMAGE
from yamnet_tools.simulated_device.announcement import Announcement
from yamnet_tools.simulated_device.broker import add_options, settings_of
from yamnet_tools.simulated_device.endpoint import PseudoTerminal, TcpPort
from yamnet_tools.simulated_device.http_server import HttpServer
from yamnet_tools.simulated_device.live import Live, LiveInput, LiveMicrophone
from yamnet_tools.simulated_device.misbehaviour import Misbehaviour
from yamnet_tools.simulated_device.server import Simulator
from yamnet_tools.simulated_device.stored import Faults
from yamnet_tools.simulated_device.wifi import SimulatedRadio, file_air


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a simulated device until Ctrl-C or SIGTERM; returns the exit code.

    Raises:
        YamnetToolsError: there is no image, no recording to play, or the TCP port is taken.
    """
    options = _parser().parse_args(arguments)
    if not options.image.is_file():
        raise DeviceError(f"{options.image}: no model image; make it with tools/mkspiffs_model.py")
    if options.announce and options.http is None:
        raise DeviceError("--announce: what is announced is the HTTP API: --http PORT, too")
    if options.storage:
        _make_folder(options.storage)
    misbehaviour = Misbehaviour(
        drop=options.drop,
        flip=options.flip,
        log_mid_answer=options.log_mid_answer,
        delay=options.delay,
        delay_s=options.delay_seconds,
        reset=options.reset,
        seed=options.seed,
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    live = _live(options)
    with (
        closing(live) if live else nullcontext(),
        closing(PseudoTerminal() if options.tcp is None else TcpPort(options.tcp)) as endpoint,
    ):
        simulator = Simulator(
            endpoint,
            options.image,
            faults=Faults(wrong_model=options.wrong_model, failing_selftest=options.fail_selftest),
            misbehaviour=misbehaviour,
            live=live,
            storage=options.storage,
            name=options.id,
            settings=settings_of(options),
            radio=_radio(options),
            clock_set=not options.no_clock,
            trial_s=options.trial,
            crash_version=options.crash_version,
            heed=_print_connections,
        )
        print(f"simulated device at {endpoint.address}", flush=True)
        if options.http is None:
            simulator.run(stop)
            return cli.EXIT_OK
        with closing(HttpServer(lambda: simulator.device, options.http)) as server:
            simulator.serve_page(f"{server.address}/")
            print(f"{server.address}/, owner's token {simulator.device.token}", flush=True)
            announced = Announcement(simulator.device, options.id, server.port) if options.announce else nullcontext()
            with announced:
                simulator.run(stop)
    return cli.EXIT_OK


def _live(options: argparse.Namespace) -> Live | None:
    if options.mic:
        return LiveMicrophone()
    return LiveInput(options.play) if options.play else None


def _radio(options: argparse.Namespace) -> SimulatedRadio | None:
    if options.wifi is None:
        return None
    return SimulatedRadio(file_air(Path(options.wifi) if options.wifi else None))


def _print_connections(line: str) -> None:
    """How the connections with the network and the broker are."""
    _, _, said = line.partition(") ")
    if said.startswith(("mqtt: ", "network: ")):
        print(said, flush=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeviceError(f"{folder}: --storage wants a folder: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "A device without a board: speaks the serial protocol with the firmware's own portable components and TFLM.",
        epilog="P is a probability from 0 to 1. Ctrl-C ends it.",
    )
    parser.add_argument("--image", type=Path, default=MODEL_IMAGE, help="model partition (out/model/yamnet_spiffs.bin)")
    parser.add_argument(
        "--tcp",
        type=cli.number(int, 0, 65535),
        metavar="PORT",
        help="TCP on 127.0.0.1 instead of a pseudo-terminal; 0: any",
    )
    hears = parser.add_mutually_exclusive_group()
    hears.add_argument("--play", type=Path, metavar="CLIP", help="what it hears, in real time, over and over")
    hears.add_argument("--mic", action="store_true", help="it hears what the microphone of this computer does")
    parser.add_argument(
        "--http",
        type=cli.number(int, 0, 65535),
        metavar="PORT",
        help="serve its page and HTTP API on 127.0.0.1, too; 0: any port",
    )
    parser.add_argument("--announce", action="store_true", help="announce it by mDNS on this computer (with --http)")
    parser.add_argument(
        "--storage", type=Path, metavar="DIR", help="where it keeps clips, journal and updates (else nowhere)"
    )
    parser.add_argument(
        "--wifi",
        nargs="?",
        const="",
        metavar="FILE",
        help="it has Wi-Fi: with the networks of a JSON file, which may change meanwhile, or a few of its own",
    )
    parser.add_argument("--no-clock", action="store_true", help="its clock is not set, as after a board's power-on")
    parser.add_argument(
        "--trial", type=cli.number(float, 0), default=60.0, metavar="S", help="judge a new firmware after S s (60)"
    )
    add_options(parser)
    probability = cli.number(float, 0, 1)
    wrong = parser.add_argument_group("misbehaviour")
    wrong.add_argument("--drop", type=probability, default=0.0, metavar="P", help="a byte is lost, either way")
    wrong.add_argument(
        "--flip", type=probability, default=0.0, metavar="P", help="a byte has a bit flipped, either way"
    )
    wrong.add_argument("--log-mid-answer", type=probability, default=0.0, metavar="P", help="a log line in an answer")
    wrong.add_argument("--delay", type=probability, default=0.0, metavar="P", help="an answer comes late")
    wrong.add_argument(
        "--delay-seconds", type=cli.number(float, 0), default=1.0, metavar="S", help="by so much (%(default)s)"
    )
    wrong.add_argument(
        "--reset", type=probability, default=0.0, metavar="P", help="a reset in the middle of a request or its answer"
    )
    wrong.add_argument("--wrong-model", action="store_true", help="a model whose classes are shifted by one")
    wrong.add_argument("--fail-selftest", action="store_true", help="stored outputs that no kernels give")
    wrong.add_argument(
        "--crash-version", default="", metavar="V", help="a firmware of this version crashes as it starts"
    )
    wrong.add_argument("--seed", type=int, default=0, metavar="N", help="of the chances (%(default)s)")
    return parser
