// SPDX-License-Identifier: Apache-2.0
#include "home_link/webhook.h"

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/hmac_sha256.h"
#include "documents.h"

namespace home_link {
namespace {

constexpr char kTag[] = "webhook";
constexpr std::string_view kBase64Secret = "whsec_";

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// A secret that begins with "whsec_" is base64, as the specification has it; any other is its own bytes.
std::vector<uint8_t> KeyOf(std::string_view secret) {
  if (secret.starts_with(kBase64Secret)) {
    std::vector<uint8_t> key(secret.size());
    if (const auto size = base::DecodeBase64(secret.substr(kBase64Secret.size()), key)) {
      key.resize(*size);
      return key;
    }
  }
  return {secret.begin(), secret.end()};
}

/// @return nothing when the chip's hash unit failed.
std::optional<std::string> Signature(std::string_view secret, const std::string& signed_text) {
  const auto hash = base::HmacSha256(KeyOf(secret), Bytes(signed_text));
  if (!hash) return std::nullopt;
  std::string text(base::Base64Length(hash->size()), '\0');
  base::EncodeBase64(*hash, text);
  return "v1," + text;
}

bool Accepted(int status) { return status >= 200 && status < 300; }

/// The receiver finds fault with this document, and will again.
bool Hopeless(int status) { return status == 400 || status == 413 || status == 415 || status == 422; }

std::string Why(const Answer& answer) {
  if (answer.status == 0) return answer.failure;
  const std::string code = std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400) return "it redirects (" + code + "), which is not followed";
  return "it answers " + code;
}

}  // namespace

Webhook::Webhook(listening::Device& device, const HomeSettings& names, WebhookDesk& desk, HttpClient& client,
                 Site& site)
    : device_(device),
      desk_(desk),
      client_(client),
      site_(site),
      view_(device, names, site),
      reports_(device),
      told_(device, "home_link/posted") {
  device.Add(reports_);
}

void Webhook::Tick() {
  const int64_t now_ms = device_.services().UptimeUs() / 1000;
  FollowSettings(now_ms);
  TakeReports(now_ms);
  if (const auto answer = client_.Poll()) Take(*answer, now_ms);
  test_ |= desk_.TakeTest();
  if (settings_.on && sending_ == Sending::kNothing && (test_ || (!waiting_.empty() && now_ms >= next_ms_)))
    Send(now_ms);
  desk_.Tell({waiting_.size(), dropped_ + reports_.dropped(), delivered_, last_});
}

void Webhook::FollowSettings(int64_t now_ms) {
  if (const uint32_t revision = desk_.revision(); std::exchange(revision_, revision) == revision) return;
  settings_ = desk_.settings();
  if (sending_ != Sending::kNothing) sending_ = Sending::kStale;
  if (!settings_.on) waiting_.clear();
  test_ = false;
  backoff_.Reset();
  next_ms_ = now_ms;
  failure_.clear();
  last_ = settings_.on ? "nothing has been posted yet" : "off";
}

void Webhook::TakeReports(int64_t now_ms) {
  while (reports_.Hear(now_ms)) {
  }
  told_.Want(settings_.on);
  told_.Save(now_ms);
  if (!settings_.on) return reports_.Forget();
  auto missed = told_.TakeMissed();
  if (!missed) return;
  for (Report& report : *missed) waiting_.push_back(std::move(report));
  while (auto report = reports_.Next(now_ms)) {
    waiting_.push_back(*std::move(report));
    if (waiting_.size() > kMostWaiting) DropFirst();
  }
}

/// The one that is on its way goes last: it may have arrived.
void Webhook::DropFirst() {
  waiting_.erase(waiting_.begin() + (sending_ == Sending::kReport ? 1 : 0));
  ++dropped_;
}

void Webhook::Take(const Answer& answer, int64_t now_ms) {
  const Sending sent = std::exchange(sending_, Sending::kNothing);
  const std::string where = settings_.receiver();
  switch (sent) {
    case Sending::kNothing:
    case Sending::kStale:
      return;
    case Sending::kTest:
      last_ = where + (Accepted(answer.status) ? " has taken a test" : " does not take a test: " + Why(answer));
      return;
    case Sending::kReport:
      break;
  }
  if (!Accepted(answer.status) && !Hopeless(answer.status)) return Refused(Why(answer), now_ms);
  told_.Set(waiting_.front());
  waiting_.pop_front();
  backoff_.Reset();
  if (Accepted(answer.status)) {
    ++delivered_;
    last_ = where + " has taken the last event";
    if (!std::exchange(failure_, {}).empty()) Log(listening::LogLevel::kInfo, last_);
  } else {
    ++dropped_;
    last_ = where + " cannot do anything with an event: " + Why(answer) + "; it is dropped";
    Log(listening::LogLevel::kWarning, last_);
  }
}

/// The same failure is logged once, however often it comes.
void Webhook::Refused(const std::string& why, int64_t now_ms) {
  const int64_t pause_ms = backoff_.Fail();
  std::array<uint8_t, 1> random{};
  device_.services().FillRandom(random);
  next_ms_ = now_ms + pause_ms + pause_ms * random[0] / 512;  // up to half as much again: not all devices at once
  last_ = settings_.receiver() + " does not take an event: " + why + "; it is tried again";
  if (std::exchange(failure_, why) != why) Log(listening::LogLevel::kWarning, last_);
}

void Webhook::Send(int64_t now_ms) {
  if (!site_.has_network()) {
    last_ = "waits for the network";
    return;
  }
  const auto utc_us = device_.services().UtcUs();
  if (!settings_.secret.empty() && !utc_us) {
    last_ = "waits for the clock to be set: a signature has a time";
    return;
  }
  const std::optional<int64_t> utc_ms = utc_us ? std::optional(*utc_us / 1000) : std::nullopt;
  const Described described = Described::Of(view_.Look());
  std::string id = described.identity.id + "_";
  if (std::exchange(test_, false)) {
    id += "test_" + std::to_string(utc_ms.value_or(now_ms));
    return Begin(Sending::kTest, MakePost(std::move(id), WebhookTestDocument(described, utc_ms), utc_ms), now_ms);
  }
  const Report& report = waiting_.front();
  id += report.id + "_" + std::string(sound_events::EventKindName(report.kind));
  std::string body = WebhookDocument({report, described, now_ms, utc_ms});
  Begin(Sending::kReport, MakePost(std::move(id), std::move(body), utc_ms), now_ms);
}

void Webhook::Begin(Sending what, std::optional<Post> post, int64_t now_ms) {
  if (!post) return Refused("it cannot be signed: the hash unit fails", now_ms);
  sending_ = what;
  client_.Begin(*std::move(post));
}

/// @return nothing when it cannot be signed.
std::optional<Post> Webhook::MakePost(std::string id, std::string body, std::optional<int64_t> utc_ms) const {
  Post post{.url = settings_.url,
            .ca = settings_.ca,
            .fingerprint = settings_.fingerprint,
            .headers = {{"Content-Type", "application/json"}, {"User-Agent", "YAMNet-on-ESP32-S3"}},
            .body = std::move(body)};
  const std::string time = utc_ms ? std::to_string(*utc_ms / 1000) : "";
  if (!time.empty()) post.headers.emplace_back("webhook-timestamp", time);
  if (!settings_.secret.empty()) {
    const auto signature = Signature(settings_.secret, id + "." + time + "." + post.body);
    if (!signature) return std::nullopt;
    post.headers.emplace_back("webhook-signature", *signature);
  }
  post.headers.emplace_back("webhook-id", std::move(id));
  return post;
}

void Webhook::Log(listening::LogLevel level, std::string_view text) const { device_.services().Log(level, kTag, text); }

}  // namespace home_link
