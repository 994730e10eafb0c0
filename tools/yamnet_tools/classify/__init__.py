# SPDX-License-Identifier: Apache-2.0
"""tools/classify.py: hear a recording on a PC with the device's own code."""


def main() -> int:
    """Run tools/classify.py on the process's command line; see yamnet_tools.classify.app.main."""
    from yamnet_tools.classify import app  # loads for a second, during which Ctrl-C is to end cleanly

    return app.main()
