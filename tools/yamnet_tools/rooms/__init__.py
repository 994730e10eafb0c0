# SPDX-License-Identifier: Apache-2.0
"""How well rules hear in rooms: recordings mixed into backgrounds, scored as the device does, and judged."""
