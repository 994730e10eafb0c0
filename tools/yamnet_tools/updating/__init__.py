# SPDX-License-Identifier: Apache-2.0
"""Firmware and model over the network: tools/device.py update."""
