# SPDX-License-Identifier: Apache-2.0
"""How good a model is: scored on labelled recordings, with intervals, beside others."""
