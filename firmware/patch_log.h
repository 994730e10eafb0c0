// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "patch_listener.h"
#include "sound_model/class_map.h"

namespace firmware {

/// Logs the strongest classes of every n-th patch.
class PatchLog final : public PatchListener {
 public:
  explicit PatchLog(const sound_model::ClassMap& classes) : classes_(classes) {}

  void OnPatch(const ScoredPatch& patch) override;
  void OnGap(int64_t next_sample) override;

 private:
  const sound_model::ClassMap& classes_;
  uint32_t patches_ = 0;
};

}  // namespace firmware
