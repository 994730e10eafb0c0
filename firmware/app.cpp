// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include "base/sample_rate.h"
#include "board/board.h"
#include "console_task.h"
#include "home.h"
#include "large_memory.h"
#include "network.h"
#include "panel.h"
#include "platform.h"
#include "sdkconfig.h"
#include "storage_volumes.h"
#include "tasks.h"
#include "update_places.h"

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

void StartAudio(App& app) {
  listening::ClipKeeper* const clips = app.device.clips();
  const listening::MuteSwitch& mute = app.device.mute();
  if (!mute.on()) (void)app.capture.Open();  // what fails is tried again by its task, and said by the boot step
  app.capture.Start(clips == nullptr ? nullptr : &clips->ring(), app.device.clock(), mute);
  app.services.Show(app.capture);
}

listening::BootSequence::Result LookAtAudio(const App& app) {
  if (app.device.mute().on()) return "muted";
  const Capture& capture = app.capture;
  const audio_input::SourceState state = capture.source_state();
  if (state.kind == audio_input::SourceState::Kind::kOpen) return capture.source().source();
  return std::unexpected(state.error);
}

void WaitForStorage() { vTaskDelay(kStoragePeriod); }

}  // namespace

App::App()
    : updates(services, FindUpdatePlaces()),
      device(services, source, Spec()),
      capture(audio_input::MakeConfiguredSource()) {
  device.Show(updates);
}

void Boot(App& app) {
  using Recovers = listening::BootSequence::Recovers;
  listening::Device& device = app.device;
  listening::BootSequence& boot = device.boot();
  boot.Run(kBoardStep, "", board::PowerUp, Recovers::kMay);
  boot.Run(kConsoleStep, "", [&app] { return StartConsole(app); });
  boot.Run(kMemoryStep, "", CheckMemory);
  if (!CanWriteFlash()) return boot.Finish();
  device.CountBoot(LastReset());
  app.source.Use(ModelLabel(app.updates.ChooseModel()));
  StartNetwork(app);
  device.LoadModel();
  if (app.updates.JudgeModel(boot.ok(listening::kFrontEndStep), boot.WhyNot(listening::kFrontEndStep))) ShutDown(app);
  device.LoadRules();
  device.KeepClips(AllocateLarge<int16_t>(base::SamplesIn(CONFIG_FIRMWARE_CLIP_RING_S)), MakeStorageVolumes(),
                   [](listening::ClipKeeper& clips) { StartStorage(clips, kStoragePeriod); });
  device.Listen([&app](listening::Listener& listener) { StartInference(app.capture, listener); });
  StartAudio(app);
  boot.Run(
      kAudioStep, "", [&app] { return LookAtAudio(app); }, Recovers::kMay);
  device.CheckStorage(WaitForStorage);
  boot.Finish();
  StartUpkeep(device);
  StartPanel(device.mute());
}

void ShutDown(App& app) {
  app.device.PrepareRestart(WaitForStorage);
  CloseHome();
  Restart();
}

}  // namespace firmware
