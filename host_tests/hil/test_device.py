# SPDX-License-Identifier: Apache-2.0
"""What a device must do, whether it is simulated, in QEMU or on a desk."""

import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pytest_embedded", reason="the hardware tests need `pip install -e .[hil]`")

from hil.host_side import RealPatch, host_steps
from yamnet_tools.device import Device
from yamnet_tools.device.answers import Info
from yamnet_tools.device.compare import compare_clips, compare_scores, describe_differences
from yamnet_tools.device.conversation import RefusedError
from yamnet_tools.device.protocol import byte_words
from yamnet_tools.engines import Engine
from yamnet_tools.model import YamnetModel
from yamnet_tools.model_image import selftest
from yamnet_tools.model_image.content import SELFTEST_NAME
from yamnet_tools.spiffs import read_image

pytestmark = pytest.mark.slow

Record = Callable[[str, object], None]

LEAK_ROUNDS = 125
MIXED = (
    "@info id={id}\n",
    "@help id={id}\n",
    "@nonsense id={id}\n",
    "@score id={id} 00000000 AAAA\n",
    "@info id={id} surplus\n",
    "@pcm id={id} begin\n",
    "@pcm id={id} end\n",
)
REQUESTS_A_ROUND = len(MIXED) + 1
STILL_S, PATIENCE_S = 12, 90
HEAP_TOLERANCE_BYTES = {"simulated": 512 * 1024, "linux": 512 * 1024, "esp32s3": 1024}


def _stored_patch_scored(device: Device, model: YamnetModel, model_image: Path) -> str:
    """How the device scores the self-test's patch when the host sends it, class by class."""
    stored = read_image(model_image.read_bytes()).file(f"/{SELFTEST_NAME}")
    assert stored is not None
    assert stored.data is not None
    vector = selftest.from_bytes(stored.data)
    try:
        found = device.score(vector.patch)
    except RefusedError as error:
        return str(error)
    difference = compare_scores(
        0,
        0,
        (vector.patch, vector.outputs),
        (vector.patch, found.scores),
        model.class_names,
        model.output_quantization,
        SELFTEST_NAME,
    )
    return str(difference or "sent by the host, the patch scores as it should: what is stored on the device is wrong")


def test_info_is_complete_and_the_selftest_passes(device: Device, model: YamnetModel, model_image: Path) -> None:
    info = device.info()
    assert info.problems() == []
    assert info.model_sha256 == model.sha256, (
        f"another model is there, SHA-256 {info.model_sha256}; boot steps that failed: {info.failed_steps}"
    )
    assert info.ready, (
        f"boot steps that failed: {info.failed_steps}\n{_stored_patch_scored(device, model, model_image)}"
    )
    quantization = info.fields["model"]["output"]
    assert (quantization["scale"], quantization["zero_point"]) == (1 / 256, -128)
    assert info.fields["selftest"]["passed"] is True
    now = device.selftest()
    assert now.passed, f"{now}\n{_stored_patch_scored(device, model, model_image)}"


def test_real_patches_score_as_on_the_host(
    device: Device, real_patches: list[RealPatch], model: YamnetModel, record_property: Record
) -> None:
    differing, invoke_us = [], []
    for number, real in enumerate(real_patches):
        found = device.score(real.patch)
        invoke_us.append(found.invoke_us)
        difference = compare_scores(
            number,
            real.start_sample,
            (real.patch, real.scores),
            (real.patch, found.scores),
            model.class_names,
            model.output_quantization,
            real.recording,
        )
        if difference is not None:
            differing.append(difference)
    record_property("patches", len(real_patches))
    record_property("invoke_us_p50", int(np.median(invoke_us)))
    record_property("invoke_us_max", max(invoke_us))
    assert not differing, describe_differences(differing, len(real_patches))
    assert device.counters.retries == 0, str(device.counters)


def test_a_clip_sent_as_audio_gives_equal_patches(
    device: Device, shared_clips: list[Path], model: YamnetModel, engine: Engine
) -> None:
    clip = shared_clips[len(shared_clips) // 2]
    steps = host_steps(clip, model, engine)
    pcm = np.concatenate([step.audio.samples for step in steps])
    host = [
        (int(start), patch, scores)
        for step in steps
        for start, patch, scores in zip(step.starts, step.patches, step.scores, strict=True)
    ]
    found = [(patch.start_sample, patch.patch, patch.scores) for patch in device.pcm(pcm)]
    result = compare_clips(host, found, model.class_names, model.output_quantization)
    assert result.patches > 1
    assert result.equal, f"{clip}: {result}"


def test_figures_are_recorded(device: Device, model: YamnetModel, record_property: Record) -> None:
    profile = device.profile()
    assert [cost.index for cost in profile.ops] == list(range(len(profile.ops)))
    assert sum(cost.cycles for cost in profile.ops) <= profile.total_cycles
    assert sum(cost.share for cost in profile.ops) == pytest.approx(1, abs=0.1)
    assert [cost.op for cost in profile.ops].count("CONV_2D") == 14
    assert [cost.op for cost in profile.ops].count("DEPTHWISE_CONV_2D") == 13
    record_property("order", " ".join(cost.op for cost in profile.ops))
    record_property("cycles", " ".join(str(cost.cycles) for cost in profile.ops))
    record_property("total_cycles", profile.total_cycles)
    record_property("total_us", profile.total_us)
    info = device.info()
    for part in ("target", "kernels", "arena", "memory", "inference", "uptime_ms"):
        record_property(part, info.fields[part])
    record_property("boot_ms", {step["name"]: step["ms"] for step in info.fields["boot"]["steps"]})
    record_property("model_sha256", model.sha256)


def _damaged_requests() -> list[tuple[str, bytes, set[str]]]:
    crc, text = byte_words(bytes(6144))
    wrong_crc = f"{zlib.crc32(bytes(6144)) ^ 1:08x}"
    return [
        ("no @", b"score\n", {"bad_request"}),
        ("not ASCII", b"@inf\xc3\xb6\n", {"bad_request"}),
        ("nothing but the @", b"@\n", {"bad_request"}),
        ("two spaces", b"@score  1 2\n", {"bad_request"}),
        ("unknown", b"@sing\n", {"unknown_command"}),
        ("no arguments", b"@score\n", {"bad_argument"}),
        ("half a patch", f"@score {crc} {text[:4000]}\n".encode(), {"bad_argument", "bad_crc"}),
        ("a byte flipped", f"@score {crc} B{text[1:]}\n".encode(), {"bad_crc"}),
        ("a byte lost", f"@score {crc} {text[1:]}\n".encode(), {"bad_argument", "bad_crc"}),
        ("a wrong CRC", f"@score {wrong_crc} {text}\n".encode(), {"bad_crc"}),
        ("too long", b"@score " + b"A" * 13_000 + b"\n", {"too_long"}),
        ("id out of range", b"@info id=1000000000\n", {"bad_argument"}),
        ("audio without a session", b"@pcm data 0 00000000 AAAA\n", {"failed", "bad_crc"}),
    ]


def test_recovery_from_damaged_requests(device: Device) -> None:
    wrong = []
    for name, request, codes in _damaged_requests():
        before = device.info().fields["console"]
        device.send_raw(request)
        answers = device.read_answers(device.timeout_s, count=1)
        if len(answers) != 1 or answers[0].error not in codes or not answers[0].message:
            wrong.append(f"{name}: expected one refusal of {sorted(codes)}, came {answers}")
        after = device.info().fields["console"]
        counted = {key: after[key] - before[key] for key in ("answered", "errors")}
        if counted != {"answered": 2, "errors": 1}:
            wrong.append(f"{name}: expected one refusal to be counted and one answer, came {counted}")
    assert not wrong, "\n".join(wrong)
    assert device.counters.retries == 0, f"the next request was not answered at once: {device.counters}"
    with pytest.raises(RefusedError, match=r"refused @pcm: bad_argument: .+"):
        device.ask("pcm", "dance", parse=dict, attempts=1)


def _once_it_is_still(device: Device) -> Info:
    """On the chip the heap changes by what is done for the first time: a heartbeat (2 KB, what the task formats numbers
    with), the clip and the journal line of what it hears.
    """
    info = device.info()
    deadline = time.monotonic() + PATIENCE_S
    while info.fields["target"] == "esp32s3" and time.monotonic() < deadline:
        time.sleep(STILL_S)
        before, info = info, device.info()
        if info.free_heap == before.free_heap:
            break
    return info


def _mixed_round(device: Device, number: int, real_patches: list[RealPatch]) -> None:
    """Several requests at once, answered one after the other, in order; then one alone."""
    first = number * REQUESTS_A_ROUND
    ids = list(range(first, first + len(MIXED)))
    device.send_raw("".join(line.format(id=each) for line, each in zip(MIXED, ids, strict=True)).encode())
    answers = device.read_answers(device.timeout_s, count=len(ids))
    assert [answer.id for answer in answers] == ids, f"round {number}"
    if number % 5 == 0:
        real = real_patches[number % 20]
        assert np.array_equal(device.score(real.patch).scores, real.scores), f"round {number}"
    else:
        device.ask("help", parse=dict)


def test_a_thousand_requests_leave_the_heap_as_it_was(
    device: Device,
    real_patches: list[RealPatch],
    record_property: Record,
) -> None:
    _mixed_round(device, 0, real_patches)  # makes what is made once, as the console's own front end (13 KB)
    before = _once_it_is_still(device)
    for round_number in range(1, LEAK_ROUNDS + 1):
        _mixed_round(device, round_number, real_patches)
    after = device.info()
    lost = before.free_heap - after.free_heap
    record_property("requests", after.fields["console"]["answered"] - before.fields["console"]["answered"])
    record_property("free_heap_lost", lost)
    assert after.fields["console"]["answered"] - before.fields["console"]["answered"] >= 1000
    tolerance = HEAP_TOLERANCE_BYTES[before.fields["target"]]
    assert lost <= tolerance, f"{lost:,} bytes of heap lost in 1,000 requests"


def test_a_restart_keeps_it_answering(device: Device, ready_s: float) -> None:
    before = device.info().fields["boot"]
    info = device.reboot(ready_timeout_s=ready_s)
    assert info.ready, f"after its restart: {info.failed_steps}"
    assert info.fields["boot"]["count"] == before["count"] + 1
    assert device.selftest().passed
