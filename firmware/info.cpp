// SPDX-License-Identifier: Apache-2.0
#include "info.h"

#include "app.h"
#include "esp_app_desc.h"
#include "esp_timer.h"
#include "platform.h"
#include "task_layout.h"

namespace firmware {
namespace {

/// An object of fields, or null when the part did not start.
template <typename Write>
void Section(base::JsonWriter& json, const char* name, bool there, Write&& write) {
  json.Key(name);
  if (!there) return json.Value(nullptr);
  json.BeginObject();
  write();
  json.EndObject();
}

void WriteQuantization(base::JsonWriter& json, const char* name, const sound_model::Quantization& quantization) {
  Section(json, name, true, [&] {
    json.Field("scale", quantization.scale);
    json.Field("zero_point", quantization.zero_point);
  });
}

void WriteFirmware(base::JsonWriter& json) {
  const esp_app_desc_t* const description = esp_app_get_description();
  json.Field("name", static_cast<const char*>(description->project_name));
  json.Field("version", static_cast<const char*>(description->version));
  json.Field("idf", static_cast<const char*>(description->idf_ver));
  json.Key("built");
  json.Value(std::string(description->date) + " " + description->time);
}

void WriteBoot(base::JsonWriter& json, const App& app) {
  const std::optional<BootRecord> record = app.boot.ok(kRecordStep) ? app.record : std::nullopt;
  const auto number = [&](uint32_t BootRecord::*member) {
    return record ? std::optional(*record.*member) : std::nullopt;
  };
  json.Field("count", number(&BootRecord::count));
  json.Field("reset_reason", record ? record->reset_reason.c_str() : "unknown");
  json.Field("panics", number(&BootRecord::panics));
  json.Field("brownouts", number(&BootRecord::brownouts));
  json.Key("history");
  json.BeginArray();
  if (record) {
    for (const std::string& reason : record->history) json.Value(std::string_view(reason));
  }
  json.EndArray();
  json.Field("ready", app.boot.ready());
  json.Key("steps");
  json.BeginArray();
  for (const BootSequence::Step& step : app.boot.steps()) {
    json.BeginObject();
    json.Field("name", step.name);
    json.Field("ok", step.ok);
    json.Field("ms", step.ms);
    json.Field("message", step.message.c_str());
    json.EndObject();
  }
  json.EndArray();
}

void WriteModel(base::JsonWriter& json, const App& app) {
  json.Field("sha256", app.file->sha256.c_str());
  json.Field("bytes", app.file->bytes.size());
  json.Field("front_end", app.spec->name);
  WriteQuantization(json, "input", app.summary->input);
  WriteQuantization(json, "output", app.summary->output);
  json.Field("classes", sound_model::kClasses);
  json.Key("ops");
  json.BeginArray();
  for (const std::string_view op : app.summary->op_set) json.Value(op);
  json.EndArray();
}

void WriteAudio(base::JsonWriter& json, const App& app) {
  json.Field("source", app.capture->source().source());
  json.Field("board", app.capture->source().board());
  json.Field("gain_db", app.capture->source().gain_db());
  json.Field("overruns", app.capture->ring().overruns());
  json.Field("ring_blocks", app.capture->ring().capacity());
  json.Field("ring_peak", app.capture->ring().peak());
  json.Field("gaps", app.capture->gaps());
  json.Field("alive", app.capture->alive());
  json.Field("level_dbfs", base::Decibels(app.capture->level()));
}

void WriteTasks(base::JsonWriter& json) {
  json.Key("tasks");
  json.BeginArray();
  for (const TaskLayout& layout : kTasks) {
    const TaskHandle_t task = xTaskGetHandle(layout.name);
    if (task == nullptr) continue;
    json.BeginObject();
    json.Field("name", layout.name);
    json.Field("core", layout.core);
    json.Field("stack_free", uxTaskGetStackHighWaterMark(task));
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void WriteAppInfo(const App& app, base::JsonWriter& json) {
  Section(json, "firmware", true, [&] { WriteFirmware(json); });
  json.Field("target", TargetName());
  Section(json, "boot", true, [&] { WriteBoot(json, app); });
  Section(json, "model", app.boot.ok(kModelStep), [&] { WriteModel(json, app); });
  json.Field("kernels", sound_model::KernelsName());
  Section(json, "arena", app.boot.ok(kInterpreterStep), [&] {
    json.Field("size", sound_model::ArenaBytes());
    json.Field("used", app.model->arena_used());
  });
  Section(json, "selftest", app.boot.over(kSelfTestStep) && app.self_test_result,
          [&] { serial_console::WriteSelfTest(*app.self_test_result, json); });
  Section(json, "audio", app.boot.ok(kAudioStep), [&] { WriteAudio(json, app); });
  Section(json, "events", app.boot.ok(kRulesStep), [&] {
    const WatchState watch = app.watch->state();
    json.Field("rules", watch.rules.size());
    json.Field("events", watch.events);
    WriteLevels(watch, json);
  });
  Section(json, "storage", app.boot.ok(kStorageStep), [&] { WriteStorage(app.recorder.state(), json); });
  Section(json, "inference", app.boot.ok(kInterpreterStep), [&] {
    const InferenceTimes times = app.model->times();
    json.Field("patches", times.patches);
    json.Field("p50_us", times.p50_us);
    json.Field("max_us", times.max_us);
  });
  Section(json, "memory", true, [&] {
    const MemoryState memory = ReadMemory();
    json.Field("free_heap", memory.free_heap);
    json.Field("min_free_heap", memory.min_free_heap);
    json.Field("free_psram", memory.free_psram);
    json.Field("min_free_psram", memory.min_free_psram);
  });
  WriteTasks(json);
  json.Field("uptime_ms", esp_timer_get_time() / 1000);
}

}  // namespace firmware
