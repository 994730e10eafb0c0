# SPDX-License-Identifier: Apache-2.0
"""The model: found, cut out of Google's file, proved, written and loaded."""
