// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/ndarray.h>

#include <memory>
#include <utility>
#include <vector>

namespace device_core {

/// Hands a vector to NumPy without copying it.
template <typename Array, typename T>
Array ToNumpy(std::vector<T> values, const std::vector<size_t>& shape) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  T* const data = owned->data();
  nanobind::capsule owner(owned.get(), [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  owned.release();
  return Array(data, shape.size(), shape.data(), owner);
}

}  // namespace device_core
