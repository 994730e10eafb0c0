// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace listening {

/// Which firmware and model a device has, which it had before, and how the replacement of one goes.
struct UpdateState {
  enum class Kind { kFirmware, kModel };

  struct Image {
    std::string name;    ///< A firmware's version; what a model was made of.
    std::string sha256;  ///< Of the app's image; of yamnet.tflite. 64 digits, empty where it is not known.
  };
  struct Busy {
    Kind what;
    uint64_t done;  ///< Bytes.
    uint64_t of;
  };

  Image firmware;
  std::string partition;  ///< That the firmware runs from.
  bool on_trial = false;  ///< The firmware is new, and its health is not judged yet.
  std::optional<Image> firmware_before;
  std::optional<Image> model;
  bool model_on_trial = false;  ///< It is new, and has not passed its self-test yet.
  std::optional<Image> model_before;
  std::optional<Busy> busy;
  std::string last;         ///< How the last update went, for people; empty: there was none.
  std::string owner_key;    ///< Fingerprint of the key that signs updates; empty: unsigned ones are taken.
  std::string no_firmware;  ///< Why no firmware can be taken here at all; empty where it can.
  std::string no_model;
};

/// "firmware", "model"
constexpr const char* UpdateKindName(UpdateState::Kind kind) {
  return kind == UpdateState::Kind::kFirmware ? "firmware" : "model";
}

/// Whoever replaces firmware and model. From any task.
class UpdateSource {
 public:
  virtual ~UpdateSource() = default;
  virtual UpdateState state() const = 0;
};

}  // namespace listening
