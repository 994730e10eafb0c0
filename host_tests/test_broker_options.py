# SPDX-License-Identifier: Apache-2.0
"""The broker on simulate_device.py's command line."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from yamnet_tools.errors import DeviceError
from yamnet_tools.simulated_device.broker import SETTINGS_KEY, add_options, settings_of


def settings(*arguments: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_options(parser)
    stored = settings_of(parser.parse_args(arguments))
    mqtt: dict[str, Any] = json.loads(stored[SETTINGS_KEY]) if stored else {}
    return mqtt


@pytest.mark.parametrize(
    ("arguments", "host", "port", "tls"),
    [
        (["--mqtt", "broker"], "broker", 1883, False),
        (["--mqtt", "broker:1884"], "broker", 1884, False),
        (["--mqtt", "[fe80::1]:99"], "fe80::1", 99, False),
        (["--mqtt", "broker", "--mqtt-fingerprint", "ab"], "broker", 8883, True),
    ],
)
def test_a_broker_is_named(arguments: list[str], host: str, port: int, tls: bool) -> None:
    mqtt = settings(*arguments)
    assert (mqtt["host"], mqtt["port"], mqtt["tls"], mqtt["on"]) == (host, port, tls, True)


def test_none_is_named() -> None:
    assert settings() == {}


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YAMNET_MQTT_PASSWORD", "secret")
    mqtt = settings("--mqtt", "broker", "--mqtt-user", "me")
    assert (mqtt["user"], mqtt["password"]) == ("me", "secret")
    assert settings("--mqtt", "broker")["password"] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mqtt", "broker:"], "--mqtt broker:: this is no HOST or HOST:PORT"),
        (["--mqtt", "a:70000"], "--mqtt a:70000: this is no HOST or HOST:PORT"),
        (["--mqtt", "a:0"], "--mqtt a:0: this is no HOST or HOST:PORT"),
        (["--mqtt-user", "me"], "--mqtt-…: name the broker, too, by --mqtt HOST[:PORT]"),
        (["--mqtt", "a", "--mqtt-ca", "/nowhere"], "--mqtt-ca /nowhere: No such file or directory"),
        (
            ["--mqtt", "a", "--mqtt-ca", "x", "--mqtt-fingerprint", "ab"],
            "--mqtt-ca, --mqtt-fingerprint: one of them says which broker is the right one",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(DeviceError) as raised:
        settings(*arguments)
    assert str(raised.value) == message


def test_a_ca_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"\xff\xfe")
    with pytest.raises(DeviceError, match="this is no certificate in PEM form"):
        settings("--mqtt", "a", "--mqtt-ca", str(tmp_path / "ca.pem"))
