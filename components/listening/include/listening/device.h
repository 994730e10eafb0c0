// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "listening/boot_record.h"
#include "listening/boot_sequence.h"
#include "listening/clip_keeper.h"
#include "listening/device_state.h"
#include "listening/error.h"
#include "listening/event_watch.h"
#include "listening/heard_log.h"
#include "listening/listener.h"
#include "listening/local_clock.h"
#include "listening/model_service.h"
#include "listening/model_source.h"
#include "listening/mute_switch.h"
#include "listening/owner_token.h"
#include "listening/rule_service.h"
#include "listening/sample_clock.h"
#include "sound_model/class_map.h"
#include "sound_model/self_test_vector.h"

namespace listening {

// The names of the boot steps that a Device runs.
inline constexpr char kRecordStep[] = "boot record";
inline constexpr char kFilesStep[] = "model files";
inline constexpr char kClassesStep[] = "class map";
inline constexpr char kModelStep[] = "model";
inline constexpr char kInterpreterStep[] = "interpreter";
inline constexpr char kSelfTestStep[] = "self-test";
inline constexpr char kFrontEndStep[] = "front end";
inline constexpr char kRulesStep[] = "rules";
inline constexpr char kClipsStep[] = "clips";
inline constexpr char kStorageStep[] = "storage";
inline constexpr char kListenStep[] = "listening";

struct DeviceSpec {
  uint32_t log_every_patches = 1;  ///< 0: none.
  size_t log_top_classes = 3;
  clip_store::ClipStoreSpec clips;
};

/// What every device is, wherever it runs: from PCM to events, clips and what it says of itself. The wiring of chip,
/// Linux and PC; each brings Services and a ModelSource, runs the boot steps in its order, feeds listener() from a task
/// that may think, clips() from one that may wait, and whatever shows the device to somebody asks here.
class Device {
 public:
  /// All outlive the device.
  Device(Services& services, ModelSource& source, const DeviceSpec& spec);

  // Boot steps, to be run once each, in this order; others may lie between them.
  void CountBoot(const Reset& reset);
  void LoadModel();  ///< Model files to front end.
  void LoadRules();
  /// @param ring_memory  for the samples that a clip may begin with; empty where there was none to be had.
  /// @param start        starts the task that serves it, where there is one. Volumes are mounted there, beside
  /// listening.
  void KeepClips(std::span<int16_t> ring_memory, std::vector<std::unique_ptr<clip_store::Volume>> volumes,
                 const std::function<void(ClipKeeper&)>& start);
  /// @param start  starts the task that feeds it, where there is one.
  void Listen(const std::function<void(Listener&)>& start);
  /// @param wait  lets the task that serves clips() run for a moment.
  void CheckStorage(const std::function<void()>& wait);

  BootSequence& boot() { return boot_; }
  const BootSequence& boot() const { return boot_; }
  Services& services() { return services_; }
  SampleClock& clock() { return clock_; }
  LocalClock& local_clock() { return local_clock_; }
  MuteSwitch& mute() { return mute_; }
  const MuteSwitch& mute() const { return mute_; }

  /// To be called before Listen(), with what outlives the device.
  void Add(PatchListener& listener) { patch_listeners_.push_back(&listener); }
  void Add(EventListener& listener) { event_listeners_.push_back(&listener); }

  /// Says how updates go from now on; `source` outlives the device.
  void Show(const UpdateSource& source) { update_source_ = &source; }

  /// Whether it is about to restart: what shows it to somebody comes to an end.
  bool closed() const { return closed_; }

  // Parts that are there once their boot steps have succeeded; else nullptr.
  Listener* listener() { return boot_.ok(kListenStep) ? listener_.get() : nullptr; }
  ClipKeeper* clips() { return boot_.ok(kClipsStep) ? clips_.get() : nullptr; }

  // The same for those who tell somebody: kNotReady with the step and the reason.
  std::expected<const sound_model::ClassMap*, Error> classes() const;
  std::expected<OwnerToken*, Error> owner();
  std::expected<RuleService*, Error> rules();
  std::expected<EventWatch*, Error> watch();
  /// A front end of one's own.
  std::expected<std::unique_ptr<log_mel::PatchStream>, Error> MakeFrontEnd();

  /// Nothing is served by a model or kernels that fail the self-test.
  std::expected<uint32_t, Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores);
  std::expected<Profile, Error> ProfileOps();
  std::expected<SelfTestResult, Error> SelfTest();

  /// While held, live input is not scored.
  void HoldLiveInput(bool hold);

  DeviceState state() const;

  /// Stores what a restart would lose.
  /// @param wait  lets the task that serves clips() run for a moment.
  void PrepareRestart(const std::function<void()>& wait);

 private:
  using Result = BootSequence::Result;

  Result LoadFiles();
  Result LoadClasses();
  Result LoadModelFile();
  Result StartEngine();
  Result TestModel();
  Result CheckFrontEnd();
  Result StartRules();
  Result StartClips(std::span<int16_t> ring_memory, std::vector<std::unique_ptr<clip_store::Volume>>& volumes);
  Result LookAtStorage() const;
  Result StartListening(const std::function<void(Listener&)>& start);

  std::expected<std::string, sound_model::Error> ReadChecked(const char* name);
  std::expected<void, Error> Need(const char* step) const;

  Services& services_;
  ModelSource& source_;
  DeviceSpec spec_;
  BootSequence boot_;
  SampleClock clock_;
  LocalClock local_clock_;
  MuteSwitch mute_;
  std::optional<OwnerToken> owner_;
  std::optional<BootRecord> record_;
  std::string manifest_;
  std::optional<sound_model::ClassMap> classes_;
  std::optional<sound_model::LoadedModel> file_;
  std::optional<sound_model::ModelSummary> summary_;
  std::optional<log_mel::LogMelSpec> front_end_;
  std::unique_ptr<ModelService> model_;
  std::string self_test_file_;
  std::optional<sound_model::SelfTestVector> self_test_;
  std::optional<SelfTestResult> self_test_result_;
  std::unique_ptr<RuleService> rules_;
  std::unique_ptr<EventWatch> watch_;
  std::unique_ptr<ClipKeeper> clips_;
  EventLog event_log_;
  std::unique_ptr<PatchLog> patch_log_;
  std::vector<PatchListener*> patch_listeners_;
  std::vector<EventListener*> event_listeners_;
  std::unique_ptr<log_mel::PatchStream> live_front_end_;
  std::unique_ptr<Listener> listener_;
  const UpdateSource* update_source_ = nullptr;
  std::atomic<bool> closed_ = false;
};

}  // namespace listening
