# SPDX-License-Identifier: Apache-2.0
"""device.py update."""

import argparse
import sys
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from yamnet_tools import cli
from yamnet_tools.errors import UpdateError
from yamnet_tools.updating.image import UpdateImage, read_update
from yamnet_tools.updating.send import Outcome, Updater
from yamnet_tools.updating.signing import SigningKey

_DIGITS = 8


class Updatable(Protocol):
    """A device in the network."""

    updater: Updater


def add_update_options(parser: argparse.ArgumentParser) -> None:
    """What device.py update can be told."""
    action = parser.add_mutually_exclusive_group()
    action.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="an app (.bin), or a model partition")
    action.add_argument("--back", choices=["firmware", "model"], help="go back to the one before")
    action.add_argument(
        "--key", metavar="PEM|none", help="whose signature updates need from now on: a private key's, or nobody's"
    )
    parser.add_argument(
        "--sign-key", type=Path, metavar="PEM", help="the private key that signs, where the device wants it"
    )


def run_update(device: Updatable, options: argparse.Namespace) -> int:
    """Replace firmware or model, go back, set the key, or say what there is; returns the exit code.

    Raises:
        YamnetToolsError: a file that cannot be used, or what `Updater` raises.
    """
    updater = device.updater
    key = SigningKey(options.sign_key) if options.sign_key else None
    if options.image is not None:
        return _send(updater, read_update(options.image), key)
    if options.back is not None:
        return _tell(updater.go_back(options.back))
    if options.key is not None:
        return _set_key(updater, options.key, key)
    return _show(updater.state())


def _send(updater: Updater, image: UpdateImage, key: SigningKey | None) -> int:
    cli.say(f"{image.kind}: {image.name}, {len(image.data):,} bytes")
    with tqdm(
        total=len(image.data), unit="B", unit_scale=True, desc="sending", leave=False, file=sys.stderr, disable=None
    ) as bar:
        return _tell(updater.send(image, key, lambda done, _: bar.update(done - bar.n)))


def _set_key(updater: Updater, new: str, old: SigningKey | None) -> int:
    public = "" if new == "none" else SigningKey(Path(new)).public_pem
    if old is None and updater.state()["owner_key"] is not None:
        raise UpdateError("the device has a key already, which must sign for its change: --sign-key")
    updater.set_key(public, old.sign_change(public) if old else "")
    return _show(updater.state())


def _tell(outcome: Outcome) -> int:
    print(outcome.text)
    return cli.EXIT_OK if outcome.kept else cli.EXIT_FAILED


def _show(state: dict[str, Any]) -> int:
    for kind, name in (("firmware", "version"), ("model", "name")):
        there = state[kind]
        if there is None:
            print(f"{kind:<10} none")
            continue
        before = there["previous"]
        print(
            f"{kind:<10} {_image(there, name)}, {there['state']}; before: {_image(before, name) if before else 'none'}"
        )
        if reason := state[f"no_{kind}"]:
            print(f"{'':<10} cannot be replaced: {reason}")
    print(f"{'last':<10} {state['last'] or 'no update'}")
    print(f"{'signed by':<10} {state['owner_key'] or 'nobody: unsigned ones are taken'}")
    return cli.EXIT_OK


def _image(image: dict[str, Any], name: str) -> str:
    return f"{image[name]} ({image['sha256'][:_DIGITS]})"
