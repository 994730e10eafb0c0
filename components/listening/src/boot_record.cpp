// SPDX-License-Identifier: Apache-2.0
#include "listening/boot_record.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/json_reader.h"
#include "base/json_writer.h"

namespace listening {
namespace {

constexpr char kKey[] = "boot/record";
constexpr size_t kHistory = 8;
constexpr size_t kMaxReasonBytes = 40;
constexpr size_t kMaxRecordBytes = 1024;

bool ReadCount(base::JsonReader& reader, uint32_t& count) {
  double number = 0;
  if (!reader.ReadNumber(number) || number < 0 || number > 4e9) return false;
  count = static_cast<uint32_t>(number);
  return true;
}

bool ReadHistory(base::JsonReader& reader, std::vector<std::string>& history) {
  if (!reader.BeginArray()) return false;
  while (reader.NextElement()) {
    if (!reader.ReadString(history.emplace_back(), kMaxReasonBytes)) return false;
  }
  return !reader.failed();
}

/// An empty record when none is stored, or a damaged one.
BootRecord Load(Settings& settings) {
  const std::vector<uint8_t> bytes = settings.Load(kKey);
  base::JsonReader reader({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  BootRecord record;
  std::string name;
  bool sound = reader.BeginObject();
  while (sound && reader.NextField(name)) {
    sound = name == "count"       ? ReadCount(reader, record.count)
            : name == "panics"    ? ReadCount(reader, record.panics)
            : name == "brownouts" ? ReadCount(reader, record.brownouts)
                                  : name == "history" && ReadHistory(reader, record.history);
  }
  return sound && reader.ReadEnd() ? record : BootRecord{};
}

std::expected<void, std::string> Store(Settings& settings, const BootRecord& record) {
  std::array<char, kMaxRecordBytes> memory;
  base::JsonWriter json(memory);
  json.BeginObject();
  json.Field("count", record.count);
  json.Field("panics", record.panics);
  json.Field("brownouts", record.brownouts);
  json.Key("history");
  json.BeginArray();
  for (const std::string& reason : record.history) json.Value(std::string_view(reason));
  json.EndArray();
  json.EndObject();
  const std::string_view text = json.text();
  return settings.Store(kKey, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

std::expected<BootRecord, std::string> CountBoot(Settings& settings, const Reset& reset) {
  BootRecord record = Load(settings);
  ++record.count;
  record.panics += reset.kind == ResetKind::kCrash;
  record.brownouts += reset.kind == ResetKind::kBrownout;
  record.history.push_back(reset.name.substr(0, kMaxReasonBytes));
  if (record.history.size() > kHistory) record.history.erase(record.history.begin());
  if (auto kept = Store(settings, record); !kept) return std::unexpected(kept.error());
  return record;
}

std::expected<void, std::string> RaiseBootCount(Settings& settings, BootRecord& record, uint32_t count) {
  if (count <= record.count) return {};
  record.count = count;
  return Store(settings, record);
}

}  // namespace listening
