# SPDX-License-Identifier: Apache-2.0
"""tools/fleet.py from its command line to its exit code."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from yamnet_tools import cli
from yamnet_tools.device.http_address import HttpAddress
from yamnet_tools.device.owner_token import VARIABLE
from yamnet_tools.errors import DeviceError, YamnetToolsError
from yamnet_tools.files import write_bytes
from yamnet_tools.fleet import discovery, list_file
from yamnet_tools.fleet.member import Member
from yamnet_tools.fleet.prometheus import Gateway, direct_targets
from yamnet_tools.fleet.pull import Pull
from yamnet_tools.fleet.push import Push
from yamnet_tools.fleet.pushed import Pushed
from yamnet_tools.fleet.rules import rules_reader
from yamnet_tools.fleet.settings import settings_reader
from yamnet_tools.fleet.status import run_status
from yamnet_tools.fleet.together import for_each
from yamnet_tools.fleet.update import FleetUpdate
from yamnet_tools.fleet.waves import Rollout
from yamnet_tools.updating.image import read_update
from yamnet_tools.updating.send import VERDICT_S
from yamnet_tools.updating.signing import SigningKey

_TIMEOUT_S = 5.0
_AT_ONCE = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Look after a fleet as the command line says; returns the exit code: 1 when a device is not as it should be.

    Raises:
        YamnetToolsError: the list or a file cannot be used; what is wrong with one device is a line of its own.
    """
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Looks after many devices: finds them, shows how they are, sets, updates, and pulls what they keep.",
        epilog=f"Tokens are in the list of devices, or one for all in ${VARIABLE}. docs/fleet.md tells more.",
    )
    _add_common(parser, defaults=True)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        _add_common(sub, defaults=False)
        return sub

    finding = command("find", _find, "devices that announce themselves in this network (mDNS)")
    finding.add_argument("--seconds", type=cli.number(float, 0.1), default=discovery.SECONDS, help="%(default)g")
    finding.add_argument("--json", action="store_true", help="one line a device")
    finding.add_argument(
        "--write", type=Path, metavar="FILE", help="put new ones into a list, to be given their tokens"
    )
    showing = command("status", lambda options: run_status(_members(options), options), "how devices are, side by side")
    showing.add_argument(
        "--once", action="store_true", help="no live table: one, and an exit code of 1 if one is not well"
    )
    showing.add_argument("--json", action="store_true", help="a line of JSON each time")
    showing.add_argument("--every", type=cli.number(float, 0.1), default=5.0, metavar="S", help="seconds (%(default)g)")
    for name, text in (
        ("rules", "run and store one rule document (docs/rules.md) on all devices"),
        ("settings", "set what a TOML file names: [settings], [clock], [mqtt], [webhook]"),
    ):
        pushing = command(name, _push, text)
        pushing.set_defaults(reader=rules_reader if name == "rules" else settings_reader)
        pushing.add_argument("file", type=Path, metavar="FILE")
        pushing.add_argument("--dry-run", action="store_true", help="change nothing; show what differs")
        pushing.add_argument("--replace", action="store_true", help="also what somebody else has set")
    _add_update(command("update", _update, "bring firmware or a model to all devices, in waves"))
    pulling = command("pull", _pull, "fetch clips and journals that are not there yet")
    pulling.add_argument("folder", type=Path, metavar="DIR", help="gets a folder for each device")
    only = pulling.add_mutually_exclusive_group()
    only.add_argument("--no-clips", action="store_true", help="journals only")
    only.add_argument("--no-journal", action="store_true", help="clips only")
    watching = command(
        "prometheus", _prometheus, "targets for Prometheus, as a file or by a gateway that has the tokens"
    )
    way = watching.add_mutually_exclusive_group(required=True)
    way.add_argument("--out", type=Path, metavar="FILE", help="targets for file_sd; devices must be open for reading")
    way.add_argument("--serve", type=cli.number(int, 0, 65535), metavar="PORT", help="http_sd and metrics on 127.0.0.1")
    return parser


def _add_common(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    """Options that may stand before the command and after it, where they have no defaults."""

    def default(value: object) -> object:
        return value if defaults else argparse.SUPPRESS

    group = parser.add_argument_group("the fleet")
    group.add_argument(
        "--list", type=Path, default=default(None), metavar="FILE", help=f"the devices ({list_file.DEFAULT})"
    )
    group.add_argument("--only", action="append", default=default(None), metavar="NAME", help="of these; repeatable")
    group.add_argument(
        "--timeout",
        type=cli.number(float, 0.001),
        default=default(_TIMEOUT_S),
        metavar="S",
        help=f"seconds for an answer ({_TIMEOUT_S:g})",
    )
    group.add_argument(
        "--at-once", type=cli.number(int, 1, 256), default=default(_AT_ONCE), metavar="N", help=f"devices ({_AT_ONCE})"
    )


def _add_update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path, metavar="IMAGE", help="an app (.bin), or a model partition")
    parser.add_argument("--sign-key", type=Path, metavar="PEM", help="the private key that signs, where they want it")
    parser.add_argument("--dry-run", action="store_true", help="change nothing; show the waves")
    parser.add_argument(
        "--canary", action="append", default=[], metavar="NAME", help="the first wave (the first device); repeatable"
    )
    parser.add_argument(
        "--failures",
        type=cli.number(int, 1),
        default=1,
        metavar="N",
        help="stop after the wave with so many (%(default)s)",
    )
    parser.add_argument(
        "--patience",
        type=cli.number(float, 1),
        default=VERDICT_S,
        metavar="S",
        help="seconds that a device may take to judge it (%(default)g)",
    )


def _members(options: argparse.Namespace) -> list[Member]:
    """The devices of the list, or those that are found where there is none and none is named."""
    path = options.list or list_file.DEFAULT
    if options.list is None and not path.exists():
        members = [
            Member(found.host.removesuffix(".local"), HttpAddress.parse(found.url, "mDNS:"), None, f"list it in {path}")
            for found in discovery.find()
        ]
        if not members:
            raise DeviceError(
                f"no device announces itself in this network, and there is no {path}; --list names another"
            )
    else:
        members = list_file.members(path, list_file.read(path), lambda ids: discovery.find(wanted=ids))
    for name in options.only or []:
        _named(members, name, "--only")
    chosen = [member for member in members if options.only is None or member.name in options.only]
    if not chosen:
        raise DeviceError(f"{path}: there is no device in it")
    return chosen


def _named(members: Sequence[Member], name: str, option: str) -> Member:
    for member in members:
        if member.name == name:
            return member
    raise DeviceError(f"{option} {name}: there is none; there are {', '.join(member.name for member in members)}")


def _find(options: argparse.Namespace) -> int:
    found = discovery.find(options.seconds)
    for device in found:
        row = f"{device.id:<16} {device.url:<28} {device.host:<22} {device.version:<10} {device.name}"
        print(json.dumps(vars(device)) if options.json else row)
    if not found:
        cli.say("no device announces itself; is it on, and in this network?")
    if options.write:
        new = list_file.add(options.write, found)
        cli.say(f"{options.write}: {', '.join(new) + ': give each its token' if new else 'nothing new'}")
    return cli.EXIT_OK if found else cli.EXIT_FAILED


def _push(options: argparse.Namespace) -> int:
    pushed = Pushed(options.list or list_file.DEFAULT)
    push = Push(options.reader(options.file), pushed, options.dry_run, options.replace, options.timeout)
    code = cli.EXIT_OK
    for member, result in for_each(_members(options), push.to, options.at_once):
        if isinstance(result, YamnetToolsError):
            cli.say(f"{member.name}: {cli.one_line(str(result))}")
            code = cli.EXIT_FAILED
            continue
        for row in result.lines:
            print(_shown(f"{member.name}: {row}"), flush=True)
        code = cli.EXIT_FAILED if result.refused else code
    return code


def _update(options: argparse.Namespace) -> int:
    image = read_update(options.image)
    key = SigningKey(options.sign_key) if options.sign_key else None
    members = _members(options)
    canaries = [_named(members, name, "--canary") for name in options.canary]
    rollout = Rollout(
        FleetUpdate(image, key, options.patience),
        max(1, len(canaries)),
        options.failures,
        options.at_once,
        options.timeout,
        lambda line: print(_shown(line), flush=True),
    )
    outcome = rollout.run([*canaries, *(m for m in members if m not in canaries)], dry_run=options.dry_run)
    told = {
        "run it" if not options.dry_run else "would run it": outcome.done,
        "failed": outcome.failed,
        "left out": outcome.left_out,
        "not tried": outcome.not_tried,
    }
    cli.say("; ".join(f"{len(names)} {what}" for what, names in told.items() if names))
    if outcome.not_tried:
        cli.say("stopped; run it again to go on, once it is known why")
    return cli.EXIT_OK if outcome.complete else cli.EXIT_FAILED


def _pull(options: argparse.Namespace) -> int:
    pull = Pull(
        options.folder,
        not options.no_clips,
        not options.no_journal,
        options.timeout,
        lambda line: print(line, flush=True),
    )
    code = cli.EXIT_OK
    for member, result in for_each(_members(options), pull.from_, options.at_once):
        if isinstance(result, YamnetToolsError):
            cli.say(f"{member.name}: {cli.one_line(str(result))}")
            code = cli.EXIT_FAILED
        else:
            print(f"{member.name}: {result}", flush=True)
    return code


def _prometheus(options: argparse.Namespace) -> int:
    if options.out is not None:
        targets = direct_targets(_members(options))
        write_bytes(options.out, json.dumps(targets, indent=1).encode() + b"\n")
        print(f"{options.out}: {len(targets)} targets")
        return cli.EXIT_OK
    with Gateway(lambda: _members(options), options.serve, options.timeout) as gateway:
        print(f"http://{gateway.address}/targets", flush=True)
        gateway.serve_forever()
    return cli.EXIT_OK


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
