// SPDX-License-Identifier: Apache-2.0
#include "listening/device.h"

#include <algorithm>

#include "listening/noise_floor_store.h"
#include "sound_model/front_end.h"
#include "sound_model/manifest.h"

namespace listening {
namespace {

constexpr int kPatience = 30;
constexpr int kMountPatience = 10;

std::unexpected<std::string> Fail(const sound_model::Error& error) { return std::unexpected(error.message); }

std::vector<std::string> ClassNames(const sound_model::ClassMap& classes) {
  std::vector<std::string> names;
  names.reserve(classes.size());
  for (size_t i = 0; i < classes.size(); ++i) names.emplace_back(classes.name(i));
  return names;
}

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

Device::Device(Services& services, ModelSource& source, const DeviceSpec& spec)
    : services_(services),
      source_(source),
      spec_(spec),
      boot_(services),
      clock_(services),
      local_clock_(services),
      mute_(services),
      event_log_(services) {
  Add(event_log_);
}

// --- Boot steps

void Device::CountBoot(const Reset& reset) {
  boot_.Run(kRecordStep, "", [this, reset]() -> Result {
    mute_.Load();  // first: what is muted stays so whatever fails
    auto record = listening::CountBoot(services_.settings(), reset);
    if (!record) return std::unexpected(record.error());
    owner_.emplace(services_);
    local_clock_.Load();
    record_ = *std::move(record);
    return "boot " + std::to_string(record_->count) + " after " + record_->reset_reason();
  });
}

void Device::LoadModel() {
  boot_.Run(kFilesStep, "", [this] { return LoadFiles(); });
  boot_.Run(kClassesStep, kFilesStep, [this] { return LoadClasses(); });
  boot_.Run(kModelStep, kClassesStep, [this] { return LoadModelFile(); });
  boot_.Run(kInterpreterStep, kModelStep, [this] { return StartEngine(); });
  boot_.Run(kSelfTestStep, kInterpreterStep, [this] { return TestModel(); });
  boot_.Run(kFrontEndStep, kSelfTestStep, [this] { return CheckFrontEnd(); });
}

void Device::LoadRules() {
  boot_.Run(kRulesStep, kModelStep, [this] { return StartRules(); });
}

void Device::KeepClips(std::span<int16_t> ring_memory, std::vector<std::unique_ptr<clip_store::Volume>> volumes,
                       const std::function<void(ClipKeeper&)>& start) {
  const auto owned = std::make_shared<decltype(volumes)>(std::move(volumes));  // std::function wants to be copied
  boot_.Run(kClipsStep, kRecordStep, [this, ring_memory, owned, start] {
    const Result started = StartClips(ring_memory, *owned);
    if (started) start(*clips_);
    return started;
  });
}

void Device::Listen(const std::function<void(Listener&)>& start) {
  boot_.Run(kListenStep, kFrontEndStep, [this, start] { return StartListening(start); });
}

void Device::CheckStorage(const std::function<void()>& wait) {
  for (int i = 0; i < kMountPatience && clips() != nullptr && !clips()->served(); ++i) wait();
  boot_.Run(
      kStorageStep, kClipsStep, [this] { return LookAtStorage(); }, BootSequence::Recovers::kMay);
}

Device::Result Device::LoadFiles() {
  if (const auto mounted = source_.Mount(); !mounted) return Fail(mounted.error());
  auto manifest = source_.Read("manifest.json");
  if (!manifest) return Fail(manifest.error());
  if (const auto checked = sound_model::CheckManifest(*manifest); !checked) return Fail(checked.error());
  manifest_ = *std::move(manifest);
  return "";
}

Device::Result Device::LoadClasses() {
  const auto csv = ReadChecked("yamnet_class_map.csv");
  if (!csv) return Fail(csv.error());
  auto classes = sound_model::ClassMap::Parse(*csv);
  if (!classes) return Fail(classes.error());
  classes_ = *std::move(classes);
  return std::to_string(classes_->size()) + " classes";
}

Device::Result Device::LoadModelFile() {
  auto file = source_.Load(manifest_);
  if (!file) return Fail(file.error());
  auto summary = sound_model::CheckModel(file->bytes);
  if (!summary) return Fail(summary.error());
  if (summary->classes != classes_->size()) {
    return std::unexpected("it has " + std::to_string(summary->classes) + " outputs, its class map " +
                           std::to_string(classes_->size()) + " classes");
  }
  const auto spec = sound_model::ParseFrontEnd(summary->front_end);
  if (!spec) return Fail(spec.error());
  file_ = *std::move(file);
  summary_ = *std::move(summary);
  front_end_ = *spec;
  const int64_t ms = std::max<int64_t>(1, file_->read_us / 1000);
  return std::to_string(file_->bytes.size()) + " bytes in " + std::to_string(ms) + " ms, " +
         std::to_string(static_cast<int64_t>(file_->bytes.size()) / ms) + " KB/s";
}

Device::Result Device::StartEngine() {
  auto engine = source_.MakeEngine(file_->bytes, *summary_);
  if (!engine) return Fail(engine.error());
  model_ = std::make_unique<ModelService>(services_, *std::move(engine));
  return "arena " + std::to_string(model_->arena_used()) + " of " + std::to_string(source_.arena_bytes()) +
         " bytes, kernels " + source_.kernels();
}

Device::Result Device::TestModel() {
  auto file = ReadChecked("selftest.bin");
  if (!file) return Fail(file.error());
  self_test_file_ = *std::move(file);
  const auto vector = sound_model::ParseSelfTest(Bytes(self_test_file_));
  if (!vector) return Fail(vector.error());
  if (vector->model_sha256 != file_->sha256) return std::unexpected("the stored patch belongs to another model");
  if (vector->outputs.size() != summary_->classes) return std::unexpected("the stored outputs are of another number");
  self_test_ = *vector;
  const auto result = model_->SelfTest(*self_test_);
  if (!result) return std::unexpected(result.error().message);
  self_test_result_ = *result;
  const std::string differences =
      std::to_string(result->differing_outputs) + " of " + std::to_string(summary_->classes) + " outputs differ";
  if (!result->passed()) {
    return std::unexpected(differences + ", by up to " + std::to_string(result->largest_difference) +
                           " steps: nothing is scored with these kernels");
  }
  return differences + ", first score " + std::to_string(services_.UptimeUs() / 1000) + " ms after the start";
}

Device::Result Device::CheckFrontEnd() {
  auto made = MakeFrontEnd();
  if (!made) return std::unexpected(made.error().message);
  live_front_end_ = *std::move(made);
  return std::string(front_end_->name) + ", " + source_.transform() + " transform";
}

Device::Result Device::StartRules() {
  rules_ = std::make_unique<RuleService>(services_, ClassNames(*classes_));
  sound_events::RuleSet loaded = rules_->Load();
  const size_t count = loaded.rules().size();
  auto floor = sound_events::NoiseFloor::Create({});
  if (!floor) return std::unexpected(floor.error().Text());
  const bool restored = LoadFloor(services_, *floor);
  const sound_model::Quantization& output = summary_->output;
  auto detector = sound_events::EventDetector::Create(
      std::move(loaded), {.scale = output.scale, .zero_point = output.zero_point, .classes = summary_->classes});
  if (!detector) return std::unexpected(detector.error().Text());
  auto patterns =
      sound_events::PatternStream::Create(sound_events::DecibelsPerStep(summary_->input.scale, front_end_->spectrum));
  if (!patterns) return std::unexpected(patterns.error().Text());
  watch_ = std::make_unique<EventWatch>(services_, *std::move(detector), *floor, *std::move(patterns));
  rules_->Serve(*watch_);
  return std::to_string(count) + (rules_->stored() ? " stored rules" : " rules of the presets") +
         (restored ? ", noise floor from before the restart" : "");
}

Device::Result Device::StartClips(std::span<int16_t> ring_memory,
                                  std::vector<std::unique_ptr<clip_store::Volume>>& volumes) {
  if (ring_memory.empty()) return std::unexpected("no memory for the pre-roll: lower FIRMWARE_CLIP_RING_S");
  spec_.clips.boot_count = record_->count;
  const auto raise = [this, record = *record_](uint32_t boot) mutable {
    if (const auto raised = RaiseBootCount(services_.settings(), record, boot); !raised) {
      services_.Log(LogLevel::kWarning, "clips", "the boot count is not raised: " + raised.error());
    }
  };
  clips_ = std::make_unique<ClipKeeper>(services_, spec_.clips, ring_memory, std::move(volumes), clock_, raise);
  Add(*clips_);
  return std::to_string(ring_memory.size() / base::kSampleRateHz) + " s of sound are kept in memory";
}

Device::Result Device::LookAtStorage() const {
  const clip_store::ClipStoreStatus now = clips_->store().status();
  if (now.volumes.empty()) return "none: events are told, and not kept";
  if (!now.volume.empty()) {
    return "volume " + now.volume + ", " + std::to_string(now.clips) + " clips, " + std::to_string(now.clips_repaired) +
           " repaired";
  }
  if (!clips_->served()) return std::unexpected("still mounting");
  std::string text = "no volume, nothing is kept";
  for (const clip_store::VolumeStatus& volume : now.volumes) {
    text += (", " + std::string(volume.name) += " ") += clip_store::VolumeStateName(volume.state);
    if (volume.state == clip_store::VolumeState::kNeedsFormat) {
      text += ": it holds something else, and `@storage format " + std::string(volume.name) + "` clears it";
    }
  }
  return std::unexpected(text);
}

Device::Result Device::StartListening(const std::function<void(Listener&)>& start) {
  patch_log_ = std::make_unique<PatchLog>(services_, *classes_, spec_.log_every_patches, spec_.log_top_classes);
  std::vector<PatchListener*> listeners{patch_log_.get()};
  if (boot_.ok(kRulesStep)) {
    for (EventListener* listener : event_listeners_) watch_->Add(*listener);
    listeners.push_back(watch_.get());
  }
  listeners.insert(listeners.end(), patch_listeners_.begin(), patch_listeners_.end());
  listener_ = std::make_unique<Listener>(services_, *live_front_end_, *model_, *summary_, std::move(listeners));
  start(*listener_);
  return "";
}

std::expected<std::string, sound_model::Error> Device::ReadChecked(const char* name) {
  auto content = source_.Read(name);
  if (!content) return content;
  if (const auto checked = sound_model::CheckFile(manifest_, name, Bytes(*content)); !checked) {
    return std::unexpected(checked.error());
  }
  return content;
}

// --- What others ask

std::expected<void, Error> Device::Need(const char* step) const {
  if (boot_.ok(step)) return {};
  return std::unexpected(Error{ErrorCode::kNotReady, boot_.WhyNot(step)});
}

std::expected<const sound_model::ClassMap*, Error> Device::classes() const {
  if (const auto ready = Need(kClassesStep); !ready) return std::unexpected(ready.error());
  return &*classes_;
}

std::expected<OwnerToken*, Error> Device::owner() {
  if (const auto ready = Need(kRecordStep); !ready) return std::unexpected(ready.error());
  return &*owner_;
}

std::expected<RuleService*, Error> Device::rules() {
  if (const auto ready = Need(kRulesStep); !ready) return std::unexpected(ready.error());
  return rules_.get();
}

std::expected<EventWatch*, Error> Device::watch() {
  if (const auto ready = Need(kRulesStep); !ready) return std::unexpected(ready.error());
  return watch_.get();
}

std::expected<std::unique_ptr<log_mel::PatchStream>, Error> Device::MakeFrontEnd() {
  if (const auto ready = Need(kSelfTestStep); !ready) return std::unexpected(ready.error());
  const auto fail = [](const log_mel::Error& error) {
    return std::unexpected(Error{ErrorCode::kFailed, error.message});
  };
  auto frames = log_mel::LogMelStream::Create(*front_end_, source_.MakeSpectrum(*front_end_));
  if (!frames) return fail(frames.error());
  auto quantizer = log_mel::PatchQuantizer::Create(summary_->input.scale, summary_->input.zero_point);
  if (!quantizer) return fail(quantizer.error());
  return std::make_unique<log_mel::PatchStream>(*std::move(frames), *quantizer);
}

std::expected<uint32_t, Error> Device::Score(std::span<const int8_t> patch, std::span<int8_t> scores) {
  if (const auto ready = Need(kSelfTestStep); !ready) return std::unexpected(ready.error());
  return model_->Score(patch, scores);
}

std::expected<Profile, Error> Device::ProfileOps() {
  if (const auto ready = Need(kInterpreterStep); !ready) return std::unexpected(ready.error());
  return model_->ProfileOps();
}

std::expected<SelfTestResult, Error> Device::SelfTest() {
  if (const auto ready = Need(kInterpreterStep); !ready) return std::unexpected(ready.error());
  if (!boot_.over(kSelfTestStep) || !self_test_) {
    return std::unexpected(Error{ErrorCode::kNotReady, boot_.WhyNot(kSelfTestStep)});
  }
  return model_->SelfTest(*self_test_);
}

void Device::HoldLiveInput(bool hold) {
  if (Listener* const live = listener()) live->Hold(hold);
}

DeviceState Device::state() const {
  DeviceState state{};
  if (boot_.ok(kRecordStep)) state.record = record_;
  state.ready = boot_.ready();
  state.steps = boot_.steps();
  if (boot_.ok(kModelStep)) {
    state.model = ModelState{.sha256 = file_->sha256,
                             .bytes = file_->bytes.size(),
                             .front_end = std::string(front_end_->name),
                             .input = summary_->input,
                             .output = summary_->output,
                             .classes = summary_->classes,
                             .ops = {summary_->op_set.begin(), summary_->op_set.end()}};
  }
  state.kernels = source_.kernels();
  if (boot_.ok(kInterpreterStep)) {
    state.arena = ArenaState{source_.arena_bytes(), model_->arena_used()};
    state.inference = model_->times();
  }
  if (boot_.over(kSelfTestStep)) state.self_test = self_test_result_;
  state.muted = mute_.on();
  if (boot_.ok(kRulesStep)) state.watch = watch_->state();
  if (boot_.ok(kClipsStep)) state.storage = clips_->store().status();
  if (update_source_ != nullptr) state.update = update_source_->state();
  state.uptime_ms = services_.UptimeUs() / 1000;
  services_.Describe(state);
  return state;
}

void Device::PrepareRestart(const std::function<void()>& wait) {
  closed_ = true;
  if (ClipKeeper* const keeper = clips()) {
    keeper->Close();
    for (int i = 0; i < kPatience && !keeper->closed(); ++i) wait();
  }
  if (boot_.ok(kRulesStep)) StoreFloor(services_, *watch_);
}

}  // namespace listening
