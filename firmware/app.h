// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "boot_record.h"
#include "boot_sequence.h"
#include "capture.h"
#include "clip_recorder.h"
#include "device_clock.h"
#include "event_watch.h"
#include "listener.h"
#include "log_mel/patch_stream.h"
#include "model_service.h"
#include "patch_log.h"
#include "rule_console.h"
#include "sound_model/class_map.h"
#include "sound_model/model_store.h"
#include "sound_model/self_test_vector.h"

namespace firmware {

// The names of the boot steps.
inline constexpr char kConsoleStep[] = "console";
inline constexpr char kRecordStep[] = "boot record";
inline constexpr char kMemoryStep[] = "memory";
inline constexpr char kFilesStep[] = "model files";
inline constexpr char kClassesStep[] = "class map";
inline constexpr char kModelStep[] = "model";
inline constexpr char kInterpreterStep[] = "interpreter";
inline constexpr char kSelfTestStep[] = "self-test";
inline constexpr char kFrontEndStep[] = "front end";
inline constexpr char kRulesStep[] = "rules";
inline constexpr char kClipsStep[] = "clip memory";
inline constexpr char kStorageStep[] = "storage";
inline constexpr char kAudioStep[] = "audio";
inline constexpr char kListenStep[] = "listening";

/// Everything that runs, in the order in which it comes up. What did not start is empty, and the boot step says why.
struct App {
  BootSequence boot;
  std::optional<BootRecord> record;
  std::string manifest;
  std::optional<sound_model::ClassMap> classes;
  std::optional<sound_model::LoadedModel> file;
  std::optional<sound_model::ModelSummary> summary;
  std::optional<log_mel::LogMelSpec> spec;
  std::unique_ptr<ModelService> model;
  std::string self_test_file;
  std::optional<sound_model::SelfTestVector> self_test;
  std::optional<serial_console::SelfTestResult> self_test_result;
  std::unique_ptr<log_mel::PatchStream> live_front_end;
  std::unique_ptr<log_mel::PatchStream> console_front_end;
  DeviceClock clock;
  ClipRecorder recorder{clock};
  std::unique_ptr<EventWatch> watch;
  std::unique_ptr<RuleConsole> rule_console;
  std::unique_ptr<Capture> capture;
  std::unique_ptr<PatchLog> patch_log;
  std::unique_ptr<Listener> listener;
};

/// Brings everything up, step by step. @p app lives for as long as the device runs.
void Boot(App& app);

/// Stores what a restart would lose, and restarts.
[[noreturn]] void ShutDown(App& app);

}  // namespace firmware
