# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from described_api import Client, owner_of
from device_core import SimulatedDevice
from small_host import SmallHost


@pytest.fixture
def host(tmp_path: Path) -> SmallHost:
    return SmallHost(storage=str(tmp_path / "storage"))


@pytest.fixture
def device(host: SmallHost) -> SimulatedDevice:
    return SimulatedDevice(host, "test")


@pytest.fixture
def stranger(device: SimulatedDevice) -> Client:
    return Client(device)


@pytest.fixture
def owner(device: SimulatedDevice) -> Client:
    return owner_of(device)
