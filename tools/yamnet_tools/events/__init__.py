# SPDX-License-Identifier: Apache-2.0
"""From scores to events on a PC: rules found by name, recordings run through the device's detector, and judged."""
