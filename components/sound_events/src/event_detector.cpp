// SPDX-License-Identifier: Apache-2.0
#include "sound_events/event_detector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "log_mel/spec.h"

namespace sound_events {
namespace {

constexpr int64_t kPatchSamples = log_mel::kYamnetSpec.patch_samples();
constexpr int64_t kHopSamples = int64_t{log_mel::kYamnetSpec.patch_hop} * log_mel::kYamnetSpec.frame_hop;

/// Products of two factors with 15 fraction bits fit 32 bits.
constexpr uint32_t kNoisyOrOne = 1 << 15;

/// Shifts a patch's vote in, and those that are no longer among the last M out.
uint32_t Voted(uint32_t votes, bool vote, const PatchCount& patches) {
  return (votes << 1 | (vote ? 1u : 0u)) & ~uint32_t{0} >> (32 - patches.of);
}

/// What one call can tell of a rule at most: the end of one event and the start of the next.
constexpr size_t kMostPerRule = 2;

}  // namespace

std::string_view RuleStateName(RuleState state) {
  switch (state) {
    case RuleState::kRising:
      return "rising";
    case RuleState::kOn:
      return "on";
    case RuleState::kHolding:
      return "holding";
    case RuleState::kCooling:
      return "cooling";
    case RuleState::kIdle:
      break;
  }
  return "idle";
}

std::expected<EventDetector, Error> EventDetector::Create(RuleSet rules, const ScoreFormat& format,
                                                          uint32_t first_sequence) {
  const auto invalid = [](std::string message) {
    return std::unexpected(Error{ErrorCode::kInvalidSpec, "", std::move(message)});
  };
  if (!std::isfinite(format.scale) || format.scale <= 0.0f || format.scale > 1.0f)
    return invalid("the scale of the scores must be above 0 and at most 1");
  if (format.zero_point < -128 || format.zero_point > 127)
    return invalid("the zero point of the scores must be -128 to 127");
  for (const Rule& rule : rules.rules()) {
    for (const auto* classes : {&rule.classes, &rule.suppress}) {
      for (const WeightedClass& entry : *classes) {
        if (entry.index >= format.classes)
          return invalid("the rule \"" + rule.name + "\" uses class " + std::to_string(entry.index) + " of " +
                         std::to_string(format.classes));
      }
    }
  }
  return EventDetector(std::move(rules), format, first_sequence);
}

EventDetector::EventDetector(RuleSet rules, const ScoreFormat& format, uint32_t first_sequence)
    : rules_(std::move(rules)),
      format_(format),
      next_sequence_(first_sequence),
      machines_(rules_.rules().size()),
      order_(rules_.rules().size()) {
  for (int score = -128; score < 128; ++score) {
    const double probability = static_cast<double>(format.scale) * (score - format.zero_point);
    probability_[score + 128] = static_cast<Q16>(std::lround(std::clamp(probability, 0.0, 1.0) * kOne));
  }
  std::iota(order_.begin(), order_.end(), uint8_t{0});
  std::ranges::sort(order_, [&](uint8_t a, uint8_t b) {
    const int first = rules_.rules()[a].priority;
    const int second = rules_.rules()[b].priority;
    return first != second ? first > second : a < b;
  });
  told_.reserve(kMostPerRule * machines_.size());
}

std::expected<std::span<const Event>, ErrorCode> EventDetector::Process(const PatchScores& patch) {
  if (patch.scores.size() != format_.classes) return std::unexpected(ErrorCode::kInvalidSpec);
  told_.clear();
  if (has_patch_) {
    const Seen& last = Ago(0);
    if (patch.start_sample < last.start + kHopSamples) return std::unexpected(ErrorCode::kOutOfOrder);
    if (patch.start_sample > last.start + kHopSamples) {
      const int64_t missing = std::max<int64_t>(patch.start_sample - last.end, 0);
      for (const uint8_t rule : order_) BreakAt(rule, missing);
    }
  }
  has_patch_ = true;
  Look(patch);
  for (const uint8_t rule : order_) Step(rule, patch);
  return told_;
}

std::span<const Event> EventDetector::Finish(EndReason reason) {
  told_.clear();
  for (const uint8_t rule : order_) {
    Close(rule, reason);
    machines_[rule].state = RuleState::kIdle;
    machines_[rule].votes = machines_[rule].weak_votes = 0;
  }
  has_patch_ = false;
  return told_;
}

std::expected<std::span<const Event>, Error> EventDetector::SetRules(RuleSet rules) {
  auto next = Create(std::move(rules), format_, next_sequence_);
  if (!next) return std::unexpected(std::move(next).error());
  next->history_ = history_;
  next->newest_ = newest_;
  next->has_patch_ = has_patch_;
  told_.clear();
  const std::vector<Rule>& wanted = next->rules_.rules();
  for (const uint8_t index : order_) {
    const auto same = std::ranges::find(wanted, rules_.rules()[index]);
    if (same == wanted.end()) {
      Close(index, EndReason::kRulesChanged);
    } else {
      next->TakeOver(index, static_cast<size_t>(same - wanted.begin()), *this);
    }
  }
  std::vector<Event> ended = std::move(told_);
  ended.reserve(kMostPerRule * next->machines_.size());
  *this = *std::move(next);
  told_ = std::move(ended);
  return told_;
}

/// Lets a rule stand where it stands in another detector.
void EventDetector::TakeOver(size_t index, size_t here, const EventDetector& from) {
  Machine& machine = machines_[here];
  machine = from.machines_[index];
  machine.event.rule = static_cast<uint8_t>(here);
  if (machine.open) ++open_by_priority_[machine.event.priority];
}

void EventDetector::Look(const PatchScores& patch) {
  newest_ = (newest_ + 1) % kHistory;
  Seen& seen = history_[newest_];
  seen.start = patch.start_sample;
  seen.end = patch.start_sample + kPatchSamples;
  seen.level = patch.level;
  seen.floor = patch.floor;
  seen.top.Clear();
  Q16 weakest = 0;
  for (size_t index = 0; index < patch.scores.size(); ++index) {
    const Q16 probability = probability_[patch.scores[index] + 128];
    if (probability <= weakest) continue;
    seen.top.Offer({.index = static_cast<uint16_t>(index), .peak = probability});
    weakest = seen.top.weakest();
  }
}

/// A class's weighted probability, Q16, up to 4.
inline uint32_t EventDetector::Weighted(const WeightedClass& entry, std::span<const int8_t> scores) const {
  return (static_cast<uint32_t>(probability_[scores[entry.index] + 128]) * entry.weight + kUnitWeight / 2) /
         kUnitWeight;
}

/// A rule's pattern as a weighted probability, Q16, up to 4.
uint32_t EventDetector::PatternProbability(const Rule& rule, const PatternStrengths& patterns) {
  if (!rule.pattern) return 0;
  const uint32_t strength = patterns[static_cast<size_t>(*rule.pattern)];
  return (strength * kOne / UINT8_MAX * rule.pattern_weight + kUnitWeight / 2) / kUnitWeight;
}

Q16 EventDetector::Combined(const Rule& rule, const PatchScores& patch) const {
  if (!rule.HasScore()) return kOne;
  const std::span<const int8_t> scores = patch.scores;
  const uint32_t pattern = PatternProbability(rule, patch.patterns);
  switch (rule.combine) {
    case Combine::kSum: {
      uint32_t sum = pattern;
      for (const WeightedClass& entry : rule.classes) sum += Weighted(entry, scores);
      return static_cast<Q16>(std::min<uint32_t>(sum, kOne));
    }
    case Combine::kNoisyOr: {
      uint32_t none = kNoisyOrOne - std::min<uint32_t>(pattern, kOne) / 2;
      for (const WeightedClass& entry : rule.classes) {
        const uint32_t weighted = std::min<uint32_t>(Weighted(entry, scores), kOne);
        none = (none * (kNoisyOrOne - weighted / 2) + kNoisyOrOne / 2) / kNoisyOrOne;
      }
      return static_cast<Q16>(2 * (kNoisyOrOne - none));
    }
    case Combine::kMax:
      break;
  }
  return static_cast<Q16>(std::min<uint32_t>(std::max(pattern, Strongest(rule.classes, scores)), kOne));
}

uint32_t EventDetector::Strongest(std::span<const WeightedClass> classes, std::span<const int8_t> scores) const {
  uint32_t strongest = 0;
  for (const WeightedClass& entry : classes) strongest = std::max(strongest, Weighted(entry, scores));
  return strongest;
}

EventDetector::Verdict EventDetector::Judge(const Rule& rule, const PatchScores& patch) const {
  Verdict verdict{.score = Combined(rule, patch), .hit = false, .sure = false, .weak_hit = false, .keep = false};
  if (rule.pattern_required && patch.patterns[static_cast<size_t>(*rule.pattern)] < kRatherHeard) return verdict;
  if (!rule.suppress.empty() && Strongest(rule.suppress, patch.scores) >= static_cast<uint32_t>(verdict.score))
    return verdict;
  const Q16 shift = rule.ThresholdShift(patch.floor);
  const Q16 on = std::clamp(rule.on + shift, kOne / 256, kOne);
  const Q16 off = std::clamp(rule.off + shift, kOne / 256, on);
  const auto loud_enough = [&](base::CentiDecibels slack) {
    return (!rule.min_level || patch.level >= *rule.min_level - slack) &&
           (!rule.min_above_floor || patch.level - patch.floor >= *rule.min_above_floor - slack);
  };
  verdict.keep = verdict.score >= off && loud_enough(rule.level_hysteresis);
  if (!loud_enough(0) || rule.IsQuiet(patch.minute_of_day) || Yields(rule)) return verdict;
  verdict.hit = verdict.score >= on;
  verdict.sure = rule.pattern && PatternProbability(rule, patch.patterns) >= static_cast<uint32_t>(on);
  verdict.weak_hit = rule.lasting_on != 0 && verdict.score >= std::max(rule.lasting_on + shift, kOne / 256);
  return verdict;
}

bool EventDetector::Yields(const Rule& rule) const {
  if (!rule.yields) return false;
  return std::any_of(open_by_priority_.begin() + rule.priority + 1, open_by_priority_.end(),
                     [](uint8_t open) { return open > 0; });
}

void EventDetector::BreakAt(size_t index, int64_t missing) {
  const Rule& rule = rules_.rules()[index];
  Machine& machine = machines_[index];
  if (rule.bridge_gaps && missing <= rule.longest_gap) {
    machine.quiet_since += missing;
    return;
  }
  Close(index, EndReason::kGap);
  machine.votes = machine.weak_votes = 0;
  if (machine.state == RuleState::kRising) machine.state = RuleState::kIdle;
}

void EventDetector::Step(size_t index, const PatchScores& patch) {
  Machine& machine = machines_[index];
  const Verdict verdict = Judge(rules_.rules()[index], patch);
  machine.scores[newest_] = verdict.score;
  if (machine.state == RuleState::kCooling) {
    if (patch.start_sample < machine.cool_until) return;
    machine.state = RuleState::kIdle;
  }
  if (machine.open) {
    GoOn(index, verdict);
  } else {
    Wait(index, verdict);
  }
}

void EventDetector::Wait(size_t index, const Verdict& verdict) {
  const Rule& rule = rules_.rules()[index];
  Machine& machine = machines_[index];
  machine.votes = Voted(machine.votes, verdict.hit, rule.patches);
  machine.weak_votes = Voted(machine.weak_votes, verdict.weak_hit, rule.lasting_patches);
  machine.state = (machine.votes | machine.weak_votes) == 0 ? RuleState::kIdle : RuleState::kRising;
  uint32_t enough = verdict.sure ? 1 : 0;
  if (std::popcount(machine.votes) >= rule.patches.need) enough |= machine.votes;
  if (std::popcount(machine.weak_votes) >= rule.lasting_patches.need) enough |= machine.weak_votes;
  if (enough != 0) Open(index, static_cast<uint32_t>(std::bit_width(enough)) - 1);
}

/// The event begins with the oldest of the patches that counted.
void EventDetector::Open(size_t index, uint32_t oldest) {
  const Rule& rule = rules_.rules()[index];
  Machine& machine = machines_[index];
  machine.open = true;
  ++open_by_priority_[rule.priority];
  machine.score_sum = machine.held_sum = 0;
  machine.held_patches = 0;
  Event& event = machine.event;
  event = {};
  event.rule = static_cast<uint8_t>(index);
  event.priority = static_cast<uint8_t>(rule.priority);
  std::copy_n(rule.name.begin(), std::min(rule.name.size(), Event::kNameBytes - 1), event.name.begin());
  event.start_sample = event.peak_sample = Ago(oldest).start;
  event.level = base::kSilence;
  event.floor = Ago(oldest).floor;
  for (uint32_t ago = oldest + 1; ago-- > 0;)
    Count(machine, Ago(ago), machine.scores[(newest_ + kHistory - ago) % kHistory]);
  machine.votes = machine.weak_votes = 0;
  if (event.end_sample - event.start_sample < rule.min_duration) return;
  event.sequence = next_sequence_++;
  machine.state = RuleState::kOn;
  Tell(index, EventKind::kStart, EndReason::kNone);
}

void EventDetector::Count(Machine& machine, const Seen& seen, Q16 score) {
  Event& event = machine.event;
  machine.score_sum += machine.held_sum + static_cast<uint64_t>(score);
  event.patches += machine.held_patches + 1;
  machine.held_sum = 0;
  machine.held_patches = 0;
  machine.quiet_since = event.end_sample = seen.end;
  event.level = std::max(event.level, seen.level);
  if (score > event.peak) {
    event.peak = score;
    event.peak_sample = seen.start;
  }
  for (const TopClass& entry : seen.top) event.top.Offer(entry);
}

void EventDetector::GoOn(size_t index, const Verdict& verdict) {
  const Rule& rule = rules_.rules()[index];
  Machine& machine = machines_[index];
  const Seen& seen = Ago(0);
  const bool told = machine.state != RuleState::kRising;
  if (verdict.keep) {
    Count(machine, seen, verdict.score);
    if (told) machine.state = RuleState::kOn;
  } else {
    machine.held_sum += static_cast<uint64_t>(verdict.score);
    ++machine.held_patches;
    if (told) machine.state = RuleState::kHolding;
    if (seen.end - machine.quiet_since > rule.hold) return Close(index, EndReason::kQuiet);
  }
  Event& event = machine.event;
  const int64_t duration = event.end_sample - event.start_sample;
  if (!told && duration >= rule.min_duration) {
    event.sequence = next_sequence_++;
    machine.state = RuleState::kOn;
    Tell(index, EventKind::kStart, EndReason::kNone);
  }
  if (machine.state == RuleState::kRising) return;
  if (duration >= rule.max_duration) {
    event.end_sample = event.start_sample + rule.max_duration;
    return Close(index, EndReason::kMaxDuration);
  }
  if (seen.end - machine.last_told >= rule.update_every) Tell(index, EventKind::kUpdate, EndReason::kNone);
}

void EventDetector::Close(size_t index, EndReason reason) {
  Machine& machine = machines_[index];
  if (!machine.open) return;
  machine.open = false;
  --open_by_priority_[machine.event.priority];
  if (machine.state == RuleState::kRising) {  // It was too short to be told.
    machine.state = RuleState::kIdle;
    return;
  }
  Tell(index, EventKind::kEnd, reason);
  machine.state = RuleState::kCooling;
  machine.cool_until = machine.event.end_sample + rules_.rules()[index].cool_off;
}

void EventDetector::Tell(size_t index, EventKind kind, EndReason reason) {
  Machine& machine = machines_[index];
  Event& event = machine.event;
  event.kind = kind;
  event.reason = reason;
  event.mean = static_cast<Q16>((machine.score_sum + event.patches / 2) / event.patches);
  machine.last_told = Ago(0).end;
  told_.push_back(event);
}

}  // namespace sound_events
