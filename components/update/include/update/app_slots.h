// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "clip_store/flash_device.h"

namespace update {

/// The two places that an app can run from, and which of them starts: on the chip ESP-IDF's otadata.
class AppSlots {
 public:
  virtual ~AppSlots() = default;

  virtual std::string running_name() const = 0;
  virtual clip_store::FlashDevice& running() = 0;
  virtual clip_store::FlashDevice* other() = 0;  ///< nullptr where there is none.

  /// The app that runs is new, and nobody has confirmed it: a restart goes back.
  virtual bool on_trial() const = 0;
  /// The other one was tried and did not prove itself.
  virtual bool other_failed() const = 0;
  /// From the next restart on the other one runs, on trial; after a power cut the one or the other.
  /// @return why not: it is no app that could.
  virtual std::expected<void, std::string> StartOther() = 0;
};

}  // namespace update
