// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <string>
#include <vector>

#include "base/json_writer.h"
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
  module.def(
      "json_text",
      [](const nb::bytes& text) {
        std::vector<char> memory(6 * text.size() + 2);
        base::JsonWriter json(memory);
        json.Value(std::string_view(text.c_str(), text.size()));
        return std::string(json.text());
      },
      "text"_a, "UTF-8 as a JSON string in ASCII, as the device writes it.");
}

}  // namespace device_core
