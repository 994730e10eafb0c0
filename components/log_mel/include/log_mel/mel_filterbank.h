// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "log_mel/spec.h"

namespace log_mel {

/// HTK mel 1127 ln(1 + f / 700); triangles linear in mel, peak 1, not normalised; the DC bin has no weight. The matrix
/// of tf.signal.linear_to_mel_weight_matrix, of which only the non-zero weights are kept.
class MelFilterbank {
 public:
  /// @param spec  must have passed Validate().
  explicit MelFilterbank(const LogMelSpec& spec);

  /// @param spectrum  spectrum_bins() values.
  /// @param mel       receives mel_bands values.
  void Apply(std::span<const float> spectrum, std::span<float> mel) const;

  /// The bins that some band weights: all others can stay unset.
  int first_bin() const { return first_bin_; }
  int end_bin() const { return end_bin_; }

 private:
  struct Band {
    int first_bin;
    int count;
  };

  int first_bin_;
  int end_bin_;
  std::vector<Band> bands_;
  std::vector<float> weights_;  ///< Band after band.
};

}  // namespace log_mel
