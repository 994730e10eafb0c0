// SPDX-License-Identifier: Apache-2.0
#include "op_observer.h"

namespace sound_model {
namespace {

constexpr uint32_t kDropped = UINT32_MAX;

/// FNV-1a: any single change shows.
uint32_t Hash(std::span<const uint8_t> bytes) {
  uint32_t hash = 2166136261;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 16777619;
  return hash;
}

}  // namespace

OpObserver::OpObserver(size_t operators, uint32_t (*cycles)()) : cycles_(cycles) { costs_.reserve(operators); }

void OpObserver::Begin(bool guarded) {
  guarded_ = guarded;
  costs_.clear();
  culprit_.reset();
}

uint32_t OpObserver::BeginEvent(const char* tag) {
  if (costs_.size() == costs_.capacity()) return kDropped;
  costs_.push_back({tag, 0});
  if (guarded_) input_hash_ = Hash(inputs_[costs_.size() - 1]);
  begin_ = cycles_();
  return static_cast<uint32_t>(costs_.size() - 1);
}

void OpObserver::EndEvent(uint32_t event) {
  if (event == kDropped) return;
  costs_[event].cycles = cycles_() - begin_;
  if (guarded_ && !culprit_ && Hash(inputs_[event]) != input_hash_) culprit_ = costs_[event];
}

}  // namespace sound_model
