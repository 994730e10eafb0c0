// SPDX-License-Identifier: Apache-2.0
#include "simulated_host.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <mutex>
#include <random>

#include "clip_store/folder_volume.h"
#include "log_mel/fixed_point_spectrum.h"
#include "sound_model/class_map.h"
#include "sound_model/manifest.h"

namespace nb = nanobind;

namespace device_core {
namespace {

constexpr char kModelName[] = "yamnet.tflite";
constexpr char kClockAttribute[] = "clock_ahead_us";
constexpr int64_t kNoClock = INT64_MIN;

int64_t PcUtcUs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string Said(nb::python_error& raised) { return nb::cast<std::string>(nb::str(raised.value())); }

class HostLock final : public base::Lock {
 public:
  void lock() override { mutex_.lock(); }
  void unlock() override { mutex_.unlock(); }
  bool TryLockFor(int64_t milliseconds) override {
    return mutex_.try_lock_for(std::chrono::milliseconds(milliseconds));
  }

 private:
  std::timed_mutex mutex_;
};

std::unique_ptr<base::Lock> MakeHostLock() { return std::make_unique<HostLock>(); }

/// A Python object that scores patches: score(bytes) -> bytes, costs() -> [(op, cycles)], arena_bytes.
class PythonEngine final : public sound_model::Engine {
 public:
  PythonEngine(const nb::object& object, size_t classes)
      : object_(object), input_(sound_model::kPatchValues), output_(classes) {}

  std::span<int8_t> input() override { return input_; }
  std::span<const int8_t> output() override { return output_; }

  std::expected<void, sound_model::Error> Invoke(bool) override {
    const nb::gil_scoped_acquire gil;
    try {
      const auto scores = nb::cast<nb::bytes>(object_.attr("score")(nb::bytes(input_.data(), input_.size())));
      if (scores.size() != output_.size()) throw nb::value_error("the engine gave another number of scores");
      std::copy_n(static_cast<const int8_t*>(scores.data()), output_.size(), output_.begin());
      return {};
    } catch (nb::python_error& raised) {
      return Failed(Said(raised));
    } catch (const std::exception& error) {
      return Failed(error.what());
    }
  }

  std::span<const sound_model::OpCost> costs() override {
    const nb::gil_scoped_acquire gil;
    names_.clear();
    costs_.clear();
    try {
      for (nb::handle item : object_.attr("costs")()) {
        const auto op = nb::cast<nb::tuple>(item);
        names_.push_back(nb::cast<std::string>(op[0]));
        costs_.push_back({{}, nb::cast<uint64_t>(op[1])});
      }
    } catch (nb::python_error& raised) {
      raised.discard_as_unraisable("the costs of a simulated device's operators");
    }
    for (size_t i = 0; i < costs_.size(); ++i) costs_[i].op = names_[i];
    return costs_;
  }

  size_t arena_used() const override {
    const nb::gil_scoped_acquire gil;
    return nb::cast<size_t>(object_.attr("arena_bytes"));
  }

 private:
  static std::unexpected<sound_model::Error> Failed(std::string message) {
    return std::unexpected(sound_model::Error{sound_model::ErrorCode::kInferenceFailed, std::move(message)});
  }

  const nb::object& object_;
  std::vector<int8_t> input_;
  std::vector<int8_t> output_;
  std::vector<std::string> names_;
  std::vector<sound_model::OpCost> costs_;
};

}  // namespace

SimulatedHost::SimulatedHost(nb::object host)
    : host_(std::move(host)),
      settings_(host_),
      audio_{.source = "none",
             .board = "simulated",
             .gain_db = std::nullopt,
             .overruns = 0,
             .ring_blocks = 0,
             .ring_peak = 0,
             .gaps = 0,
             .alive = false,
             .ended = false,
             .level = std::nullopt},
      log_lines_(MakeHostLock()) {
  if (nb::hasattr(host_, kClockAttribute)) {
    const nb::object ahead = host_.attr(kClockAttribute);
    clock_ahead_us_ = ahead.is_none() ? kNoClock : nb::cast<int64_t>(ahead);
  }
}

std::unique_ptr<base::Lock> SimulatedHost::MakeLock() { return MakeHostLock(); }

int64_t SimulatedHost::UptimeUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start_).count();
}

std::optional<int64_t> SimulatedHost::UtcUs() const {
  const int64_t ahead_us = clock_ahead_us_;
  if (ahead_us == kNoClock) return std::nullopt;
  return PcUtcUs() + ahead_us;
}

std::expected<void, std::string> SimulatedHost::SetUtc(int64_t utc_us) {
  clock_ahead_us_ = utc_us - PcUtcUs();
  const nb::gil_scoped_acquire gil;
  host_.attr(kClockAttribute) = nb::int_(clock_ahead_us_.load());
  return {};
}

int SimulatedHost::MinuteOfDay() const {
  const auto utc_us = UtcUs();
  if (!utc_us) return -1;
  const nb::gil_scoped_acquire gil;
  try {
    return nb::cast<int>(host_.attr("minute_of_day")(*utc_us / 1'000'000));
  } catch (nb::python_error& raised) {
    raised.discard_as_unraisable("a simulated device's local time");
    return -1;
  }
}

void SimulatedHost::SetClock(std::string_view zone, std::string_view, std::string_view) {
  const nb::gil_scoped_acquire gil;
  host_.attr("time_zone") = nb::str(zone.data(), zone.size());
}

void SimulatedHost::UseModelSlot(int slot) {
  const nb::gil_scoped_acquire gil;
  host_.attr("model_slot") = slot;
}

void SimulatedHost::FillRandom(std::span<uint8_t> bytes) {
  std::random_device random;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
}

void SimulatedHost::Log(listening::LogLevel level, const char* tag, std::string_view text) {
  const char letter = level == listening::LogLevel::kInfo ? 'I' : level == listening::LogLevel::kWarning ? 'W' : 'E';
  std::string line{letter};  // as ESP-IDF's
  line += " (" + std::to_string(UptimeUs() / 1000) + ") ";
  ((line += tag) += ": ") += text;
  log_lines_.Add(line);
  const nb::gil_scoped_acquire gil;
  try {
    host_.attr("log")(line);
  } catch (nb::python_error& raised) {
    raised.discard_as_unraisable("a simulated device's log");
  }
}

void SimulatedHost::Describe(listening::DeviceState& state) const {
  const nb::gil_scoped_acquire gil;
  try {
    const auto firmware = nb::cast<std::map<std::string, std::string>>(host_.attr("firmware"));
    state.firmware = {.name = firmware.at("name"),
                      .version = firmware.at("version"),
                      .idf = firmware.at("idf"),
                      .built = firmware.at("built")};
    const auto memory = nb::cast<nb::tuple>(host_.attr("memory")());
    state.memory.free_heap = nb::cast<size_t>(memory[0]);
    state.memory.min_free_heap = nb::cast<size_t>(memory[1]);
    state.memory.largest_heap_block = state.memory.free_heap;
  } catch (nb::python_error& raised) {
    raised.discard_as_unraisable("what a simulated device says of itself");
  }
  state.target = "simulated";
  state.audio = audio_;
  if (network_ != nullptr) state.network = network_->status();
}

std::expected<void, sound_model::Error> SimulatedHost::Mount() {
  const nb::gil_scoped_acquire gil;
  try {
    nb::dict files = nb::cast<nb::dict>(host_.attr("read_files")());
    for (const auto& [name, content] : files) {
      const auto bytes = nb::cast<nb::bytes>(content);
      files_[nb::cast<std::string>(name)] = std::string(bytes.c_str(), bytes.size());
    }
    return {};
  } catch (nb::python_error& raised) {
    return std::unexpected(sound_model::Error{sound_model::ErrorCode::kReadFailed, Said(raised)});
  }
}

std::expected<std::string, sound_model::Error> SimulatedHost::Read(const char* name) {
  const auto file = files_.find(name);
  if (file != files_.end()) return file->second;
  return std::unexpected(sound_model::Error{sound_model::ErrorCode::kNotFound, "no file " + std::string(name)});
}

std::expected<sound_model::LoadedModel, sound_model::Error> SimulatedHost::Load(const std::string& manifest_json) {
  const int64_t begin_us = UptimeUs();
  const auto file = files_.find(kModelName);
  if (file == files_.end()) {
    return std::unexpected(sound_model::Error{sound_model::ErrorCode::kNotFound, "no file yamnet.tflite"});
  }
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(file->second.data()), file->second.size());
  if (const auto checked = sound_model::CheckFile(manifest_json, kModelName, bytes); !checked) {
    return std::unexpected(checked.error());
  }
  return sound_model::LoadedModel{bytes, *sound_model::FileHash(manifest_json, kModelName), UptimeUs() - begin_us};
}

std::expected<std::unique_ptr<sound_model::Engine>, sound_model::Error> SimulatedHost::MakeEngine(
    std::span<const uint8_t> model, const sound_model::ModelSummary& summary) {
  const nb::gil_scoped_acquire gil;
  try {
    engine_ = host_.attr("make_engine")(nb::bytes(model.data(), model.size()));
    return std::make_unique<PythonEngine>(engine_, summary.classes);
  } catch (nb::python_error& raised) {
    return std::unexpected(sound_model::Error{sound_model::ErrorCode::kUnsupported, Said(raised)});
  }
}

bool SimulatedHost::Fits(const update::OwnerKey& key, const update::Digest& digest,
                         const update::Signature& signature) {
  const nb::gil_scoped_acquire gil;
  try {
    return nb::cast<bool>(host_.attr("signature_fits")(nb::bytes(key.point.data(), key.point.size()),
                                                       nb::bytes(digest.data(), digest.size()),
                                                       nb::bytes(signature.data(), signature.size())));
  } catch (nb::python_error& raised) {
    raised.discard_as_unraisable("a simulated device's check of a signature");
    return false;
  }
}

std::vector<std::unique_ptr<clip_store::Volume>> SimulatedHost::MakeVolumes() const {
  std::vector<std::unique_ptr<clip_store::Volume>> volumes;
  const auto folder = nb::cast<std::string>(host_.attr("storage"));
  if (!folder.empty()) volumes.push_back(std::make_unique<clip_store::FolderVolume>(folder));
  return volumes;
}

std::string SimulatedHost::Text(const char* attribute, const char* otherwise) const {
  const nb::gil_scoped_acquire gil;
  return nb::cast<std::string>(nb::getattr(host_, attribute, nb::str(otherwise)));
}

int64_t SimulatedHost::trial_ms() const {
  const nb::gil_scoped_acquire gil;
  return static_cast<int64_t>(1000 * nb::cast<double>(nb::getattr(host_, "trial_s", nb::float_(60.0))));
}

bool SimulatedHost::has(const char* attribute) const {
  const nb::gil_scoped_acquire gil;
  return !nb::getattr(host_, attribute, nb::none()).is_none();
}

int SimulatedHost::Traverse(visitproc visit, void* arg) const {
  Py_VISIT(host_.ptr());
  Py_VISIT(engine_.ptr());
  return 0;
}

size_t SimulatedHost::arena_bytes() const {
  const nb::gil_scoped_acquire gil;
  return nb::cast<size_t>(host_.attr("arena_bytes"));
}

std::unique_ptr<log_mel::FrameSpectrum> SimulatedHost::MakeSpectrum(const log_mel::LogMelSpec& spec) {
  return std::make_unique<log_mel::FixedPointSpectrum>(spec);
}

std::vector<uint8_t> SimulatedHost::PythonSettings::Load(const char* key) {
  const nb::gil_scoped_acquire gil;
  const nb::object value = host_.attr("settings").attr("get")(key);
  if (value.is_none()) return {};
  const auto bytes = nb::cast<nb::bytes>(value);
  const auto* const data = static_cast<const uint8_t*>(bytes.data());
  return {data, data + bytes.size()};
}

std::expected<void, std::string> SimulatedHost::PythonSettings::Store(const char* key, std::span<const uint8_t> value) {
  const nb::gil_scoped_acquire gil;
  try {
    host_.attr("settings").attr("__setitem__")(key, nb::bytes(value.data(), value.size()));
    return {};
  } catch (nb::python_error& raised) {
    return std::unexpected(Said(raised));
  }
}

std::expected<void, std::string> SimulatedHost::PythonSettings::Forget(const char* key) {
  const nb::gil_scoped_acquire gil;
  try {
    host_.attr("settings").attr("pop")(key, nb::none());
    return {};
  } catch (nb::python_error& raised) {
    return std::unexpected(Said(raised));
  }
}

}  // namespace device_core
