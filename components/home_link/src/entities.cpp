// SPDX-License-Identifier: Apache-2.0
#include "entities.h"

#include <algorithm>
#include <array>

#include "base/json_members.h"
#include "base/json_object.h"
#include "base/json_reader.h"

namespace home_link {
namespace {

using base::JsonWriter;

constexpr char kMaker[] = "YAMNet on ESP32-S3";
constexpr size_t kMostNameBytes = 64;
constexpr size_t kMostPlatformBytes = 32;
constexpr size_t kMostNames = 128;

/// A sensor whose state is a member of the document at `topic`.
struct SensorRow {
  const char* key;
  const char* name;
  const char* topic;
  const char* member;
  const char* unit;          ///< nullptr: none.
  const char* device_class;  ///< nullptr: none.
  const char* state_class;   ///< nullptr: it is no number.
  bool diagnostic;
};

constexpr char kDbfs[] = "dBFS";

constexpr SensorRow kPsram = {"free_psram", "Free PSRAM", "diagnostics", "free_psram",
                              "B",          "data_size",  "measurement", true};

constexpr std::array kWifi = std::to_array<SensorRow>({
    {"ssid", "Wi-Fi network", "diagnostics", "ssid", nullptr, nullptr, nullptr, true},
    {"rssi", "Wi-Fi signal", "diagnostics", "rssi_dbm", "dBm", "signal_strength", "measurement", true},
});

constexpr std::array kSensors = std::to_array<SensorRow>({
    {"level", "Level", "levels", "level_dbfs", kDbfs, nullptr, "measurement", false},
    {"floor", "Noise floor", "levels", "floor_dbfs", kDbfs, nullptr, "measurement", false},
    {"last_event", "Last event", "last_event", "title", nullptr, nullptr, nullptr, false},
    {"self_test", "Self-test", "diagnostics", "self_test", nullptr, nullptr, nullptr, true},
    {"storage", "Storage", "diagnostics", "storage", nullptr, nullptr, nullptr, true},
    {"clips", "Clips", "diagnostics", "clips", nullptr, nullptr, "measurement", true},
    {"overruns", "Audio overruns", "diagnostics", "overruns", nullptr, nullptr, "total_increasing", true},
    {"gaps", "Audio gaps", "diagnostics", "gaps", nullptr, nullptr, "total_increasing", true},
    {"events_dropped", "Events never told", "diagnostics", "events_dropped", nullptr, nullptr, "total_increasing",
     true},
    {"inference", "Inference time", "diagnostics", "inference_ms", "ms", "duration", "measurement", true},
    {"free_heap", "Free heap", "diagnostics", "free_heap", "B", "data_size", "measurement", true},
    {"least_heap", "Least free heap", "diagnostics", "least_heap", "B", "data_size", "measurement", true},
    {"uptime", "Uptime", "diagnostics", "uptime_s", "s", "duration", "measurement", true},
    {"crashes", "Crashes", "diagnostics", "crashes", nullptr, nullptr, "total_increasing", true},
});

class Table {
 public:
  Table(const Described& described, const Topics& topics) : described_(described), topics_(topics) {}

  std::vector<Entity> Make() {
    for (const HouseRule& rule : described_.rules) AddRule(rule);
    Add("event", "event", "Sound event", [&](JsonWriter& json) {
      State(json, topics_.Of("event"));
      json.Key("evt_typ");
      json.BeginArray();
      json.Value("start");
      json.Value("end");
      json.EndArray();
      json.Field("ic", "mdi:ear-hearing");
    });
    for (const SensorRow& row : kSensors) AddSensor(row);
    if (described_.psram) AddSensor(kPsram);
    if (described_.wifi) {
      for (const SensorRow& row : kWifi) AddSensor(row);
    }
    if (described_.firmware) AddUpdate("firmware", "Firmware");
    if (described_.model) AddUpdate("model", "Model");
    Add("binary_sensor", "problem", "Problem", [&](JsonWriter& json) {
      State(json, topics_.Of("diagnostics"));
      json.Field("val_tpl", "{{ 'ON' if value_json.problem else 'OFF' }}");
      json.Field("json_attr_t", std::string_view(topics_.Of("diagnostics")));
      json.Field("json_attr_tpl", "{{ {'problem': value_json.problem} | tojson }}");
      json.Field("dev_cla", "problem");
      json.Field("ent_cat", "diagnostic");
    });
    Add("switch", "mute", "Microphone off", [&](JsonWriter& json) {
      Switch(json, topics_.Of("mute"));
      json.Field("ic", "mdi:microphone-off");
    });
    AddButton("restart", "Restart");
    AddButton("identify", "Identify");
    return std::move(entities_);
  }

 private:
  template <typename Write>
  void Add(const char* platform, const std::string& key, std::string_view name, Write&& write) {
    std::string config = base::JsonObject([&](JsonWriter& json) {
      json.Field("name", name);
      const std::string unique = described_.identity.id + "_" + key;
      json.Field("uniq_id", std::string_view(unique));
      json.Field("default_entity_id", std::string_view(platform + ("." + unique)));
      write(json);
    });
    config = config.substr(1, config.size() - 2);
    entities_.push_back({platform, key, std::move(config)});
  }

  void AddRule(const HouseRule& rule) {
    Add("binary_sensor", "rule_" + rule.name, rule.title, [&](JsonWriter& json) {
      State(json, topics_.Rule(rule.name));
      json.Field("dev_cla", std::string_view(rule.device_class));
    });
    Add("switch", "armed_" + rule.name, rule.title + " armed", [&](JsonWriter& json) {
      Switch(json, topics_.Armed(rule.name));
      json.Field("ent_cat", "config");
      json.Field("ic", "mdi:shield-check");
    });
  }

  void AddSensor(const SensorRow& row) {
    Add("sensor", row.key, row.name, [&](JsonWriter& json) {
      const std::string topic = topics_.Of(row.topic);
      State(json, topic);
      json.Field("val_tpl", std::string_view("{{ value_json." + std::string(row.member) + " }}"));
      if (row.unit != nullptr) json.Field("unit_of_meas", row.unit);
      if (row.unit == kDbfs) json.Field("sug_dsp_prc", 1);
      if (row.device_class != nullptr) json.Field("dev_cla", row.device_class);
      if (row.state_class != nullptr) json.Field("stat_cla", row.state_class);
      if (row.diagnostic) json.Field("ent_cat", "diagnostic");
      if (std::string_view(row.key) == row.topic) json.Field("json_attr_t", std::string_view(topic));
    });
  }

  /// Shown only: images come over HTTP, so that there is nothing that Home Assistant could install.
  void AddUpdate(const std::string& what, const char* name) {
    Add("update", what, name, [&](JsonWriter& json) {
      State(json, topics_.Of("update/" + what));
      if (what == "firmware") json.Field("dev_cla", "firmware");
      json.Field("ent_cat", "diagnostic");
    });
  }

  void AddButton(const char* key, const char* name) {
    Add("button", key, name, [&](JsonWriter& json) {
      json.Field("cmd_t", std::string_view(Topics::Set(topics_.Of(key))));
      json.Field("dev_cla", key);
      json.Field("ent_cat", "config");
    });
  }

  static void State(JsonWriter& json, const std::string& topic) { json.Field("stat_t", std::string_view(topic)); }

  static void Switch(JsonWriter& json, const std::string& topic) {
    State(json, topic);
    json.Field("cmd_t", std::string_view(Topics::Set(topic)));
  }

  const Described& described_;
  const Topics& topics_;
  std::vector<Entity> entities_;
};

/// What all entities of a device share.
void WriteCommon(const Described& described, const Topics& topics, JsonWriter& json) {
  const Identity& identity = described.identity;
  json.Key("dev");
  json.BeginObject();
  json.Field("ids", std::string_view(identity.id));
  json.Field("name", std::string_view(identity.name));
  json.Field("mf", kMaker);
  json.Field("mdl", std::string_view(described.board));
  json.Field("sw", std::string_view(described.version));
  if (!identity.place.empty()) json.Field("sa", std::string_view(identity.place));
  if (!identity.url.empty()) json.Field("cu", std::string_view(identity.url));
  json.EndObject();
  json.Key("o");
  json.BeginObject();
  json.Field("name", kMaker);
  json.Field("sw", std::string_view(described.version));
  json.EndObject();
  json.Field("avty_t", std::string_view(topics.availability()));
}

/// @return the platform of a component that is there, not removed.
std::string PlatformOf(std::string_view component) {
  const auto platform = base::FindMember(component, "p");
  if (!platform || base::CountMembers(component) == 1) return "";
  const auto text = base::AsString(*platform);
  return text && text->size() <= kMostPlatformBytes && IsName(*text) ? *text : "";
}

}  // namespace

Described Described::Of(const House& house) {
  return {.identity = house.identity,
          .rules = house.rules,
          .board = house.state.audio ? house.state.audio->board : house.state.target,
          .version = house.state.firmware.version,
          .psram = house.state.memory.free_psram.has_value(),
          .wifi = house.state.network && house.state.network->kind == listening::NetworkKind::kWifi,
          .firmware = house.firmware.has_value(),
          .model = house.model.has_value()};
}

std::vector<Entity> Entities(const Described& described, const Topics& topics) {
  return Table(described, topics).Make();
}

std::string DeviceDocument(const Described& described, const std::vector<Entity>& entities,
                           const std::set<EntityName>& gone, const Topics& topics) {
  return base::JsonObject([&](JsonWriter& json) {
    WriteCommon(described, topics, json);
    json.Key("cmps");
    json.BeginObject();
    for (const Entity& entity : entities) {
      json.Key(entity.key);
      json.Raw("{\"p\":\"" + entity.platform + "\"," + entity.config + "}");
    }
    for (const auto& [platform, key] : gone) {
      json.Key(key);
      json.Raw("{\"p\":\"" + platform + "\"}");
    }
    json.EndObject();
  });
}

std::string EntityDocument(const Described& described, const Entity& entity, const Topics& topics) {
  const std::string common = base::JsonObject([&](JsonWriter& json) { WriteCommon(described, topics, json); });
  return "{" + entity.config + "," + common.substr(1);
}

std::set<EntityName> NamesIn(std::string_view device_document) {
  std::set<EntityName> names;
  const auto components = base::FindMember(device_document, "cmps");
  if (!components) return names;
  base::JsonReader json(*components);
  if (!json.BeginObject()) return names;
  for (std::string key; json.NextField(key) && names.size() < kMostNames;) {
    std::string_view component;
    if (!json.ReadAny(component)) break;
    const std::string platform = PlatformOf(component);
    if (!platform.empty() && IsName(key)) names.insert({platform, key});
  }
  return names;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMostNameBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace home_link
