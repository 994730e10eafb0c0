# SPDX-License-Identifier: Apache-2.0
"""The second source of the model: float YAMNet weights, checked, quantised to int8 and proved."""
