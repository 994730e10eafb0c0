# SPDX-License-Identifier: Apache-2.0
"""The broker a simulated device is started with, from the command line."""

import argparse
import json
import os
import re
from pathlib import Path

from yamnet_tools.errors import DeviceError

SETTINGS_KEY = "home_link/mqtt"
"""Under which a device keeps its broker in its settings."""

_PASSWORD_VARIABLE = "YAMNET_MQTT_PASSWORD"
_PLAIN_PORT, _TLS_PORT = 1883, 8883
_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a broker."""
    group = parser.add_argument_group("MQTT", "for Home Assistant (docs/home-assistant.md)")
    group.add_argument("--mqtt", metavar="HOST[:PORT]", help="tell Home Assistant by this broker")
    group.add_argument(
        "--mqtt-user", default="", metavar="NAME", help=f"its password is taken from ${_PASSWORD_VARIABLE}"
    )
    group.add_argument("--mqtt-ca", type=Path, metavar="PEM", help="use TLS; the broker's certificate comes from it")
    group.add_argument(
        "--mqtt-fingerprint", default="", metavar="HEX", help="use TLS; the SHA-256 of the broker's certificate"
    )
    group.add_argument(
        "--mqtt-discovery",
        choices=("device", "entities"),
        default="device",
        help="one message for the device, or one for each entity as before Home Assistant 2024.11 (%(default)s)",
    )
    group.add_argument(
        "--id",
        default="simulated",
        type=_id,
        help="in topics and unique ids, each device's own (%(default)s)",
    )


def settings_of(options: argparse.Namespace) -> dict[str, bytes]:
    """The device's settings for the broker that is asked for; none where none is.

    Raises:
        DeviceError: the options contradict each other, or a file cannot be read.
    """
    if options.mqtt is None:
        if options.mqtt_ca or options.mqtt_fingerprint or options.mqtt_user:
            raise DeviceError("--mqtt-…: name the broker, too, by --mqtt HOST[:PORT]")
        return {}
    address = _ADDRESS.fullmatch(options.mqtt)
    if address is None or (address["port"] and not 0 < int(address["port"]) < 65536):
        raise DeviceError(f"--mqtt {options.mqtt}: this is no HOST or HOST:PORT")
    if options.mqtt_ca and options.mqtt_fingerprint:
        raise DeviceError("--mqtt-ca, --mqtt-fingerprint: one of them says which broker is the right one")
    tls = bool(options.mqtt_ca or options.mqtt_fingerprint)
    mqtt = {
        "on": True,
        "host": address["v6"] or address["host"],
        "port": int(address["port"] or (_TLS_PORT if tls else _PLAIN_PORT)),
        "user": options.mqtt_user,
        "password": os.environ.get(_PASSWORD_VARIABLE, "") if options.mqtt_user else "",
        "tls": tls,
        "ca": _read(options.mqtt_ca) if options.mqtt_ca else "",
        "fingerprint": options.mqtt_fingerprint,
        "discovery": options.mqtt_discovery,
        "discovery_prefix": "homeassistant",
        "topic_prefix": "yamnet",
    }
    return {SETTINGS_KEY: json.dumps(mqtt).encode()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this is no certificate in PEM form"
        raise DeviceError(f"--mqtt-ca {path}: {reason}") from error


def _id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", text):
        raise argparse.ArgumentTypeError("letters, digits, '_' and '-', 32 at most")
    return text
