// SPDX-License-Identifier: Apache-2.0
#include "bindings.h"

NB_MODULE(_core, module) {
  module.doc() = "The device's portable C++ components.";
  device_core::BindLogMel(module);
  device_core::BindSerialConsole(module);
}
