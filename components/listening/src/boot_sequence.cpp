// SPDX-License-Identifier: Apache-2.0
#include "listening/boot_sequence.h"

#include <algorithm>
#include <mutex>

namespace listening {
namespace {

constexpr char kTag[] = "boot";
}  // namespace

BootSequence::BootSequence(Services& services) : services_(services), lock_(services.MakeLock()) {}

void BootSequence::Run(std::string name, std::string needs, std::function<Result()> step, Recovers recovers) {
  size_t index;
  {
    const std::lock_guard guard(*lock_);
    index = entries_.size();
  }
  const bool possible = needs.empty() || ok(needs);
  const int64_t begin_us = services_.UptimeUs();
  const Result result = possible ? step() : std::unexpected("needs " + WhyNot(needs));
  const int64_t now_us = services_.UptimeUs();
  {
    const std::lock_guard guard(*lock_);
    entries_.push_back({.step = {.name = std::move(name),
                                 .needs = std::move(needs),
                                 .recovers = recovers,
                                 .ok = false,
                                 .attempts = 0,
                                 .ms = 0,
                                 .message = {}},
                        .run = std::move(step)});
  }
  Settle(index, result, static_cast<uint32_t>((now_us - begin_us) / 1000), possible ? now_us : -1);
}

void BootSequence::Retry() {
  for (size_t index = 0;; ++index) {
    {
      const std::lock_guard guard(*lock_);
      if (index >= entries_.size()) return;
      const Entry& entry = entries_[index];
      if (!entry.run || services_.UptimeUs() < entry.next_us) continue;
      if (!entry.step.needs.empty() && !Find(entry.step.needs)->step.ok) continue;
    }
    Attempt(index);
  }
}

/// Only the task that runs the steps changes the entries, so that it may call one without the lock.
void BootSequence::Attempt(size_t index) {
  const int64_t begin_us = services_.UptimeUs();
  const Result result = entries_[index].run();
  const int64_t now_us = services_.UptimeUs();
  Settle(index, result, static_cast<uint32_t>((now_us - begin_us) / 1000), now_us);
}

/// @param now_us  -1 when the step was not tried, for want of what it needs.
void BootSequence::Settle(size_t index, const Result& result, uint32_t ms, int64_t now_us) {
  std::string line;
  {
    const std::lock_guard guard(*lock_);
    Entry& entry = entries_[index];
    Step& step = entry.step;
    const bool tried = now_us >= 0;
    step.attempts += tried;
    step.ok = result.has_value();
    step.ms = ms;
    step.message = step.ok ? *result : result.error();
    line = step.name + (step.ok ? ": " : " failed after ") + std::to_string(ms) + " ms";
    if (step.ok && step.attempts > 1) {
      step.message += (step.message.empty() ? "at attempt " : ", at attempt ") + std::to_string(step.attempts);
    }
    if (step.ok || (tried && step.recovers == Recovers::kNever)) {
      entry.run = nullptr;
    } else if (tried) {
      const int64_t pause_ms = entry.backoff.Fail();
      entry.next_us = now_us + pause_ms * 1000;
      step.message +=
          "; tried " + std::to_string(step.attempts) + " times, again in " + std::to_string(pause_ms / 1000) + " s";
    }
    if (!step.message.empty()) line += (step.ok ? ", " : ": ") + step.message;
  }
  services_.Log(result ? LogLevel::kInfo : LogLevel::kError, kTag, line);
}

std::vector<BootSequence::Step> BootSequence::steps() const {
  const std::lock_guard guard(*lock_);
  std::vector<Step> steps;
  steps.reserve(entries_.size());
  for (const Entry& entry : entries_) steps.push_back(entry.step);
  return steps;
}

bool BootSequence::ready() const {
  const std::lock_guard guard(*lock_);
  return finished_ && std::ranges::all_of(entries_, [](const Entry& entry) { return entry.step.ok; });
}

bool BootSequence::over(std::string_view name) const {
  const std::lock_guard guard(*lock_);
  return Find(name) != nullptr;
}

bool BootSequence::ok(std::string_view name) const {
  const std::lock_guard guard(*lock_);
  const Entry* const entry = Find(name);
  return entry != nullptr && entry->step.ok;
}

std::string BootSequence::WhyNot(std::string_view name) const {
  const std::lock_guard guard(*lock_);
  return WhyNotLocked(name);
}

std::string BootSequence::WhyNotLocked(std::string_view name) const {
  const Entry* entry = Find(name);
  while (entry != nullptr && !entry->step.needs.empty()) {
    const Entry* const needed = Find(entry->step.needs);
    if (needed != nullptr && needed->step.ok) break;
    entry = needed;
  }
  if (entry == nullptr) return std::string(name) + ": not reached yet";
  return entry->step.name + ": " + entry->step.message;
}

const BootSequence::Entry* BootSequence::Find(std::string_view name) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.step.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace listening
