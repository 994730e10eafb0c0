# SPDX-License-Identifier: Apache-2.0
"""Many devices at once, over their HTTP API (docs/fleet.md)."""
