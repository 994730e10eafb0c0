// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app.h"
#include "esp_timer.h"
#include "front_end.h"
#include "heartbeat.h"
#include "platform.h"
#include "sound_model/front_end.h"

namespace firmware {
namespace {

using Result = BootSequence::Result;

Result Fail(const sound_model::Error& error) { return std::unexpected(error.message); }

Result LoadRecord(App& app) {
  auto record = CountBoot();
  if (!record) return std::unexpected(record.error());
  app.record = *std::move(record);
  return "boot " + std::to_string(app.record->count) + " after " + app.record->reset_reason;
}

Result MountFiles(App& app) {
  if (const auto mounted = sound_model::MountModelFiles(); !mounted) return Fail(mounted.error());
  auto manifest = sound_model::ReadModelFile("manifest.json");
  if (!manifest) return Fail(manifest.error());
  app.manifest = *std::move(manifest);
  return "";
}

Result LoadClasses(App& app) {
  const auto csv = sound_model::ReadModelFile("yamnet_class_map.csv", app.manifest);
  if (!csv) return Fail(csv.error());
  auto classes = sound_model::ClassMap::Parse(*csv);
  if (!classes) return Fail(classes.error());
  app.classes = *std::move(classes);
  return std::to_string(sound_model::kClasses) + " classes";
}

Result LoadModelFile(App& app) {
  auto file = sound_model::LoadModel(app.manifest);
  if (!file) return Fail(file.error());
  auto summary = sound_model::CheckModel(file->bytes);
  if (!summary) return Fail(summary.error());
  const auto spec = sound_model::ParseFrontEnd(summary->front_end);
  if (!spec) return Fail(spec.error());
  app.file = *std::move(file);
  app.summary = *std::move(summary);
  app.spec = *spec;
  const int64_t ms = std::max<int64_t>(1, app.file->read_us / 1000);
  return std::to_string(app.file->bytes.size()) + " bytes in " + std::to_string(ms) + " ms, " +
         std::to_string(static_cast<int64_t>(app.file->bytes.size()) / ms) + " KB/s";
}

Result StartInterpreter(App& app) {
  auto interpreter = sound_model::MakeInterpreter(app.file->bytes, *app.summary);
  if (!interpreter) return Fail(interpreter.error());
  app.model = std::make_unique<ModelService>(*std::move(interpreter));
  return "arena " + std::to_string(app.model->arena_used()) + " of " + std::to_string(sound_model::ArenaBytes()) +
         " bytes, kernels " + std::string(sound_model::KernelsName());
}

Result TestModel(App& app) {
  auto file = sound_model::ReadModelFile("selftest.bin", app.manifest);
  if (!file) return Fail(file.error());
  app.self_test_file = *std::move(file);
  const auto vector = sound_model::ParseSelfTest(
      {reinterpret_cast<const uint8_t*>(app.self_test_file.data()), app.self_test_file.size()});
  if (!vector) return Fail(vector.error());
  if (vector->model_sha256 != app.file->sha256) return std::unexpected("the stored patch belongs to another model");
  app.self_test = *vector;
  const auto result = app.model->SelfTest(*app.self_test);
  if (!result) return std::unexpected(result.error().message);
  app.self_test_result = *result;
  const std::string differences =
      std::to_string(result->differing_outputs) + " of " + std::to_string(sound_model::kClasses) + " outputs differ";
  if (!result->passed()) {
    return std::unexpected(differences + ", by up to " + std::to_string(result->largest_difference) +
                           " steps: nothing is scored with these kernels");
  }
  return differences + ", first score " + std::to_string(esp_timer_get_time() / 1000) + " ms after the start";
}

Result MakeFrontEnds(App& app) {
  for (auto* front_end : {&app.live_front_end, &app.console_front_end}) {
    auto made = MakeFrontEnd(*app.spec, app.summary->input);
    if (!made) return std::unexpected(made.error().message);
    *front_end = *std::move(made);
  }
  return std::string(app.spec->name) + ", " + SpectrumSource() + " transform";
}

Result LoadRules(App& app) {
  DeviceClock::SetTimeZone();
  auto active = sound_events::esp::LoadRules(ClassNames(*app.classes));
  auto floor = sound_events::NoiseFloor::Create({});
  if (!floor) return std::unexpected(floor.error().Text());
  const bool restored = sound_events::esp::LoadFloor(*floor);
  const sound_model::Quantization& output = app.summary->output;
  auto detector = sound_events::EventDetector::Create(
      active.rules, {.scale = output.scale, .zero_point = output.zero_point, .classes = sound_model::kClasses});
  if (!detector) return std::unexpected(detector.error().Text());
  app.watch = std::make_unique<EventWatch>(*std::move(detector), *floor, app.recorder);
  app.rule_console = std::make_unique<RuleConsole>(*app.classes, *app.watch, app.recorder, active);
  return std::to_string(active.rules.rules().size()) + (active.stored ? " stored rules" : " rules of the presets") +
         (restored ? ", noise floor from before the restart" : "");
}

Result OpenAudio(App& app) {
  auto capture = std::make_unique<Capture>(audio_input::MakeConfiguredSource());
  if (const auto opened = capture->Open(); !opened) return std::unexpected(opened.error());
  app.capture = std::move(capture);
  return app.capture->source().source();
}

Result Listen(App& app) {
  if (!app.boot.ok(kFrontEndStep)) return std::unexpected("needs " + app.boot.WhyNot(kFrontEndStep));
  app.patch_log = std::make_unique<PatchLog>(*app.classes);
  // Who else wants to know what is heard joins this list.
  std::vector<PatchListener*> listeners{app.patch_log.get()};
  if (app.watch) listeners.push_back(app.watch.get());
  app.listener = std::make_unique<Listener>(*app.capture, *app.live_front_end, *app.model, app.summary->output,
                                            std::move(listeners));
  app.listener->Start();
  app.capture->Start(app.listener->task(), app.recorder.ring(), app.clock);
  return "";
}

Result KeepClips(App& app) {
  if (!app.boot.ok(kRecordStep)) return std::unexpected("needs " + app.boot.WhyNot(kRecordStep));
  return app.recorder.Start(app.record->count);
}

}  // namespace

void Boot(App& app) {
  BootSequence& boot = app.boot;
  boot.Run(kRecordStep, nullptr, [&] { return LoadRecord(app); });
  boot.Run(kMemoryStep, nullptr, [] { return CheckMemory(); });
  boot.Run(kFilesStep, nullptr, [&] { return MountFiles(app); });
  boot.Run(kClassesStep, kFilesStep, [&] { return LoadClasses(app); });
  boot.Run(kModelStep, kClassesStep, [&] { return LoadModelFile(app); });
  boot.Run(kInterpreterStep, kModelStep, [&] { return StartInterpreter(app); });
  boot.Run(kSelfTestStep, kInterpreterStep, [&] { return TestModel(app); });
  boot.Run(kFrontEndStep, kSelfTestStep, [&] { return MakeFrontEnds(app); });
  boot.Run(kRulesStep, kModelStep, [&] { return LoadRules(app); });
  boot.Run(kClipsStep, nullptr, [&] { return app.recorder.Allocate(); });
  boot.Run(kStorageStep, kClipsStep, [&] { return KeepClips(app); });
  boot.Run(kAudioStep, nullptr, [&] { return OpenAudio(app); });
  boot.Run(kListenStep, kAudioStep, [&] { return Listen(app); });
  boot.Finish();
  if (boot.ok(kSelfTestStep)) ConfirmApp();
  StartHeartbeat(app);
}

void ShutDown(App& app) {
  app.recorder.Stop();
  if (app.watch) KeepFloor(*app.watch);
  Restart();
}

}  // namespace firmware
