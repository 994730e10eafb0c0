# SPDX-License-Identifier: Apache-2.0
"""The rules of a fleet: one document for all."""

import json
from pathlib import Path

from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.change import Change, Reader


def rules_reader(path: Path) -> Reader:
    """For the document in a file.

    Raises:
        DeviceError: it cannot be read, or is no JSON object.
    """
    body, wanted = read_object(path)

    def read(line: HttpLine) -> list[Change]:
        line.ask("POST", "rules/check", body)  # says by pointer what is wrong, and changes nothing
        answer, header = line.ask("GET", "rules")
        preset = line.ask_json("GET", "rules/states").get("source") == "presets"
        return [Change("rules", line.parse(answer, header), wanted, body, header.get("ETag", ""), preset)]

    return read


def read_object(path: Path) -> tuple[bytes, dict[str, object]]:
    """A JSON object in a file, as bytes and parsed.

    Raises:
        DeviceError: it cannot be read, or is none.
    """
    try:
        body = path.read_bytes()
        value = json.loads(body)
    except OSError as error:
        raise DeviceError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise DeviceError(f"{path}: this is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise DeviceError(f"{path}: this is no JSON object")
    return body, value
