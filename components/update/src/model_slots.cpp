// SPDX-License-Identifier: Apache-2.0
#include "update/model_slots.h"

#include "base/json_object.h"
#include "base/json_reader.h"

namespace update {
namespace {

constexpr char kKey[] = "update/model";
constexpr char kTag[] = "update";
constexpr size_t kMostLastBytes = 400;

bool ReadInteger(base::JsonReader& json, int most, int& value) {
  double number = 0;
  if (!json.ReadNumber(number) || number < 0 || number > most) return false;
  value = static_cast<int>(number);
  return true;
}

}  // namespace

ModelSlots::ModelSlots(listening::Services& services, clip_store::FlashDevice* first, clip_store::FlashDevice* second)
    : services_(services), slots_{first, second} {}

int ModelSlots::Choose() {
  for (int slot : {0, 1}) {
    infos_[slot].reset();
    if (slots_[slot] == nullptr) continue;
    if (auto info = ReadModel(*slots_[slot])) infos_[slot] = *std::move(info);
  }
  if (slots_[1] == nullptr) return 0;
  Load();
  Record now = record_;
  if (!infos_[now.active] && infos_[1 - now.active]) {
    // It was written by cable, which empties the other slot, or the one in use is damaged.
    now = {.active = 1 - now.active, .state = State::kSettled, .starts = 0, .last = ""};
    Keep(now);
  }
  if (now.state == State::kTrial && ++now.starts > kMostTrialStarts) {
    const std::string failed = NameOf(now.active);
    now.active = 1 - now.active;
    now.state = State::kSettled;
    now.last = failed + " did not come up in " + std::to_string(kMostTrialStarts) + " starts: " + NameOf(now.active) +
               " is back";
  }
  if (now.state == State::kTrial || now.active != record_.active) Keep(now);
  return used_ = record_.active;
}

bool ModelSlots::Judge(bool works, std::string_view reason) {
  if (slots_[1] == nullptr) return false;
  Record now = record_;
  const std::string this_one = NameOf(now.active), other = NameOf(1 - now.active);
  if (works) {
    if (now.state == State::kSettled) return false;
    if (now.state == State::kTrial) now.last = this_one + " passed its self-test and is kept";
    now.state = State::kSettled;
    Keep(now);
    return false;
  }
  if (now.state == State::kStuck || !infos_[1 - now.active]) return false;
  now.last = this_one + " does not work (" + std::string(reason) + "): " + other + " is back";
  switch (now.state) {
    case State::kTrial:
      now.state = State::kSettled;
      break;
    case State::kRescue:
      now.state = State::kStuck;
      now.last = "neither " + this_one + " nor " + other + " works: " + std::string(reason);
      break;
    default:
      now.state = State::kRescue;
  }
  now.active = 1 - now.active;
  now.starts = 0;
  if (now.last.size() > kMostLastBytes) now.last.resize(kMostLastBytes);
  if (const auto kept = Store(now); !kept) {
    services_.Log(listening::LogLevel::kError, kTag, "the model before cannot come back: " + kept.error());
    return false;
  }
  services_.Log(listening::LogLevel::kError, kTag, record_.last);
  return true;
}

Result<void> ModelSlots::Switch(const ModelInfo& to) {
  const int other = 1 - used_;
  infos_[other] = to;
  Record now{.active = other, .state = State::kTrial, .starts = 0, .last = ""};
  now.last = NameOf(other) + " is on trial";
  if (const auto kept = Store(now); !kept) return Failed("model: the choice cannot be stored: " + kept.error());
  return {};
}

void ModelSlots::ForgetLast() {
  if (record_.last.empty()) return;
  Record now = record_;
  now.last.clear();
  Keep(now);
}

void ModelSlots::Load() {
  record_ = {};
  const std::vector<uint8_t> bytes = services_.settings().Load(kKey);
  base::JsonReader json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  Record record;
  int state = 0;
  std::string name;
  bool sound = json.BeginObject();
  while (sound && json.NextField(name)) {
    sound = name == "active"   ? ReadInteger(json, 1, record.active)
            : name == "state"  ? ReadInteger(json, static_cast<int>(State::kStuck), state)
            : name == "starts" ? ReadInteger(json, kMostTrialStarts + 1, record.starts)
                               : name == "last" && json.ReadString(record.last, kMostLastBytes);
  }
  if (!sound || !json.ReadEnd()) return;
  record.state = static_cast<State>(state);
  record_ = std::move(record);
}

std::expected<void, std::string> ModelSlots::Store(Record record) {
  const std::string text = base::JsonObject([&](base::JsonWriter& json) {
    json.Field("active", record.active);
    json.Field("state", static_cast<int>(record.state));
    json.Field("starts", record.starts);
    json.Field("last", std::string_view(record.last));
  });
  if (auto stored = services_.settings().Store(kKey, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
      !stored) {
    return stored;
  }
  record_ = std::move(record);
  return {};
}

/// What cannot be stored holds for this start.
void ModelSlots::Keep(Record record) {
  if (const auto stored = Store(record); stored) return;
  services_.Log(listening::LogLevel::kWarning, kTag, "the choice of a model cannot be stored");
  record_ = std::move(record);
}

std::string ModelSlots::NameOf(int slot) const {
  constexpr size_t kDigits = 8;
  if (!infos_[slot]) return "the unreadable model";
  return "model " + infos_[slot]->name + " (" + infos_[slot]->sha256.substr(0, kDigits) + ")";
}

}  // namespace update
