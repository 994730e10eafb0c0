// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Runs the kernels on layers of random and extreme values, in shapes with every border, and compares each output with
/// TensorFlow Lite's definition; bytes next to the output must stay as they are. Prints the first difference.
/// @return whether all are equal.
bool CheckRandomLayers(int layers);
