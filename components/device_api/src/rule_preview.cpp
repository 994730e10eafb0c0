// SPDX-License-Identifier: Apache-2.0
#include "rule_preview.h"

#include <algorithm>
#include <vector>

#include "answers.h"
#include "base/sample_rate.h"
#include "clip_store/clip_name.h"
#include "log_mel/spec.h"
#include "sound_events/event_detector.h"

namespace device_api {
namespace {

constexpr int kPatchesATurn = 256;

class Preview final : public Stream {
 public:
  Preview(listening::Device& device, const PatchHistory& history, sound_events::EventDetector detector)
      : device_(device),
        history_(history),
        detector_(std::move(detector)),
        scores_(detector_.format().classes),
        last_(history.latest()) {
    next_ = history.oldest();
    if (const auto first = history.At(next_)) begin_ = first->start_sample;
    end_ = begin_;
    if (const auto newest = history.At(last_)) end_ = newest->start_sample + log_mel::kYamnetSpec.patch_samples();
  }

  bool Next(std::string& out) override {
    if (!begun_) out += "{\"events\":[";
    begun_ = true;
    for (int i = 0; i < kPatchesATurn && next_ <= last_; ++i, ++next_) {
      if (const auto patch = history_.At(next_)) Judge(*patch, out);
    }
    if (next_ <= last_) return true;
    Tell(detector_.Finish(), out);
    WriteSpan(out);
    return false;
  }

 private:
  void Judge(const PatchHistory::Patch& patch, std::string& out) {
    std::ranges::fill(scores_, int8_t{INT8_MIN});
    for (size_t i = 0; i < patch.index.size(); ++i) scores_[patch.index[i]] = patch.score[i];
    const auto told = detector_.Process({.scores = scores_,
                                         .start_sample = patch.start_sample,
                                         .level = patch.level,
                                         .floor = patch.floor,
                                         .patterns = patch.patterns,
                                         .minute_of_day = patch.minute_of_day});
    if (told) Tell(*told, out);
  }

  void Tell(std::span<const sound_events::Event> events, std::string& out) {
    for (const sound_events::Event& event : events) {
      if (event.kind != sound_events::EventKind::kEnd) continue;
      if (told_) out += ',';
      told_ = true;
      out += JsonObject([&](base::JsonWriter& json) {
        json.Field("rule", event.rule_name());
        json.Field("start_s", static_cast<float>(base::SecondsOf(event.start_sample - end_)));
        json.Field("duration_s", static_cast<float>(base::SecondsOf(event.end_sample - event.start_sample)));
        json.Field("peak", static_cast<float>(event.peak) / sound_events::kOne);
      });
    }
  }

  /// What was looked at: how much, and until when.
  void WriteSpan(std::string& out) const {
    const clip_store::EventTime end = device_.clock().TimeOf(end_);
    const std::string span = JsonObject([&](base::JsonWriter& json) {
      json.Field("seconds", static_cast<float>(base::SecondsOf(end_ - begin_)));
      json.Field("uptime_s", static_cast<float>(end.uptime_ms) / 1000);
      json.Field("utc", end.utc_ms ? std::optional(clip_store::UtcText(*end.utc_ms)) : std::nullopt);
    });
    (out += "],") += std::string_view(span).substr(1);
  }

  listening::Device& device_;
  const PatchHistory& history_;
  sound_events::EventDetector detector_;
  std::vector<int8_t> scores_;
  uint64_t next_ = 0;
  uint64_t last_;
  int64_t begin_ = 0;
  int64_t end_ = 0;
  bool begun_ = false;
  bool told_ = false;
};

}  // namespace

std::expected<std::unique_ptr<Stream>, sound_events::Error> RulePreview(listening::Device& device,
                                                                        const PatchHistory& history,
                                                                        sound_events::RuleSet rules) {
  const sound_model::Quantization scores = history.quantization();
  auto detector = sound_events::EventDetector::Create(
      std::move(rules),
      {.scale = scores.scale, .zero_point = scores.zero_point, .classes = (*device.classes())->size()});
  if (!detector) return std::unexpected(std::move(detector).error());
  return std::make_unique<Preview>(device, history, *std::move(detector));
}

}  // namespace device_api
