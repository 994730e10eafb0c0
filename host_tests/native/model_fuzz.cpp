// SPDX-License-Identifier: Apache-2.0
// usage: model_fuzz MODEL CLASS_MAP MANIFEST SELF_TEST ROUNDS SEED
// Damages the files at random, mostly where structure lies, and lets the device's readers look at them; models that
// they take are run.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "sound_model/class_map.h"
#include "sound_model/front_end.h"
#include "sound_model/manifest.h"
#include "sound_model/model_file.h"
#include "sound_model/self_test_vector.h"
#include "sound_model/wide_engine.h"

namespace {

using Random = std::mt19937;
using Bytes = std::vector<uint8_t>;

Bytes ReadFile(const char* path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

size_t Below(Random& random, size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random); }

/// Structure lies at both ends of the model, and in all of the small files.
size_t Place(Random& random, size_t size) {
  constexpr size_t kEnd = 40000;
  const size_t span = Below(random, 8) == 0 ? size : std::min(size, kEnd);
  return Below(random, 2) == 0 ? Below(random, span) : size - 1 - Below(random, span);
}

Bytes Damaged(Random& random, const Bytes& original) {
  Bytes file = original;
  for (size_t damage = 1 + Below(random, 6); damage > 0; --damage) {
    const size_t at = Place(random, file.size());
    switch (Below(random, 3)) {
      case 0:
        file[at] = static_cast<uint8_t>(Below(random, 256));
        break;
      case 1:
        file[at] ^= static_cast<uint8_t>(1u << Below(random, 8));
        break;
      default:
        for (size_t i = at; i < std::min(at + 4, file.size()); ++i) file[i] = static_cast<uint8_t>(Below(random, 256));
    }
  }
  if (Below(random, 10) == 0) file.resize(Below(random, file.size()));
  return file;
}

/// The PC's engine refuses the model, or scores a patch with it.
void Score(const Bytes& model) {
  const auto engine = sound_model::WideEngine::Create(model);
  if (!engine) return;
  const std::vector<int8_t> patch(sound_model::kPatchValues, 100);
  std::vector<int8_t> scores(static_cast<size_t>((*engine)->classes()));
  sound_model::WideEngine::Scratch scratch = (*engine)->MakeScratch();
  (*engine)->Score(patch, scores, scratch);
}

std::string_view AsText(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const Bytes model = ReadFile(argv[1]);
  const Bytes class_map = ReadFile(argv[2]);
  const Bytes manifest = ReadFile(argv[3]);
  const Bytes self_test = ReadFile(argv[4]);
  Random random(std::atoi(argv[6]));
  const auto sound = sound_model::CheckModel(model);
  if (!sound || !sound_model::ClassMap::Parse(AsText(class_map)) ||
      !sound_model::CheckFile(AsText(manifest), "yamnet.tflite", model) || !sound_model::ParseSelfTest(self_test)) {
    std::fprintf(stderr, "the files are refused as they are: %s\n", sound ? "" : sound.error().message.c_str());
    return 1;
  }
  int refused = 0;
  int refused_self_tests = 0;
  for (int round = std::atoi(argv[5]); round > 0; --round) {
    const Bytes file = Damaged(random, model);
    const auto checked = sound_model::CheckModel(file);
    refused += !checked;
    Score(file);
    if (checked) (void)sound_model::ParseFrontEnd(checked->front_end);
    (void)sound_model::ClassMap::Parse(AsText(Damaged(random, class_map)));
    const Bytes damaged_manifest = Damaged(random, manifest);
    (void)sound_model::FileHash(AsText(damaged_manifest), "yamnet.tflite");
    (void)sound_model::CheckFile(AsText(damaged_manifest), "yamnet.tflite", file);
    (void)sound_model::ParseFrontEnd(AsText(Damaged(random, Bytes(sound->front_end.begin(), sound->front_end.end()))));
    refused_self_tests += !sound_model::ParseSelfTest(Damaged(random, self_test));
  }
  std::printf("%d models and %d self-tests refused\n", refused, refused_self_tests);
  return refused > 0 && refused_self_tests > 0 ? 0 : 1;
}
