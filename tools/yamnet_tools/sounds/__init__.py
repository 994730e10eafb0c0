# SPDX-License-Identifier: Apache-2.0
"""Sounds of one's own: from recordings to a head on the int8 network, and what to expect of it."""
