// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <vector>

#include "audio_input/es7210_gain.h"
#include "audio_input/liveness.h"
#include "audio_input/pcm_ring.h"
#include "audio_input/wav_format.h"
#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

using Pcm = nb::ndarray<const int16_t, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

std::span<const int16_t> AsSpan(const Pcm& pcm) { return {pcm.data(), pcm.size()}; }

/// The capture ring with memory of its own.
class CaptureRing {
 public:
  explicit CaptureRing(size_t blocks) : slots_(blocks), ring_(slots_) {}

  bool Push(int64_t start_sample, const Pcm& pcm) { return ring_.Push(start_sample, AsSpan(pcm)); }

  nb::object Pop() {
    const auto block = ring_.Front();
    if (!block) return nb::none();
    nb::list samples;
    for (const int16_t sample : block->pcm) samples.append(sample);
    nb::tuple result = nb::make_tuple(block->start_sample, samples);
    ring_.Pop();
    return result;
  }

  uint32_t overruns() const { return ring_.overruns(); }

 private:
  std::vector<audio_input::PcmRing::Slot> slots_;
  audio_input::PcmRing ring_;
};

}  // namespace

void BindAudioInput(nb::module_& module) {
  nb::class_<audio_input::LivenessMonitor>(module, "LivenessMonitor", "Tells a dead microphone from a quiet room.")
      .def(nb::init<int64_t>(), "now_ms"_a)
      .def(
          "update",
          [](audio_input::LivenessMonitor& self, const Pcm& pcm, int64_t now_ms) {
            return audio_input::LivenessName(self.Update(AsSpan(pcm), now_ms));
          },
          "pcm"_a.noconvert(), "now_ms"_a, "Take int16 PCM [n]; return 'alive' or what is wrong.");

  nb::class_<CaptureRing>(module, "CaptureRing", "The ring between capture and inference; blocks is a power of two.")
      .def(nb::init<size_t>(), "blocks"_a)
      .def("push", &CaptureRing::Push, "start_sample"_a, "pcm"_a.noconvert(),
           "Put up to 320 samples in; False when the ring is full and they are dropped.")
      .def("pop", &CaptureRing::Pop, nb::sig("def pop(self) -> tuple[int, list[int]] | None"),
           "The oldest block as (start_sample, samples), or None.")
      .def_prop_ro("overruns", &CaptureRing::overruns, "Blocks dropped so far.");

  module.def(
      "parse_wav_head",
      [](const nb::bytes& head) {
        const auto data = audio_input::ParseWavHead({static_cast<const uint8_t*>(head.data()), head.size()});
        if (!data) throw nb::value_error(data.error().c_str());
        return nb::make_tuple(data->offset, data->samples);
      },
      "head"_a, nb::sig("def parse_wav_head(head: bytes) -> tuple[int, int]"),
      "Byte offset and number of samples of a WAV file that the device can replay, or ValueError.");
  module.def("es7210_gain_db", &audio_input::Es7210GainDb, "requested_db"_a,
             "The gain in dB that the ES7210 gets when asked for another.");
}

}  // namespace device_core
