// SPDX-License-Identifier: Apache-2.0
// The kernels' portable arithmetic on random and extreme layers, against TensorFlow Lite's definition.
#include "random_layers.h"

int main() {
  constexpr int kLayers = 4000;
  return CheckRandomLayers(kLayers) ? 0 : 1;
}
