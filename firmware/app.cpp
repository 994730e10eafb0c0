// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include "base/sample_rate.h"
#include "console_task.h"
#include "large_memory.h"
#include "platform.h"
#include "sdkconfig.h"
#include "storage_volumes.h"
#include "tasks.h"

namespace firmware {
namespace {

constexpr TickType_t kStoragePeriod = pdMS_TO_TICKS(100);

listening::DeviceSpec Spec() {
  return {.log_every_patches = CONFIG_FIRMWARE_LOG_EVERY_PATCHES,
          .log_top_classes = CONFIG_FIRMWARE_LOG_TOP_CLASSES,
          .clips = {.pre_roll = base::SamplesIn(CONFIG_FIRMWARE_CLIP_PRE_ROLL_S),
                    .post_roll = base::SamplesIn(CONFIG_FIRMWARE_CLIP_POST_ROLL_S),
                    .max_clip = base::SamplesIn(CONFIG_FIRMWARE_CLIP_MAX_S),
                    .retention = {.max_clips = CONFIG_FIRMWARE_CLIPS_MAX,
                                  .max_age_s = int64_t{CONFIG_FIRMWARE_CLIPS_MAX_DAYS} * 86400,
                                  .min_free_bytes = uint64_t{CONFIG_FIRMWARE_CLIPS_FREE_KB} * 1024},
                    .journal = {}}};
}

listening::BootSequence::Result OpenAudio(App& app) {
  if (const auto opened = app.capture.Open(); !opened) return std::unexpected(opened.error());
  app.capture.Start(app.device.clips() != nullptr ? &app.device.clips()->ring() : nullptr, app.device.clock());
  return app.capture.source().source();
}

}  // namespace

App::App() : device(services, source, Spec()), capture(audio_input::MakeConfiguredSource()) {}

void Boot(App& app) {
  using Recovers = listening::BootSequence::Recovers;
  listening::Device& device = app.device;
  listening::BootSequence& boot = device.boot();
  boot.Run(kConsoleStep, "", [&app] { return StartConsole(app); });
  device.CountBoot(LastReset());
  boot.Run(kMemoryStep, "", [] { return CheckMemory(); });
  device.LoadModel();
  device.LoadRules();
  device.AllocateClips(AllocateLarge<int16_t>(base::SamplesIn(CONFIG_FIRMWARE_CLIP_RING_S)));
  device.KeepClips(MakeStorageVolumes(), [&app] { StartStorage(*app.device.clips(), kStoragePeriod); });
  device.Listen([&app] { StartInference(app.capture, app.device); });
  boot.Run(
      kAudioStep, "", [&app] { return OpenAudio(app); }, Recovers::kYes);
  app.services.Show(app.capture);
  boot.Finish();
  StartUpkeep(device);
}

void ShutDown(App& app) {
  app.device.PrepareRestart([] { vTaskDelay(kStoragePeriod); });
  Restart();
}

}  // namespace firmware
