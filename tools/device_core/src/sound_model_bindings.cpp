// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "bindings.h"
#include "device_engine.h"
#include "numpy_array.h"
#include "sound_model/class_map.h"
#include "sound_model/front_end.h"
#include "sound_model/manifest.h"
#include "sound_model/model_file.h"
#include "sound_model/self_test_vector.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

[[noreturn]] void Raise(const sound_model::Error& error) { throw nb::value_error(error.message.c_str()); }

template <typename T>
T Unwrap(std::expected<T, sound_model::Error> result) {
  if (!result) Raise(result.error());
  return *std::move(result);
}

std::span<const uint8_t> AsSpan(const nb::bytes& bytes) {
  return {static_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

std::string_view AsText(const nb::bytes& bytes) { return {bytes.c_str(), bytes.size()}; }

nb::dict CheckModel(const nb::bytes& file) {
  const sound_model::ModelSummary summary = Unwrap(sound_model::CheckModel(AsSpan(file)));
  const auto quantization = [](const sound_model::Quantization& q) { return nb::make_tuple(q.scale, q.zero_point); };
  nb::list ops;
  for (const std::string_view op : summary.op_set) ops.append(nb::str(op.data(), op.size()));
  nb::dict result;
  result["input"] = quantization(summary.input);
  result["output"] = quantization(summary.output);
  result["front_end"] = Unwrap(sound_model::ParseFrontEnd(summary.front_end));
  result["ops"] = ops;
  result["operators"] = summary.operators;
  result["classes"] = summary.classes;
  return result;
}

std::vector<std::string> ClassNames(const nb::bytes& csv) {
  const sound_model::ClassMap map = Unwrap(sound_model::ClassMap::Parse(AsText(csv)));
  std::vector<std::string> names;
  for (size_t i = 0; i < map.size(); ++i) names.emplace_back(map.name(i));
  return names;
}

using Patches = nb::ndarray<const int8_t, nb::numpy, nb::shape<-1, sound_model::kPatchFrames, sound_model::kPatchBands>,
                            nb::c_contig, nb::device::cpu>;
using Scores = nb::ndarray<int8_t, nb::numpy, nb::ndim<2>>;

Scores Score(DeviceEngine& engine, const Patches& patches, int threads) {
  std::vector<int8_t> scores;
  {
    const nb::gil_scoped_release unlocked;
    scores = engine.Score({patches.data(), patches.size()}, threads);
  }
  const auto classes = static_cast<size_t>(engine.engine().classes());
  return ToNumpy<Scores>(std::move(scores), {patches.shape(0), classes});
}

Scores Embed(DeviceEngine& engine, const Patches& patches, int threads) {
  const auto embedding = engine.engine().embedding();
  if (!embedding) throw nb::value_error("the model has no embedding: nothing in it averages over a patch");
  std::vector<int8_t> values;
  {
    const nb::gil_scoped_release unlocked;
    values = engine.Embed({patches.data(), patches.size()}, threads);
  }
  return ToNumpy<Scores>(std::move(values), {patches.shape(0), embedding->values});
}

nb::object EmbeddingOf(const DeviceEngine& engine) {
  const auto embedding = engine.engine().embedding();
  if (!embedding) return nb::none();
  return nb::make_tuple(embedding->values, embedding->scale, embedding->zero_point);
}

void BindDeviceEngine(nb::module_& module) {
  nb::class_<DeviceEngine>(module, "DeviceEngine",
                           "A model with the device's arithmetic at a PC's speed: scores are those of TensorFlow Lite "
                           "Micro's reference kernels, bit for bit.")
      .def(
          "__init__",
          [](DeviceEngine* self, const nb::bytes& model, std::string_view kernels) {
            new (self) DeviceEngine(Unwrap(sound_model::WideEngine::Create(AsSpan(model), kernels)));
          },
          "model"_a, "kernels"_a = "",
          "model is a .tflite that check_model accepts, with any number of classes; kernels is one of kernel_names(), "
          "the first by default. ValueError tells what is wrong.")
      .def("score", &Score, "patches"_a.noconvert(), "threads"_a = 1,
           "Score int8 patches [n, 96, 64] on so many cores at most: int8 [n, classes].")
      .def("embed", &Embed, "patches"_a.noconvert(), "threads"_a = 1,
           "What the network makes of patches before its head, likewise: int8 [n, values], or ValueError.")
      .def_prop_ro(
          "embedding", &EmbeddingOf, nb::sig("def embedding(self) -> tuple[int, float, int] | None"),
          "values, scale and zero point of embed(), real = scale * (q - zero_point); None: the model has none.")
      .def_prop_ro("classes", [](const DeviceEngine& engine) { return engine.engine().classes(); })
      .def_prop_ro("kernels", [](const DeviceEngine& engine) { return std::string(engine.engine().kernels()); })
      .def_static(
          "kernel_names",
          [] {
            std::vector<std::string> names;
            for (const std::string_view name : sound_model::WideEngine::KernelNames()) names.emplace_back(name);
            return names;
          },
          "What this processor can run, the fastest first.");
}

}  // namespace

void BindSoundModel(nb::module_& module) {
  BindDeviceEngine(module);
  module.def(
      "check_model", &CheckModel, "file"_a, nb::sig("def check_model(file: bytes) -> dict[str, typing.Any]"),
      "The device's checks of a .tflite before use: input and output (scale, zero point), front_end, ops, operators, "
      "classes; "
      "ValueError tells what is wrong.");
  module.def("class_names", &ClassNames, "csv"_a,
             "The device's reading of yamnet_class_map.csv: its names, 1 to 1,024, or ValueError.");
  module.def(
      "front_end_of", [](const nb::bytes& json) { return Unwrap(sound_model::ParseFrontEnd(AsText(json))); }, "json"_a,
      "The front end that a model's YAMNET_FRONT_END metadata names, or ValueError.");
  module.def(
      "file_hash",
      [](const nb::bytes& json, std::string_view name) { return Unwrap(sound_model::FileHash(AsText(json), name)); },
      "manifest"_a, "name"_a, "A file's SHA-256 in a model partition's manifest.json, or ValueError.");
  module.def(
      "check_manifest",
      [](const nb::bytes& json) {
        if (const auto checked = sound_model::CheckManifest(AsText(json)); !checked) Raise(checked.error());
      },
      "manifest"_a, "The device's check of a model partition's manifest.json: ValueError tells what is wrong.");
  module.def(
      "check_file",
      [](const nb::bytes& json, std::string_view name, const nb::bytes& content) {
        if (const auto checked = sound_model::CheckFile(AsText(json), name, AsSpan(content)); !checked) {
          Raise(checked.error());
        }
      },
      "manifest"_a, "name"_a, "content"_a,
      "The device's check of a file against its manifest: ValueError unless size and SHA-256 are those named.");
  module.def(
      "check_self_test",
      [](const nb::bytes& file) { return Unwrap(sound_model::ParseSelfTest(AsSpan(file))).outputs.size(); }, "file"_a,
      "The device's check of selftest.bin: of how many classes it is, or ValueError.");
  module.def(
      "sha256",
      [](const nb::bytes& data, size_t piece) {
        base::Sha256 hash;
        for (auto rest = AsSpan(data); !rest.empty(); rest = rest.subspan(std::min(piece, rest.size()))) {
          hash.Update(rest.first(std::min(piece, rest.size())));
        }
        return hash.Finish();
      },
      "data"_a, "piece"_a, "SHA-256 of data taken in pieces of the given size, in hexadecimal.");
}

}  // namespace device_core
