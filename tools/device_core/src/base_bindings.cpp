// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>

#include "base/level.h"
#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {

void BindBase(nb::module_& module) {
  module.def(
      "level_dbfs",
      [](const nb::ndarray<const int16_t, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>& pcm) {
        base::Power power;
        power.Add({pcm.data(), pcm.size()});
        return base::Decibels(power.Level());
      },
      "pcm"_a.noconvert(), "RMS level of int16 PCM [n] in dBFS; a full-scale square wave has 0, digital silence -200.");
}

}  // namespace device_core
