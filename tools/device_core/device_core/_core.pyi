"""The device's portable C++ components."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import numpy
import numpy.typing
from numpy.typing import NDArray


class LivenessMonitor:
    """Tells a dead microphone from a quiet room."""

    def __init__(self, now_ms: int) -> None: ...

    def update(self, pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)], now_ms: int) -> str:
        """Take int16 PCM [n]; return 'alive' or what is wrong."""

class CaptureRing:
    """The ring between capture and inference; blocks is a power of two."""

    def __init__(self, blocks: int) -> None: ...

    def push(self, start_sample: int, pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> bool:
        """
        Put up to 320 samples in; False when the ring is full and they are dropped.
        """

    def pop(self) -> tuple[int, list[int]] | None:
        """The oldest block as (start_sample, samples), or None."""

    @property
    def overruns(self) -> int:
        """Blocks dropped so far."""

def parse_wav_head(head: bytes) -> tuple[int, int]:
    """
    Byte offset and number of samples of a WAV file that the device can replay, or ValueError.
    """

def es7210_gain_db(requested_db: int) -> float:
    """The gain in dB that the ES7210 gets when asked for another."""

def level_dbfs(pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> float:
    """
    RMS level of int16 PCM [n] in dBFS; a full-scale square wave has 0, digital silence -200.
    """

def json_text(text: bytes) -> str:
    """UTF-8 as a JSON string in ASCII, as the device writes it."""

def profile_names() -> list[str]:
    """Names of the front ends this module computes."""

class LogMelSpec:
    """
    Definition of a log-mel front end. Times are in samples, patch_hop in frames.
    """

    @staticmethod
    def profile(name: str) -> LogMelSpec:
        """
        The named front end ('yamnet' or 'power'); ValueError for any other name.
        """

    @property
    def name(self) -> str: ...

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def frame_length(self) -> int: ...

    @property
    def frame_hop(self) -> int: ...

    @property
    def fft_length(self) -> int: ...

    @property
    def mel_bands(self) -> int: ...

    @property
    def mel_low_hz(self) -> float: ...

    @property
    def mel_high_hz(self) -> float: ...

    @property
    def spectrum(self) -> str:
        """'magnitude' or 'power'."""

    @property
    def log_offset(self) -> float: ...

    @property
    def patch_frames(self) -> int: ...

    @property
    def patch_hop(self) -> int: ...

    @property
    def patch_samples(self) -> int:
        """Samples that one patch spans."""

    def __eq__(self, arg: LogMelSpec, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

class LogMelStream:
    """
    PCM in, log-mel frames out, in blocks of any size; the same frames bit for bit.
    """

    def __init__(self, spec: LogMelSpec) -> None: ...

    def feed(self, pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None))]:
        """
        Take int16 PCM [n]; return the frames it completes, float32 [k, mel_bands].
        """

    def reset(self, next_sample: int = 0) -> None:
        """Forget the samples held, as after a gap."""

    @property
    def spec(self) -> LogMelSpec: ...

class PatchStream:
    """
    PCM in, int8 patches out; a patch spans patch_frames frames and no gap.
    """

    def __init__(self, spec: LogMelSpec, scale: float, zero_point: int) -> None:
        """
        scale and zero_point are those of the model's input tensor; ValueError when they cannot be.
        """

    def feed(self, pcm: Annotated[numpy.typing.NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[numpy.typing.NDArray[numpy.int8], numpy.typing.NDArray[numpy.int64]]:
        """
        Take int16 PCM [n]; return the patches it completes, int8 [k, patch_frames, mel_bands], and the position of each one's first sample, int64 [k].
        """

    def reset(self, next_sample: int = 0) -> None:
        """
        Forget everything held, as after a gap; next_sample is the position of the next sample fed.
        """

    @property
    def spec(self) -> LogMelSpec: ...

def log_mel(pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), device='cpu', writable=False)], spec: LogMelSpec) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None))]:
    """
    Log-mel frames of a whole recording: int16 PCM [n] -> float32 [k, mel_bands].
    """

def quantize_patch(values: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], scale: float, zero_point: int) -> NDArray[numpy.int8]:
    """
    Log-mel float32 of any shape to int8 of the same shape, as TensorFlow Lite's QUANTIZE does.
    """

def time_zone_rule(name: str) -> str | None:
    """
    The rule that a zone of the IANA database keeps, as POSIX has it for TZ; None where there is no such zone.
    """

class HttpStream:
    """A body that comes in pieces."""

    def next(self) -> object:
        """
        The bytes that there are by now, b'' for none yet, None when it has ended. Never waits.
        """

class HttpIntake:
    """Takes a body that comes in pieces."""

    def take(self, piece: bytes) -> object:
        """Take bytes; the answer where the rest is not wanted, else None."""

    def finish(self) -> tuple:
        """
        The answer, when all bytes were taken. Nothing more is to be asked then.
        """

    def drop(self) -> None:
        """Nothing more comes."""

class SimulatedDevice:
    """
    A device without a board: the firmware's own wiring of listening, rules, events, state and console. Its host is a Python object with settings (a mutable mapping of str to bytes), read_files() -> {name: bytes} of the model partition, make_engine(model: bytes) -> an object with score(patch: bytes) -> bytes, costs() -> [(operator, cycles)] and arena_bytes, arena_bytes, firmware {name, version, idf, built}, memory() -> (free, least free) bytes, storage (a folder for clips and journal, or ''), log(line) and minute_of_day() of local time; it is given time_zone, a name or '' for its own, and model_slot, 0 or 1; if it is to be updated, also slots, a folder with ota_0.bin, ota_1.bin, yamnet.bin and yamnet_1.bin, of which read_files() reads the model_slot's, signature_fits(point, digest, signature), trial_s, after which a new firmware is judged, and crash_version; if it is to speak MQTT, also mqtt (yamnet_tools.simulated_device.mqtt), id and url, and http (yamnet_tools.simulated_device.http_client) if it is to post events; if it is to have Wi-Fi, also radio (yamnet_tools.simulated_device.wifi) and hostname. It boots while it is made.
    """

    def __init__(self, host: object, reset_reason: str, crashed: bool = False) -> None: ...

    def serve(self, data: bytes, now_ms: object | None = None) -> bytes:
        """
        Take bytes of the console's line, b'' included, which lets time pass; return the answers. now_ms replaces the console's clock.
        """

    def hear(self, pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)], source: str) -> None:
        """Take the next PCM, int16 [n] at 16 kHz, which has just been heard."""

    def upkeep(self) -> None:
        """What is due by now; to be called several times a second."""

    def http(self, method: str, target: str, fields: Mapping[str, str], body: bytes, peer: str) -> tuple:
        """
        Answer an HTTP request; fields are the header's, names in lower case. Returns status, [(name, value)], the body as bytes or an HttpStream that must not outlive the device, and the body's length where it is known and not that of the bytes.
        """

    def open_http(self, method: str, target: str, fields: Mapping[str, str], peer: str) -> object:
        """
        For a request whose body is too large for http(): an HttpIntake that takes it and must not outlive the device, or the answer as http() gives it where none is wanted. None for all others.
        """

    @property
    def muted(self) -> bool:
        """Whether its owner wants it to hear nothing."""

    @property
    def token(self) -> str:
        """The owner's token."""

    def prepare_restart(self) -> None:
        """Store what a restart would lose."""

    @property
    def restart_requested(self) -> bool:
        """True once somebody has asked for a restart; nothing is read after it."""

    @property
    def ready(self) -> bool:
        """Whether every boot step went well."""

    def state(self) -> str:
        """All that it says of itself, as JSON: the fields of @info."""

class NoiseFloor:
    """
    Learns how loud a place is when nothing happens. Levels in dBFS (a full-scale square wave has 0).
    """

    def __init__(self, half_life_s: int = 600, warm_up_s: int = 30, assumed_floor_dbfs: float = -60.0, event_margin_db: float = 10.0, learned_event_s: int = 5, longest_event_s: int = 1800) -> None:
        """ValueError when a value is out of range."""

    def observe(self, level: float) -> None:
        """Take the level, in dBFS, of the next 120 ms."""

    @property
    def level(self) -> float | None:
        """
        Level of the latest 120 ms in dBFS, None before the first; -200 for digital silence.
        """

    @property
    def floor(self) -> float:
        """
        Median of the levels learned, in dBFS; the assumed floor while warming up.
        """

    @property
    def p95(self) -> float:
        """
        95th percentile of the levels learned, in dBFS; the assumed floor while warming up.
        """

    @property
    def warmed_up(self) -> bool: ...

    @property
    def holding(self) -> bool:
        """Whether the present level is taken for an event and not learned."""

    def save(self) -> bytes:
        """What was learned, as bytes to be kept over a restart."""

    def restore(self, state: bytes) -> None:
        """Go on from saved bytes; ValueError when they are damaged."""

class LevelStream:
    """
    PCM in, one level per patch out, at the positions where PatchStream has its patches.
    """

    def __init__(self, floor: NoiseFloor) -> None:
        """Goes on from a copy of this noise floor."""

    def feed(self, pcm: Annotated[NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> list[tuple[int, float, float]]:
        """
        Take int16 PCM [n]; return (start_sample, level, floor) for each patch it completes, in dBFS: the loudest 120 ms of the patch, and the noise floor at its end.
        """

    def reset(self, next_sample: int = 0) -> None:
        """
        Forget the samples held, as after a gap; next_sample is the position of the next sample fed.
        """

    @property
    def floor(self) -> NoiseFloor: ...

class PatternStream:
    """
    Looks for rhythms of tones in a PatchStream's patches: T3 and T4 (docs/rules.md).
    """

    def __init__(self, input_scale: float, front_end: LogMelSpec) -> None:
        """
        input_scale is that of the model's input; ValueError when it cannot be.
        """

    def take(self, patches: Annotated[NDArray[numpy.int8], dict(shape=(None, 96, 64), order='C', device='cpu', writable=False)], start_samples: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint8], dict(shape=(None, None))]:
        """
        Take the next patches, int8 [n, 96, 64], and their first samples, int64 [n]; return how surely T3 and T4 are heard at the end of each, uint8 [n, 2]: from 128 on rather than not.
        """

class Rule:
    """
    One rule of a RuleSet. Durations in samples at 16 kHz, thresholds 0 to 1.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def classes(self) -> list[tuple[int, float]]:
        """(index, weight) of each."""

    @property
    def suppress(self) -> list[tuple[int, float]]:
        """(index, weight) of each."""

    @property
    def combine(self) -> str: ...

    @property
    def pattern(self) -> str | None:
        """'t3', 't4' or None."""

    @property
    def on(self) -> float: ...

    @property
    def off(self) -> float: ...

    @property
    def patches(self) -> tuple[int, int]:
        """(need, of): N of M patches."""

    @property
    def min_duration(self) -> int: ...

    @property
    def max_duration(self) -> int: ...

    @property
    def hold(self) -> int: ...

    @property
    def cool_off(self) -> int: ...

    @property
    def priority(self) -> int: ...

    def __repr__(self) -> str: ...

class RuleSet:
    """Rules that have passed every check (docs/rules.md)."""

    def __init__(self) -> None:
        """No rules."""

    @staticmethod
    def parse(json: str, class_names: Sequence[str]) -> RuleSet:
        """
        Read a rule document: all of it, or ValueError with the path (a JSON pointer) and the reason.
        """

    @staticmethod
    def parse_bytes(json: bytes, class_names: Sequence[str]) -> RuleSet:
        """The same for bytes that may not even be UTF-8."""

    def add(self, other: RuleSet) -> None:
        """
        Add another set's rules; ValueError for a name in both or more than 32 rules, and nothing has changed then.
        """

    @property
    def rules(self) -> list[Rule]: ...

    max_rules: Final[int] = ...
    """(arg: object, /) -> int"""

    max_document_bytes: Final[int] = ...
    """(arg: object, /) -> int"""

def presets() -> dict[str, str]:
    """The rule documents that ship with the device: name to JSON."""

def preset_document() -> str:
    """All of them as the one document a new device runs."""

class Event:
    """What a rule found; start, updates and end share the sequence number."""

    @property
    def kind(self) -> str:
        """'start', 'update' or 'end'."""

    @property
    def reason(self) -> str:
        """
        Why it ended: 'quiet', 'max_duration', 'gap', 'stream_end' or 'rules_changed'; 'none' before.
        """

    @property
    def rule(self) -> str:
        """The rule's name."""

    @property
    def priority(self) -> int: ...

    @property
    def sequence(self) -> int: ...

    @property
    def start_sample(self) -> int:
        """Of the first patch that counted."""

    @property
    def end_sample(self) -> int:
        """One behind the last patch that counted so far."""

    @property
    def peak_sample(self) -> int:
        """Start of the patch with the highest score."""

    @property
    def peak(self) -> float:
        """Highest score, 0 to 1."""

    @property
    def mean(self) -> float:
        """Mean score, 0 to 1."""

    @property
    def patches(self) -> int: ...

    @property
    def level(self) -> float:
        """Of the loudest patch, dBFS."""

    @property
    def floor(self) -> float:
        """At its beginning, dBFS."""

    @property
    def top(self) -> list[tuple[int, float]]:
        """
        (class index, peak probability) of the strongest classes, strongest first.
        """

    def __repr__(self) -> str: ...

class EventDetector:
    """Patch scores in, events out: one state machine per rule."""

    def __init__(self, rules: RuleSet, scale: float, zero_point: int, classes: int = 521, first_sequence: int = 1) -> None:
        """
        scale and zero_point are those of the model's int8 output; ValueError when they cannot be.
        """

    def process(self, scores: Annotated[NDArray[numpy.int8], dict(shape=(None, None), order='C', device='cpu', writable=False)], start_samples: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], levels: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], floors: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], minutes_of_day: Annotated[NDArray[numpy.int16], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, patterns: Annotated[NDArray[numpy.uint8], dict(shape=(None, 2), order='C', device='cpu', writable=False)] | None = None) -> list[Event]:
        """
        Take the next patches: scores int8 [n, classes], start_samples int64 [n], levels and floors float64 [n] in dBFS, minutes_of_day int16 [n] (local time, -1 for unknown), patterns uint8 [n, 2] of a PatternStream. Return what begins, goes on and ends. ValueError for a patch that starts before the next one could; the ones before it have been taken.
        """

    def finish(self) -> list[Event]:
        """End what is going on; the next patch may start anywhere."""

    def set_rules(self, rules: RuleSet) -> list[Event]:
        """
        Run other rules from now on; return the events this ends. ValueError leaves the running ones.
        """

    @property
    def states(self) -> list[tuple[str, str]]:
        """(rule, 'idle' | 'rising' | 'on' | 'holding' | 'cooling') of each rule."""

    @property
    def next_sequence(self) -> int: ...

def journal_line(event: Event, boot: int, uptime_ms: int, utc_ms: int | None = None) -> str:
    """
    The journal's line (docs/events.md) for an event that is in no clip, without line end; boot counts the device's starts, uptime_ms and utc_ms are those of the event's start.
    """

def read_flash_log(image: bytes) -> dict[str, bytes]:
    """
    The files in an image of the `storage` partition (docs/storage.md) by name, clips as WAVs. Raises ValueError for an image that holds something else.
    """

class DeviceEngine:
    """
    A model with the device's arithmetic at a PC's speed: scores are those of TensorFlow Lite Micro's reference kernels, bit for bit.
    """

    def __init__(self, model: bytes, kernels: str = '') -> None:
        """
        model is a .tflite that check_model accepts, with any number of classes; kernels is one of kernel_names(), the first by default. ValueError tells what is wrong.
        """

    def score(self, patches: Annotated[NDArray[numpy.int8], dict(shape=(None, 96, 64), order='C', device='cpu', writable=False)], threads: int = 1) -> Annotated[NDArray[numpy.int8], dict(shape=(None, None))]:
        """
        Score int8 patches [n, 96, 64] on so many cores at most: int8 [n, classes].
        """

    def embed(self, patches: Annotated[NDArray[numpy.int8], dict(shape=(None, 96, 64), order='C', device='cpu', writable=False)], threads: int = 1) -> Annotated[NDArray[numpy.int8], dict(shape=(None, None))]:
        """
        What the network makes of patches before its head, likewise: int8 [n, values], or ValueError.
        """

    @property
    def embedding(self) -> tuple[int, float, int] | None:
        """
        values, scale and zero point of embed(), real = scale * (q - zero_point); None: the model has none.
        """

    @property
    def classes(self) -> int: ...

    @property
    def kernels(self) -> str: ...

    @staticmethod
    def kernel_names() -> list[str]:
        """What this processor can run, the fastest first."""

def check_model(file: bytes) -> dict[str, Any]:
    """
    The device's checks of a .tflite before use: input and output (scale, zero point), front_end, ops, operators, classes; ValueError tells what is wrong.
    """

def class_names(csv: bytes) -> list[str]:
    """
    The device's reading of yamnet_class_map.csv: its names, 1 to 1,024, or ValueError.
    """

def front_end_of(json: bytes) -> LogMelSpec:
    """
    The front end that a model's YAMNET_FRONT_END metadata names, or ValueError.
    """

def file_hash(manifest: bytes, name: str) -> str:
    """A file's SHA-256 in a model partition's manifest.json, or ValueError."""

def check_manifest(manifest: bytes) -> None:
    """
    The device's check of a model partition's manifest.json: ValueError tells what is wrong.
    """

def check_file(manifest: bytes, name: str, content: bytes) -> None:
    """
    The device's check of a file against its manifest: ValueError unless size and SHA-256 are those named.
    """

def check_self_test(file: bytes) -> int:
    """
    The device's check of selftest.bin: of how many classes it is, or ValueError.
    """

def sha256(data: bytes, piece: int) -> str:
    """SHA-256 of data taken in pieces of the given size, in hexadecimal."""
