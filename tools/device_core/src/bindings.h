// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace device_core {

/// Each component's bindings, one file each.
void BindLogMel(nanobind::module_& module);
void BindSerialConsole(nanobind::module_& module);

}  // namespace device_core
