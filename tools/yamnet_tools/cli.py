# SPDX-License-Identifier: Apache-2.0
"""What every command-line tool of this project shares: errors become one line, exit codes mean one thing."""

import argparse
import errno
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from yamnet_tools.errors import UsageError, YamnetToolsError

_Number = TypeVar("_Number", int, float)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2  # argparse's own, and UsageError's
EXIT_INTERRUPTED = 130


def say(message: str) -> None:
    """Print one progress or result line to standard error, which stays apart from machine-readable output."""
    print(message, file=sys.stderr, flush=True)


def run(main: Callable[[], int]) -> int:
    """Run a tool's main function and turn expected failures into one line and an exit code.

    Returns:
        What main returns; 1 after a YamnetToolsError or an operating-system error, but 2 after a UsageError; 130 after
        Ctrl-C.
    """
    program = Path(sys.argv[0]).name
    try:
        code = main()
        sys.stdout.flush()
    except YamnetToolsError as error:
        say(f"{program}: error: {one_line(str(error))}")
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    except BrokenPipeError:
        _leave_stdout()  # the reader went away: `| head`
        return EXIT_FAILED
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:  # files are named where they are written
            error.filename = "standard output"
            _leave_stdout()
        say(f"{program}: error: {one_line(describe_os_error(error))}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        say(f"{program}: stopped")
        return EXIT_INTERRUPTED
    return code


def _leave_stdout() -> None:
    """Give the interpreter nothing left to flush at exit that would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def one_line(text: str) -> str:
    """Fold white space so that a message stays on one line."""
    return " ".join(text.split())


def describe_os_error(error: OSError) -> str:
    """Say what the operating system refused, with the file's name first where there is one."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def parser(description: str, *, epilog: str | None = None) -> argparse.ArgumentParser:
    """Make an argument parser in the project's style."""
    return argparse.ArgumentParser(
        description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def number(kind: type[_Number], low: float, high: float = math.inf) -> Callable[[str], _Number]:
    """An argparse type: an int, which may be written in any base as in Python, or a float, from `low` to `high`."""

    def parse(text: str) -> _Number:
        try:
            value = kind(int(text, 0)) if kind is int else kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if not low <= value <= high:
            limits = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: {limits}")
        return value

    return parse
