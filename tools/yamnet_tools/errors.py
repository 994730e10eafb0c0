# SPDX-License-Identifier: Apache-2.0
"""The package's exceptions.

Every error a user can cause derives from YamnetToolsError, and its text is one line that says what was
wrong, with which file or field, and what to do. The scripts print that line and exit with 1.
"""


class YamnetToolsError(Exception):
    """Root of all errors this package raises on purpose."""


class UsageError(YamnetToolsError):
    """What was typed cannot be meant: an option's value, a name that stands for nothing. Exit code 2, as argparse's."""


class ModelError(YamnetToolsError):
    """A model file cannot be used: not TFLite, damaged, or not the network that was asked for."""


class SourceError(YamnetToolsError):
    """Weights or the class map could not be found, downloaded or trusted."""


class AudioError(YamnetToolsError):
    """A recording cannot be read or holds no usable audio."""


class TruncatedError(AudioError):
    """A recording ends, or cannot be read on, before its end; what came before was given out."""


class EngineError(YamnetToolsError):
    """An inference engine is missing or failed."""


class SpiffsError(YamnetToolsError):
    """A SPIFFS image cannot be made or read as asked."""


class PartitionError(YamnetToolsError):
    """A partition table is not valid, or does not hold what is needed."""


class UnknownPartitionError(PartitionError, UsageError):
    """A partition table has no partition of that label."""


class OutputError(YamnetToolsError):
    """An output was to be written where it would destroy something."""


class FlashError(YamnetToolsError):
    """A board cannot be flashed, or was not flashed as asked."""


class DeviceError(YamnetToolsError):
    """A device does not answer, or not as the serial protocol says."""


class UpdateError(YamnetToolsError):
    """An image cannot be sent to a device, or the device did not keep it."""
