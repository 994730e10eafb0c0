# SPDX-License-Identifier: Apache-2.0
"""tools/device.py from its command line to its exit code."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device_core import presets
from yamnet_tools import cli
from yamnet_tools.device import clips, console_commands, network, record
from yamnet_tools.device.answers import RuleState
from yamnet_tools.device.any_device import AnyDevice
from yamnet_tools.device.client import Device
from yamnet_tools.device.clips import Clips
from yamnet_tools.device.conversation import TIMEOUT_S
from yamnet_tools.device.heard import Heard, Told
from yamnet_tools.device.http_address import HttpAddress, is_http
from yamnet_tools.device.http_device import HttpDevice
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.device.line import BAUD
from yamnet_tools.device.owner_token import VARIABLE, find_token, prompt_for_token
from yamnet_tools.device.ports import find_port
from yamnet_tools.device.time_command import keep_time, run_time
from yamnet_tools.errors import UsageError
from yamnet_tools.events.rules import rule_document
from yamnet_tools.paths import DEFAULT_MODEL
from yamnet_tools.updating.command import add_update_options, run_update

_WAYS = {Device: "the serial console: --port PORT", HttpDevice: "HTTP: --port http://yamnet-1a2b.local"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask a device what the command line says; returns the exit code: 1 when the device is not as it should be.

    Raises:
        UsageError: the command needs another way to the device.
        YamnetToolsError: no device, no answer, or a file that cannot be used.
    """
    options = _parser().parse_args(arguments)
    port = options.port or ("" if options.needs is HttpDevice else find_port())
    if options.needs not in (None, HttpDevice if is_http(port) else Device):
        raise UsageError(f"{options.command} needs {_WAYS[options.needs]}, not {port or 'a serial port'}")
    with _open(port, options) as device:
        if isinstance(device, Device) and options.run is not run_time and (said := keep_time(device, options.timeout)):
            cli.say(said)
        code = options.run(device, options)
        if device.trouble:
            cli.say(device.trouble)
    return int(code)


def _open(port: str, options: argparse.Namespace) -> Device | HttpDevice:
    if is_http(port):
        address, token = HttpAddress.parse(port), find_token(options.token)
        return HttpDevice(HttpLine(address, timeout_s=options.timeout, token=token, prompt=prompt_for_token))
    show_log = not options.no_log and options.run not in (_listen, _log)
    on_log: Callable[[str], None] = (lambda line: cli.say(f"| {line}")) if show_log else (lambda _: None)
    return Device.open(port, options.baud, timeout_s=options.timeout, on_log=on_log)


def _add_line_options(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    """The options of the line. They may stand before the command and after it, where they have no defaults."""

    def default(value: object) -> object:
        return value if defaults else argparse.SUPPRESS

    group = parser.add_argument_group("the line")
    group.add_argument(
        "--port",
        default=default(None),
        metavar="PORT",
        help="/dev/ttyACM0, COM3, socket://host:port, http://yamnet-1a2b.local",
    )
    group.add_argument(
        "--token",
        default=default(None),
        metavar="TOKEN",
        help=f"the owner's, for http:// (${VARIABLE}, which others on this computer do not see; else it is asked for)",
    )
    group.add_argument(
        "--baud", type=cli.number(int, 1), default=default(BAUD), metavar="N", help=f"{BAUD}; USB takes any"
    )
    group.add_argument(
        "--timeout",
        type=cli.number(float, 0.001),
        default=default(TIMEOUT_S),
        metavar="S",
        help=f"seconds for an answer ({TIMEOUT_S:g})",
    )
    group.add_argument(
        "--no-log", action="store_true", default=default(False), help="do not show the device's log lines"
    )


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("Ask a board, QEMU or the simulated device over its serial console or over HTTP.")
    _add_line_options(parser, defaults=True)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[..., int], text: str, needs: type[Device] | type[HttpDevice] | None = None
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run, command=name, needs=needs)
        _add_line_options(sub, defaults=False)
        return sub

    _add_json(command("info", _info, "what runs there, and how it is"))
    scoring = command(
        "score",
        console_commands.run_score,
        "score recordings, or patches: int8 .npy, .npz of classify.py --scores, .bin of 6,144 bytes each",
        Device,
    )
    scoring.add_argument("files", nargs="+", type=Path, metavar="FILE")
    scoring.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="for the names (out/model/yamnet.tflite)")
    scoring.add_argument("--json", action="store_true", help="one line a patch: all int8 scores")
    _add_json(command("profile", console_commands.run_profile, "cycles of one inference, operator by operator", Device))
    _add_json(command("selftest", console_commands.run_selftest, "score the stored patch now and compare", Device))
    listening = command("listen", _listen, "a live table of what the device hears")
    _add_seconds(listening)
    comparing = command(
        "compare",
        console_commands.run_compare,
        "send recordings, and set the device's scores beside the host's",
        Device,
    )
    comparing.add_argument("clips", nargs="+", metavar="CLIP", help="recordings or folders")
    comparing.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="out/model/yamnet.tflite")
    comparing.add_argument("--json", action="store_true", help="one line a recording")
    ruling = command("rules", _rules, "the event rules that run; with FILE, replace them (docs/rules.md)")
    _add_json(ruling)
    change = ruling.add_mutually_exclusive_group()
    change.add_argument(
        "file",
        nargs="?",
        metavar="FILE|PRESET",
        help=f"a rule document to run and store: {', '.join(sorted(presets()))}",
    )
    change.add_argument("--show", action="store_true", help="print the document that runs")
    change.add_argument("--presets", action="store_true", help="go back to the presets")
    _add_json(command("events", _events, "what goes on, the latest events, and where they are kept"))
    storing = command("storage", _storage, "where events are kept; clear a volume that holds something else")
    storing.add_argument(
        "--format", metavar="VOLUME", help="clear a volume whose state is 'needs format': what is on it is lost"
    )
    record.add_options(
        command("record", record.run, "clips of its own microphone, to train sounds with (docs/own-sounds.md)")
    )
    _add_clips(command("clips", _clips, "the sound of events", HttpDevice))
    logging = command("log", _log, "over HTTP the latest 200 lines of the log; over a serial line the log as it comes")
    _add_seconds(logging)
    muting = command("mute", _mute, "whether it hears nothing; switch the microphone off or on, for good", HttpDevice)
    muting.add_argument("muted", nargs="?", choices=["on", "off"], help="on: it hears nothing")
    timing = command("time", run_time, "set the clock to this computer's, by cable; over HTTP, show it")
    timing.add_argument("--zone", metavar="NAME", help="set the zone of quiet hours, too, as Europe/Berlin")
    timing.add_argument("--show", action="store_true", help="set no clock")
    network.add_actions(command("network", network.run, "how it is connected; look for networks, join one"))
    command("reboot", _reboot, "restart it and wait for it")
    add_update_options(
        command("update", run_update, "firmware and model; with IMAGE, replace one (docs/updates.md)", HttpDevice)
    )
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the answer as the device gives it")


def _add_seconds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=cli.number(float, 0), default=float("inf"), metavar="S", help="until Ctrl-C")


def _add_clips(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="list|get|play")

    def action(name: str, run: Callable[[Clips, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text)
        sub.set_defaults(run_clips=run)
        _add_line_options(sub, defaults=False)
        return sub

    listing = action("list", clips.run_list, "clips, newest first")
    listing.add_argument(
        "--limit", type=cli.number(int, 1), default=clips.SHOWN, metavar="N", help="at most (%(default)s)"
    )
    listing.add_argument("--before", default="", metavar="NAME", help="only clips older than this one")
    listing.add_argument("--json", action="store_true", help="one line a clip, as the device has it")
    getting = action("get", clips.run_get, "fetch a clip, a WAV file")
    getting.add_argument("name", metavar="NAME")
    getting.add_argument("--out", default="", metavar="DIR|FILE", help="where to (the folder that you are in)")
    action("play", clips.run_play, "play a clip on this computer").add_argument("name", metavar="NAME")


def _info(device: AnyDevice, options: argparse.Namespace) -> int:
    info = device.info()
    if options.json:
        print(json.dumps(info.fields))
    else:
        for name, value in info.fields.items():
            if name == "boot" and info.boot_is_sound:
                _print_boot(value)
            else:
                print(f"{name:<10} {_plain(value)}")
        if token := device.owner_token():
            print(f"{'token':<10} {token}")
    for problem in info.problems():
        cli.say(f"not as the protocol says: {problem}")
    for step in info.failed_steps:
        cli.say(f"boot step failed: {step}")
    return cli.EXIT_OK if info.ready and not info.problems() else cli.EXIT_FAILED


def _print_boot(boot: dict[str, Any]) -> None:
    print(f"{'boot':<10} {_plain({key: value for key, value in boot.items() if key != 'steps'})}")
    for step in boot["steps"]:
        print(f"{'':<10} {'ok    ' if step['ok'] else 'FAILED'} {step['ms']:>6} ms  {step['name']} {step['message']}")


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(map(_plain, value)) if value and isinstance(value[0], dict) else " ".join(map(_plain, value))
    return "-" if value in (None, "") else str(value)


def _listen(device: AnyDevice, options: argparse.Namespace) -> int:
    live = sys.stdout.isatty()
    drawn = 0
    for told in device.hear(options.seconds):
        if isinstance(told, Heard):
            if live and drawn:
                print(f"\x1b[{drawn}A", end="")
            rows = told.table()
            print("\n".join(f"\x1b[2K{row}" if live else row for row in rows), flush=True)
            drawn = len(rows)
            continue
        if isinstance(told, Told):
            print(f"event: {told.text}", flush=True)
        elif not options.no_log:
            cli.say(f"| {told}")
        else:
            continue
        drawn = 0
    return cli.EXIT_OK


def _rules(device: AnyDevice, options: argparse.Namespace) -> int:
    if options.show:
        print(device.rule_document())
        return cli.EXIT_OK
    say = cli.say if options.json else print
    if options.file is not None:
        say(f"{options.file}: {device.set_rules(rule_document(options.file))} rules run now, and after a restart")
    elif options.presets:
        say(f"the {device.set_preset_rules()} rules of the presets run now")
    there = device.rules()
    if options.json:
        rules = [asdict(rule) for rule in there.rules]
        print(json.dumps({"source": there.source, "bytes": there.size, "rules": rules, "off": there.off}))
        return cli.EXIT_OK
    print(f"{len(there.rules)} rules, {there.source}, a document of {there.size:,} bytes")
    for rule in there.rules:
        print(_rule_line(rule))
    for name in there.off:
        print(f"  {name:<20} off")
    return cli.EXIT_OK


def _rule_line(rule: RuleState) -> str:
    return f"  {rule.name:<20} {rule.state:<8} priority {rule.priority}  {rule.title}"


def _events(device: AnyDevice, options: argparse.Namespace) -> int:
    events = device.events()
    if options.json:
        print(json.dumps(events.fields))
        return cli.EXIT_OK
    level, floor = events.fields["level_dbfs"], events.fields["floor_dbfs"]
    known = "" if events.fields["floor_known"] else " (assumed)"
    loudness = "no level yet" if level is None else f"level {level:.1f} dBFS"
    print(f"{loudness}, noise floor {floor:.1f} dBFS{known}; {events.fields['events']} events since the start")
    for rule in events.active:
        print(_rule_line(rule))
    for line in events.latest:
        when = line.get("utc") or f"{line.get('uptime_s')} s after start {line.get('boot')}"
        clip = f", {line['clip']}" if line.get("clip") else ""
        print(f"{when}  {line['id']} {line['rule']} {line['kind']}, {line['duration_s']} s, peak {line['peak']}{clip}")
    print(f"{'storage':<10} {_plain(events.fields['storage'])}")
    return cli.EXIT_OK


def _storage(device: AnyDevice, options: argparse.Namespace) -> int:
    if options.format:
        device.format_storage(options.format)
        print(f"{options.format}: is being cleared; ask again in a moment")
        return cli.EXIT_OK
    storage = device.events().fields["storage"]
    for volume in storage["volumes"]:
        print(f"{volume['name']:<10} {volume['state']}")
    print(f"{'in use':<10} {storage['volume'] or 'none: events are told, and not kept'}")
    return cli.EXIT_OK if storage["volume"] or not storage["volumes"] else cli.EXIT_FAILED


def _clips(device: HttpDevice, options: argparse.Namespace) -> int:
    return int(options.run_clips(device.clips, options))


def _log(device: AnyDevice, options: argparse.Namespace) -> int:
    for line in device.log(options.seconds):
        print(line, flush=True)
    return cli.EXIT_OK


def _mute(device: HttpDevice, options: argparse.Namespace) -> int:
    if options.muted is not None:
        device.mute(options.muted == "on")
    print("muted: it hears nothing" if device.info().fields["muted"] else "not muted")
    return cli.EXIT_OK


def _reboot(device: AnyDevice, _: argparse.Namespace) -> int:
    info = device.reboot()
    print(f"back after its restart; uptime {info.uptime_ms / 1000:.1f} s, {'ready' if info.ready else 'not ready'}")
    return cli.EXIT_OK if info.ready else cli.EXIT_FAILED
