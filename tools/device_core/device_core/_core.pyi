"""The device's portable C++ components."""

from typing import Annotated

import numpy
import numpy.typing
from numpy.typing import NDArray


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
