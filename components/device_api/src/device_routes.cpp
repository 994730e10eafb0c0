// SPDX-License-Identifier: Apache-2.0
// What the device is and hears now.
#include <array>
#include <cstdio>

#include "answers.h"
#include "clip_store/clip_name.h"
#include "device_api/api.h"
#include "streams.h"
#include "target.h"
#include "update_busy.h"

namespace device_api {
namespace {

/// The text format of Prometheus, version 0.0.4.
class Metrics {
 public:
  void Add(std::string_view name, std::string_view kind, std::string_view help, double value,
           std::string_view labels = {}) {
    if (name != last_) {
      ((((text_ += "# HELP yamnet_") += name) += ' ') += help) += "\n# TYPE yamnet_";
      ((text_ += name) += ' ') += kind;
      text_ += '\n';
      last_ = name;
    }
    ((text_ += "yamnet_") += name) += labels;
    std::array<char, 32> digits;
    // As exact as a count needs it; std::to_chars would bring 120 KB of tables onto the chip.
    std::snprintf(digits.data(), digits.size(), "%.15g", value);
    (text_ += ' ').append(digits.data()) += '\n';
  }
  void Counter(std::string_view name, std::string_view help, double value) { Add(name, "counter", help, value); }
  void Gauge(std::string_view name, std::string_view help, double value) { Add(name, "gauge", help, value); }

  std::string text_;

 private:
  std::string last_;
};

double Decibels(base::CentiDecibels level) { return static_cast<double>(level) / 100; }

void AddAudio(const listening::AudioState& audio, Metrics& metrics) {
  metrics.Gauge("audio_alive", "1 while samples come that are not all equal", audio.alive);
  metrics.Counter("audio_overruns_total", "blocks that came while the queue was full", audio.overruns);
  metrics.Counter("audio_gaps_total", "times that samples are missing", audio.gaps);
}

void AddWatch(const listening::WatchState& watch, Metrics& metrics) {
  if (watch.level) metrics.Gauge("level_dbfs", "of the latest patch", Decibels(*watch.level));
  metrics.Gauge("floor_dbfs", "noise floor", Decibels(watch.floor));
  metrics.Counter("events_total", "events since boot", watch.events);
  for (const auto& rule : watch.rules) {
    const bool active = rule.state == sound_events::RuleState::kOn || rule.state == sound_events::RuleState::kHolding;
    metrics.Add("rule_active", "gauge", "1 while the rule's event goes on", active,
                "{rule=\"" + rule.name + "\"}");  // names are plain ASCII
  }
}

void AddStorage(const clip_store::ClipStoreStatus& storage, Metrics& metrics) {
  metrics.Gauge("storage_mounted", "1 while a volume takes clips", !storage.volume.empty());
  metrics.Gauge("clips", "clips on the volume in use", static_cast<double>(storage.clips));
  metrics.Counter("clips_written_total", "clips since boot", static_cast<double>(storage.clips_written));
  metrics.Counter("journal_lines_dropped_total", "journal lines that no volume took",
                  static_cast<double>(storage.lines_dropped));
  metrics.Counter("clip_samples_dropped_total", "samples that storage came too late for",
                  static_cast<double>(storage.samples_dropped));
}

}  // namespace

Response Api::GetDescription(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  Response response;
  response.headers = {{"Content-Type", "application/json"}};
  response.body =
#include "openapi.inc"
      ;
  return response;
}

Response Api::GetStatus(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  return JsonAnswer([this](base::JsonWriter& json) {
    json.Field("name", std::string_view(settings_.name));
    const auto utc_us = device_.services().UtcUs();
    json.Field("utc", utc_us ? std::optional(clip_store::UtcText(*utc_us / 1000)) : std::nullopt);
    const listening::DeviceState state = device_.state();
    listening::WriteState(state, json);
    json.Key("update");
    WriteBusy(state.update ? state.update->busy : std::nullopt, json);
  });
}

Response Api::GetClasses(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const auto classes = device_.classes();
  if (!classes) return Problem(classes.error());
  return JsonAnswer([&](base::JsonWriter& json) {
    json.Key("classes");
    json.BeginArray();
    for (size_t i = 0; i < (*classes)->size(); ++i) json.Value((*classes)->name(i));
    json.EndArray();
  });
}

Response Api::GetScores(const Call& call) {
  Query query(call.query);
  const ScoreWish wish{.most_classes = static_cast<size_t>(query.Integer("k", 1, ScoreWish::kMost, 5)),
                       .least = static_cast<float>(query.Number("min", 0, 1, 0)),
                       .per_second = query.Number("rate", 0.1, 10, 10),
                       .mel = query.Flag("mel")};
  if (const std::string wrong = query.problem(); !wrong.empty()) return Problem(400, wrong);
  Response response;
  response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  response.stream = ScoreStream(device_, scores_, wish);
  return response;
}

Response Api::GetAudio(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  listening::ClipKeeper* const clips = device_.clips();
  if (clips == nullptr) return Problem(503, device_.boot().WhyNot(listening::kClipsStep));
  Response response;
  response.headers = {{"Content-Type", "audio/wav"}, {"Cache-Control", "no-store"}};
  response.stream = AudioStream(device_, clips->ring());
  return response;
}

Response Api::GetLog(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  return JsonAnswer([this](base::JsonWriter& json) {
    json.Key("lines");
    json.BeginArray();
    for (const std::string& line : log_.lines()) json.Value(std::string_view(line));
    json.EndArray();
  });
}

Response Api::GetMetrics(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const listening::DeviceState state = device_.state();
  Metrics metrics;
  metrics.Add("info", "gauge", "always 1; what runs there", 1,
              "{version=\"" + state.firmware.version + "\",target=\"" + state.target + "\",model=\"" +
                  (state.model ? state.model->sha256 : "") + "\"}");
  metrics.Gauge("muted", "1 while the microphone is switched off", state.muted);
  metrics.Gauge("ready", "1 when every boot step went well", state.ready);
  metrics.Gauge("uptime_seconds", "since boot", static_cast<double>(state.uptime_ms) / 1000);
  metrics.Gauge("heap_free_bytes", "internal RAM", static_cast<double>(state.memory.free_heap));
  metrics.Gauge("heap_least_free_bytes", "internal RAM, least since boot",
                static_cast<double>(state.memory.min_free_heap));
  metrics.Gauge("heap_largest_block_bytes", "internal RAM in one piece",
                static_cast<double>(state.memory.largest_heap_block));
  if (state.memory.free_psram)
    metrics.Gauge("psram_free_bytes", "external RAM", static_cast<double>(*state.memory.free_psram));
  if (state.audio) AddAudio(*state.audio, metrics);
  if (state.inference) {
    metrics.Gauge("inference_p50_seconds", "median time of an inference", state.inference->p50_us / 1e6);
    metrics.Gauge("inference_max_seconds", "longest time of an inference", state.inference->max_us / 1e6);
  }
  if (state.watch) AddWatch(*state.watch, metrics);
  if (state.storage) AddStorage(*state.storage, metrics);
  Response response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4"}, {"Cache-Control", "no-store"}};
  response.body = std::move(metrics.text_);
  return response;
}

Response Api::PostRestart(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  restart_requested_ = true;
  Response response = NothingToSay();
  response.status = 202;
  return response;
}

}  // namespace device_api
