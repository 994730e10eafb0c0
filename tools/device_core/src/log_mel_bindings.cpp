// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings.h"
#include "log_mel/fixed_point_spectrum.h"
#include "log_mel/patch_stream.h"
#include "numpy_array.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

using log_mel::LogMelFrame;
using log_mel::LogMelSpec;
using log_mel::LogMelStream;
using log_mel::Patch;
using log_mel::PatchQuantizer;
using log_mel::PatchStream;

using Pcm = nb::ndarray<const int16_t, nb::numpy, nb::ndim<1>, nb::device::cpu>;
using Values = nb::ndarray<const float, nb::numpy, nb::c_contig, nb::device::cpu>;
using Frames = nb::ndarray<float, nb::numpy, nb::ndim<2>>;
using Patches = nb::ndarray<int8_t, nb::numpy, nb::ndim<3>>;
using Samples = nb::ndarray<int64_t, nb::numpy, nb::ndim<1>>;

template <typename T>
T Unwrap(std::expected<T, log_mel::Error> result) {
  if (!result) throw nb::value_error(result.error().message.c_str());
  return *std::move(result);
}

/// PCM as a span: NumPy's own memory where the samples lie side by side, a copy where they do not.
class PcmView {
 public:
  explicit PcmView(const Pcm& pcm) : span_(pcm.data(), pcm.size()) {
    if (pcm.size() < 2 || pcm.stride(0) == 1) return;
    copy_.resize(pcm.size());
    for (size_t i = 0; i < pcm.size(); ++i) copy_[i] = pcm(i);
    span_ = copy_;
  }
  PcmView(const PcmView&) = delete;

  std::span<const int16_t> span() const { return span_; }

 private:
  std::vector<int16_t> copy_;
  std::span<const int16_t> span_;
};

LogMelStream MakeStream(const LogMelSpec& spec) {
  if (auto error = log_mel::Validate(spec)) throw nb::value_error(error->message.c_str());
  return Unwrap(LogMelStream::Create(spec, std::make_unique<log_mel::FixedPointSpectrum>(spec)));
}

Frames FeedFrames(LogMelStream& stream, const Pcm& pcm) {
  const size_t bands = stream.spec().mel_bands;
  const PcmView view(pcm);
  std::vector<float> values;
  {
    nb::gil_scoped_release unlocked;
    values.reserve((pcm.size() / stream.spec().frame_hop + 1) * bands);
    stream.Feed(view.span(), [&](const LogMelFrame& frame) {
      values.insert(values.end(), frame.values.begin(), frame.values.end());
    });
  }
  const size_t frames = values.size() / bands;
  return ToNumpy<Frames>(std::move(values), {frames, bands});
}

nb::tuple FeedPatches(PatchStream& stream, const Pcm& pcm) {
  const PcmView view(pcm);
  std::vector<int8_t> values;
  std::vector<int64_t> starts;
  {
    nb::gil_scoped_release unlocked;
    stream.Feed(view.span(), [&](const Patch& patch) {
      values.insert(values.end(), patch.values.begin(), patch.values.end());
      starts.push_back(patch.start_sample);
    });
  }
  const size_t count = starts.size();
  const LogMelSpec& spec = stream.spec();
  return nb::make_tuple(ToNumpy<Patches>(std::move(values), {count, static_cast<size_t>(spec.patch_frames),
                                                             static_cast<size_t>(spec.mel_bands)}),
                        ToNumpy<Samples>(std::move(starts), {count}));
}

nb::ndarray<int8_t, nb::numpy> QuantizePatch(const Values& values, float scale, int zero_point) {
  const PatchQuantizer quantizer = Unwrap(PatchQuantizer::Create(scale, zero_point));
  std::vector<int8_t> quantized(values.size());
  quantizer.Quantize({values.data(), values.size()}, quantized);
  std::vector<size_t> shape(values.ndim());
  for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = values.shape(axis);
  return ToNumpy<nb::ndarray<int8_t, nb::numpy>>(std::move(quantized), shape);
}

std::string Describe(const LogMelSpec& spec) { return "<LogMelSpec " + std::string(spec.name) + ">"; }

}  // namespace

void BindLogMel(nb::module_& module) {
  module.def(
      "profile_names",
      [] {
        std::vector<std::string> names;
        for (const LogMelSpec& profile : log_mel::Profiles()) names.emplace_back(profile.name);
        return names;
      },
      "Names of the front ends this module computes.");

  nb::class_<LogMelSpec>(module, "LogMelSpec",
                         "Definition of a log-mel front end. Times are in samples, patch_hop in frames.")
      .def_static(
          "profile", [](std::string_view name) { return Unwrap(log_mel::FindProfile(name)); }, "name"_a,
          "The named front end ('yamnet' or 'power'); ValueError for any other name.")
      .def_ro("name", &LogMelSpec::name)
      .def_ro("sample_rate_hz", &LogMelSpec::sample_rate_hz)
      .def_ro("frame_length", &LogMelSpec::frame_length)
      .def_ro("frame_hop", &LogMelSpec::frame_hop)
      .def_ro("fft_length", &LogMelSpec::fft_length)
      .def_ro("mel_bands", &LogMelSpec::mel_bands)
      .def_ro("mel_low_hz", &LogMelSpec::mel_low_hz)
      .def_ro("mel_high_hz", &LogMelSpec::mel_high_hz)
      .def_prop_ro(
          "spectrum", [](const LogMelSpec& spec) { return log_mel::SpectrumName(spec.spectrum); },
          "'magnitude' or 'power'.")
      .def_ro("log_offset", &LogMelSpec::log_offset)
      .def_ro("patch_frames", &LogMelSpec::patch_frames)
      .def_ro("patch_hop", &LogMelSpec::patch_hop)
      .def_prop_ro("patch_samples", &LogMelSpec::patch_samples, "Samples that one patch spans.")
      .def(
          "__eq__", [](const LogMelSpec& a, const LogMelSpec& b) { return a == b; }, nb::is_operator())
      .def("__hash__", [](const LogMelSpec& spec) { return nb::hash(nb::cast(spec.name)); })
      .def("__repr__", &Describe);

  nb::class_<LogMelStream>(module, "LogMelStream",
                           "PCM in, log-mel frames out, in blocks of any size; the same frames bit for bit.")
      .def(
          "__init__", [](LogMelStream* self, const LogMelSpec& spec) { new (self) LogMelStream(MakeStream(spec)); },
          "spec"_a)
      .def("feed", &FeedFrames, "pcm"_a.noconvert(),
           "Take int16 PCM [n]; return the frames it completes, float32 [k, mel_bands].")
      .def("reset", &LogMelStream::Reset, "next_sample"_a = 0, "Forget the samples held, as after a gap.")
      .def_prop_ro("spec", &LogMelStream::spec);

  nb::class_<PatchStream>(module, "PatchStream",
                          "PCM in, int8 patches out; a patch spans patch_frames frames and no gap.")
      .def(
          "__init__",
          [](PatchStream* self, const LogMelSpec& spec, float scale, int zero_point) {
            new (self) PatchStream(MakeStream(spec), Unwrap(PatchQuantizer::Create(scale, zero_point)));
          },
          "spec"_a, "scale"_a, "zero_point"_a,
          "scale and zero_point are those of the model's input tensor; ValueError when they cannot be.")
      .def(
          "feed", &FeedPatches, "pcm"_a.noconvert(),
          nb::sig("def feed(self, pcm: typing.Annotated[numpy.typing.NDArray[numpy.int16], dict(shape=(None,), "
                  "order='C', device='cpu', writable=False)]) -> "
                  "tuple[numpy.typing.NDArray[numpy.int8], numpy.typing.NDArray[numpy.int64]]"),
          "Take int16 PCM [n]; return the patches it completes, int8 [k, patch_frames, mel_bands], and the position of "
          "each one's first sample, int64 [k].")
      .def("reset", &PatchStream::Reset, "next_sample"_a = 0,
           "Forget everything held, as after a gap; next_sample is the position of the next sample fed.")
      .def_prop_ro("spec", &PatchStream::spec);

  module.def(
      "log_mel",
      [](const Pcm& pcm, const LogMelSpec& spec) {
        LogMelStream stream = MakeStream(spec);
        return FeedFrames(stream, pcm);
      },
      "pcm"_a.noconvert(), "spec"_a, "Log-mel frames of a whole recording: int16 PCM [n] -> float32 [k, mel_bands].");

  module.def("quantize_patch", &QuantizePatch, "values"_a.noconvert(), "scale"_a, "zero_point"_a,
             "Log-mel float32 of any shape to int8 of the same shape, as TensorFlow Lite's QUANTIZE does.");
}

}  // namespace device_core
