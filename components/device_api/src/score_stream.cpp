// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "answers.h"
#include "base/base64.h"
#include "clip_store/clip_name.h"
#include "listening/strongest.h"
#include "streams.h"

namespace device_api {
namespace {

constexpr int64_t kLookUs = 250'000;          ///< From one look at the state to the next.
constexpr int64_t kSignOfLifeUs = 2'000'000;  ///< The state is told at least that often.

class Scores final : public Stream {
 public:
  Scores(listening::Device& device, const ScoreFeed& feed, const ScoreWish& wish)
      : device_(device), feed_(feed), wish_(wish), seen_(feed.latest()) {}

  bool Next(std::string& out) override {
    const int64_t now = device_.services().UptimeUs();
    if (now >= next_look_us_) {
      next_look_us_ = now + kLookUs;
      TellState(now, out);
    }
    if (now >= next_us_) {
      if (const auto patch = feed_.After(seen_)) {
        seen_ = patch->number;
        next_us_ = now + static_cast<int64_t>(1e6 / wish_.per_second);
        TellScores(*patch, out);
      }
    } else {
      seen_ = std::max(seen_, feed_.latest() > 0 ? feed_.latest() - 1 : 0);  // the newest one when it is due
    }
    return !device_.closed();
  }

 private:
  void TellState(int64_t now, std::string& out) {
    std::string state = JsonObject([this](base::JsonWriter& json) { WriteState(json); });
    state.pop_back();  // the times follow
    if (state == state_ && now - told_us_ < kSignOfLifeUs) return;
    state_ = std::move(state);
    told_us_ = now;
    const auto utc_us = device_.services().UtcUs();
    ((out += "event: state\ndata: ") += state_) += ",\"uptime_ms\":" + std::to_string(now / 1000) + ",\"utc\":";
    out += utc_us ? '"' + clip_store::UtcText(*utc_us / 1000) + '"' : std::string("null");
    out += "}\n\n";
  }

  void WriteState(base::JsonWriter& json) const {
    json.Field("muted", device_.mute().on());
    json.Field("listening", feed_.listening() && !device_.mute().on());
    json.Key("active");
    json.BeginArray();
    if (const auto watch = device_.watch()) {
      for (const auto& rule : (*watch)->state().rules) {
        if (rule.state == sound_events::RuleState::kOn || rule.state == sound_events::RuleState::kHolding)
          listening::WriteRule(rule, json);
      }
    }
    json.EndArray();
  }

  void TellScores(const ScoreFeed::Patch& patch, std::string& out) const {
    std::array<uint16_t, ScoreWish::kMost> order;
    const auto strongest = listening::Strongest(patch.scores(), std::span(order).first(wish_.most_classes));
    const std::string data = JsonObject([&](base::JsonWriter& json) { WriteScores(patch, strongest, json); });
    (((out += "event: scores\nid: ") += std::to_string(patch.number)) += "\ndata: ").append(data) += "\n\n";
  }

  void WriteScores(const ScoreFeed::Patch& patch, std::span<const uint16_t> strongest, base::JsonWriter& json) const {
    json.Field("patch", patch.number);
    json.Field("start_sample", patch.start_sample);
    if (const auto watch = device_.watch()) listening::WriteLevels((*watch)->state(), json);
    json.Key("top");
    json.BeginArray();
    for (const uint16_t index : strongest) {
      const float score =
          patch.quantization.scale * static_cast<float>(patch.values[index] - patch.quantization.zero_point);
      if (score < wish_.least) break;
      json.BeginObject();
      json.Field("index", index);
      json.Field("name", (*device_.classes())->name(index));
      json.Field("score", score);
      json.EndObject();
    }
    json.EndArray();
    if (wish_.mel) {
      std::array<char, base::Base64Length(sizeof patch.mel.values)> text;
      base::EncodeBase64(patch.mel.values, text);
      json.Field("mel", std::string_view(text.data(), text.size()));
    }
  }

  listening::Device& device_;
  const ScoreFeed& feed_;
  ScoreWish wish_;
  uint64_t seen_;
  int64_t next_us_ = 0;
  int64_t next_look_us_ = 0;
  int64_t told_us_ = 0;
  std::string state_;
};

}  // namespace

std::unique_ptr<Stream> ScoreStream(listening::Device& device, const ScoreFeed& feed, const ScoreWish& wish) {
  return std::make_unique<Scores>(device, feed, wish);
}

}  // namespace device_api
