// SPDX-License-Identifier: Apache-2.0
#include "listening/device_state.h"

namespace listening {
namespace {

using base::JsonWriter;

template <typename Write>
void Section(JsonWriter& json, std::string_view name, Write&& write) {
  json.Key(name);
  json.BeginObject();
  write();
  json.EndObject();
}

/// An object of fields, or null when the part did not start.
template <typename State, typename Write>
void Section(JsonWriter& json, std::string_view name, const std::optional<State>& state, Write&& write) {
  if (state) return Section(json, name, [&] { write(*state); });
  json.Field(name, nullptr);
}

template <typename Item, typename Write>
void Array(JsonWriter& json, std::string_view name, const std::vector<Item>& items, Write&& write) {
  json.Key(name);
  json.BeginArray();
  for (const Item& item : items) write(item);
  json.EndArray();
}

template <typename Item, typename Write>
void Objects(JsonWriter& json, std::string_view name, const std::vector<Item>& items, Write&& write) {
  Array(json, name, items, [&](const Item& item) {
    json.BeginObject();
    write(item);
    json.EndObject();
  });
}

void WriteStrings(JsonWriter& json, std::string_view name, const std::vector<std::string>& items) {
  Array(json, name, items, [&](const std::string& item) { json.Value(std::string_view(item)); });
}

void WriteQuantization(JsonWriter& json, std::string_view name, const sound_model::Quantization& quantization) {
  Section(json, name, [&] {
    json.Field("scale", quantization.scale);
    json.Field("zero_point", quantization.zero_point);
  });
}

void WriteFirmware(const FirmwareState& firmware, JsonWriter& json) {
  json.Field("name", std::string_view(firmware.name));
  json.Field("version", std::string_view(firmware.version));
  json.Field("idf", std::string_view(firmware.idf));
  json.Field("built", std::string_view(firmware.built));
}

void WriteBoot(const DeviceState& state, JsonWriter& json) {
  const auto number = [&](uint32_t BootRecord::*member) {
    return state.record ? std::optional(*state.record.*member) : std::nullopt;
  };
  json.Field("count", number(&BootRecord::count));
  json.Field("reset_reason", state.record ? std::string_view(state.record->reset_reason()) : "unknown");
  json.Field("panics", number(&BootRecord::panics));
  json.Field("brownouts", number(&BootRecord::brownouts));
  WriteStrings(json, "history", state.record ? state.record->history : std::vector<std::string>());
  json.Field("ready", state.ready);
  Objects(json, "steps", state.steps, [&](const BootSequence::Step& step) {
    json.Field("name", std::string_view(step.name));
    json.Field("ok", step.ok);
    json.Field("ms", step.ms);
    json.Field("attempts", step.attempts);
    json.Field("message", std::string_view(step.message));
  });
}

void WriteModel(const ModelState& model, JsonWriter& json) {
  json.Field("sha256", std::string_view(model.sha256));
  json.Field("bytes", model.bytes);
  json.Field("front_end", std::string_view(model.front_end));
  WriteQuantization(json, "input", model.input);
  WriteQuantization(json, "output", model.output);
  json.Field("classes", model.classes);
  WriteStrings(json, "ops", model.ops);
}

std::optional<float> Decibels(const std::optional<base::CentiDecibels>& level) {
  return level ? std::optional(base::Decibels(*level)) : std::nullopt;
}

void WriteAudio(const AudioState& audio, JsonWriter& json) {
  json.Field("source", std::string_view(audio.source));
  json.Field("board", std::string_view(audio.board));
  json.Field("gain_db", audio.gain_db);
  json.Field("overruns", audio.overruns);
  json.Field("ring_blocks", audio.ring_blocks);
  json.Field("ring_peak", audio.ring_peak);
  json.Field("gaps", audio.gaps);
  json.Field("alive", audio.alive);
  json.Field("level_dbfs", Decibels(audio.level));
}

}  // namespace

void WriteState(const DeviceState& state, JsonWriter& json) {
  Section(json, "firmware", [&] { WriteFirmware(state.firmware, json); });
  json.Field("target", std::string_view(state.target));
  Section(json, "boot", [&] { WriteBoot(state, json); });
  Section(json, "model", state.model, [&](const ModelState& model) { WriteModel(model, json); });
  json.Field("kernels", std::string_view(state.kernels));
  Section(json, "arena", state.arena, [&](const ArenaState& arena) {
    json.Field("size", arena.size);
    json.Field("used", arena.used);
  });
  Section(json, "selftest", state.self_test, [&](const SelfTestResult& result) { WriteSelfTest(result, json); });
  json.Field("muted", state.muted);
  Section(json, "audio", state.audio, [&](const AudioState& audio) { WriteAudio(audio, json); });
  Section(json, "events", state.watch, [&](const WatchState& watch) {
    json.Field("rules", watch.rules.size());
    json.Field("events", watch.events);
    json.Field("patches_refused", watch.patches_refused);
    WriteLevels(watch, json);
  });
  Section(json, "storage", state.storage,
          [&](const clip_store::ClipStoreStatus& storage) { WriteStorage(storage, json); });
  Section(json, "inference", state.inference, [&](const InferenceTimes& times) {
    json.Field("patches", times.patches);
    json.Field("p50_us", times.p50_us);
    json.Field("max_us", times.max_us);
  });
  Section(json, "network", state.network, [&](const NetworkState& network) { WriteNetwork(network, json); });
  Section(json, "memory", [&] {
    json.Field("free_heap", state.memory.free_heap);
    json.Field("min_free_heap", state.memory.min_free_heap);
    json.Field("largest_heap_block", state.memory.largest_heap_block);
    json.Field("free_psram", state.memory.free_psram);
    json.Field("min_free_psram", state.memory.min_free_psram);
  });
  Objects(json, "tasks", state.tasks, [&](const TaskState& task) {
    json.Field("name", std::string_view(task.name));
    json.Field("core", task.core);
    json.Field("stack_free", task.stack_free);
  });
  json.Field("uptime_ms", state.uptime_ms);
}

void WriteSelfTest(const SelfTestResult& result, JsonWriter& json) {
  json.Field("passed", result.passed());
  json.Field("differing_outputs", result.differing_outputs);
  json.Field("largest_difference", result.largest_difference);
  json.Field("invoke_us", result.invoke_us);
}

void WriteLevels(const WatchState& state, JsonWriter& json) {
  json.Field("level_dbfs", Decibels(state.level));
  json.Field("floor_dbfs", base::Decibels(state.floor));
  json.Field("floor_known", state.floor_known);
}

void WriteStorage(const clip_store::ClipStoreStatus& status, JsonWriter& json) {
  json.Field("volume", std::string_view(status.volume));
  Objects(json, "volumes", status.volumes, [&](const clip_store::VolumeStatus& volume) {
    json.Field("name", volume.name);
    json.Field("state", clip_store::VolumeStateName(volume.state));
  });
  json.Field("recording", std::string_view(status.recording));
  json.Field("clips", status.clips);
  json.Field("clips_written", status.clips_written);
  json.Field("clips_cut_short", status.clips_cut_short);
  json.Field("clips_repaired", status.clips_repaired);
  json.Field("clips_removed", status.clips_removed);
  json.Field("samples_dropped", status.samples_dropped);
  json.Field("lines_written", status.lines_written);
  json.Field("lines_dropped", status.lines_dropped);
  json.Field("events_dropped", status.events_dropped);
  json.Key("last_error");
  if (status.last_error) {
    json.Value(clip_store::StorageErrorName(*status.last_error));
  } else {
    json.Value(nullptr);
  }
}

void WriteNetwork(const NetworkState& network, JsonWriter& json) {
  static constexpr const char* kKinds[] = {"none", "wifi", "ethernet"};
  static constexpr const char* kStates[] = {"up", "connecting", "setup", "down"};
  json.Field("kind", kKinds[static_cast<size_t>(network.kind)]);
  json.Field("state", kStates[static_cast<size_t>(network.state)]);
  json.Field("reason", std::string_view(network.reason));
  json.Field("interface", network.interface);
  json.Field("address", network.address);
  json.Field("hostname", network.hostname);
  json.Field("ssid", network.ssid);
  json.Field("rssi_dbm", network.rssi_dbm);
}

void WriteRule(const WatchState::Rule& rule, JsonWriter& json) {
  json.BeginObject();
  json.Field("name", std::string_view(rule.name));
  json.Field("title", std::string_view(rule.title));
  json.Field("priority", rule.priority);
  json.Field("state", sound_events::RuleStateName(rule.state));
  json.EndObject();
}

}  // namespace listening
