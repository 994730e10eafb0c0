// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clip_store/flash_device.h"
#include "listening/services.h"
#include "update/error.h"
#include "update/model_image.h"

namespace update {

/// Two places for a model, and which of them is used. A new one is on trial until it was loaded and passed its
/// self-test; one that does not, or does not come up at all, makes room for the one before. So does one that has become
/// unreadable. What is decided is a value in the settings, so that a power cut leaves the one or the other.
class ModelSlots {
 public:
  /// Starts that a model on trial may take: each that ended without a verdict counts, a power cut as well as a crash.
  static constexpr int kMostTrialStarts = 3;

  /// All outlive this. @param second  nullptr where there is none: the first is used, and nothing is written.
  ModelSlots(listening::Services& services, clip_store::FlashDevice* first, clip_store::FlashDevice* second);

  /// Which slot the model is to be loaded from, 0 or 1. To be called once a start, before it is.
  int Choose();

  /// To be called once the model has been loaded, or has not.
  /// @param reason  why it was not.
  /// @return whether the device is to restart now, for the other one.
  bool Judge(bool works, std::string_view reason);

  /// The one that is not used, to be written; nullptr where there is none.
  clip_store::FlashDevice* spare() { return slots_[1 - used_]; }
  /// Uses the spare one from the next start on, on trial.
  Result<void> Switch(const ModelInfo& to);

  const std::optional<ModelInfo>& model() const { return infos_[used_]; }
  const std::optional<ModelInfo>& before() const { return infos_[1 - used_]; }
  /// The one in use is new, and nobody has judged it yet.
  bool on_trial() const { return record_.state == State::kTrial; }
  /// Nothing that could be used is in the spare one any more.
  void ForgetSpare() { infos_[1 - used_].reset(); }

  /// How the last exchange went, for people; empty: there was none.
  const std::string& last() const { return record_.last; }
  void ForgetLast();

 private:
  enum class State : uint8_t {
    kSettled,
    kTrial,
    kRescue,  ///< The other one does not work: this one is tried in its place.
    kStuck,   ///< Neither works.
  };
  struct Record {
    int active = 0;
    State state = State::kSettled;
    int starts = 0;
    std::string last;
  };

  void Load();
  std::expected<void, std::string> Store(Record record);
  void Keep(Record record);
  std::string NameOf(int slot) const;

  listening::Services& services_;
  std::array<clip_store::FlashDevice*, 2> slots_;
  std::array<std::optional<ModelInfo>, 2> infos_;
  Record record_;
  int used_ = 0;  ///< Since Choose(), whatever the record says by now.
};

}  // namespace update
