// SPDX-License-Identifier: Apache-2.0
#include "home_link/home_link.h"

#include <array>

namespace home_link {
namespace {

constexpr char kTag[] = "mqtt";

std::string Where(const MqttSettings& mqtt) {
  return "the broker at " + mqtt.host + ":" + std::to_string(mqtt.port) + (mqtt.tls ? " with TLS" : "");
}

}  // namespace

HomeLink::HomeLink(listening::Device& device, HomeSettings& settings, Transport& transport, Site& site)
    : device_(device),
      settings_(settings),
      transport_(transport),
      site_(site),
      view_(device, settings, site),
      reports_(device),
      told_(device, "home_link/told") {
  device_.Add(reports_);
  settings_.Tell({false, "off"});
}

void HomeLink::Tick() {
  const int64_t now_ms = device_.services().UptimeUs() / 1000;
  FollowSettings(now_ms);
  TakeInputs(now_ms);
  TakeEvents(now_ms);
  if (!link_) return;
  if (stage_ != Stage::kOnline && now_ms >= next_ms_) {
    if (stage_ == Stage::kConnecting) return Fail("it does not answer", now_ms);
    if (!site_.has_network()) return settings_.Tell({false, "waits for the network"});
    stage_ = Stage::kConnecting;
    next_ms_ = now_ms + kConnectMs;
    transport_.Connect({mqtt_, site_.id(), link_->will(), kKeepaliveS});
  }
  if (stage_ != Stage::kOnline) return;
  const std::vector<Wish> wishes = link_->TakeWishes();
  for (const Wish& wish : wishes) Fulfil(wish);
  if (now_ms >= show_ms_ || !wishes.empty()) {
    show_ms_ = now_ms + kShowMs;
    House house = view_.Look();
    house.missed = reports_.dropped();
    link_->Show(house, now_ms, UtcMs());
  }
  if (const std::string complaint = link_->TakeComplaint(); !complaint.empty())
    Log(listening::LogLevel::kWarning, complaint);
  while (const auto step = link_->Next(now_ms, UtcMs())) {
    switch (step->kind) {
      case Step::Kind::kSubscribe:
        transport_.Subscribe(step->message.topic);
        break;
      case Step::Kind::kUnsubscribe:
        transport_.Unsubscribe(step->message.topic);
        break;
      case Step::Kind::kPublish:
        transport_.Publish(step->message, step->id);
        break;
    }
  }
}

void HomeLink::Close() {
  if (link_ && stage_ != Stage::kWaiting) transport_.Close(link_->will());
  stage_ = Stage::kWaiting;
  told_.Save(INT64_MAX);
}

void HomeLink::FollowSettings(int64_t now_ms) {
  const uint32_t revision = settings_.revision();
  if (revision == revision_) return;
  revision_ = revision;
  Close();
  while (transport_.Poll()) {
  }
  mqtt_ = settings_.mqtt();
  const std::vector<Report> told_next = link_ ? link_->TakeReports() : std::vector<Report>();
  link_.reset();
  backoff_.Reset();
  failure_.clear();
  next_ms_ = now_ms;
  if (mqtt_.on) {
    link_.emplace(site_.id(), mqtt_);
    for (const Report& report : told_next) link_->Add(report, now_ms, UtcMs());
  }
  settings_.Tell({false, mqtt_.on ? "connecting to " + Where(mqtt_) : "off"});
}

void HomeLink::TakeInputs(int64_t now_ms) {
  while (const auto input = transport_.Poll()) {
    if (link_) Take(*input, now_ms);
  }
}

void HomeLink::Take(const Transport::Input& input, int64_t now_ms) {
  using Kind = Transport::Input::Kind;
  switch (input.kind) {
    case Kind::kConnected:
      stage_ = Stage::kOnline;
      show_ms_ = now_ms;
      backoff_.Reset();
      failure_.clear();
      settings_.Tell({true, "connected to " + Where(mqtt_)});
      Log(listening::LogLevel::kInfo, "connected to " + Where(mqtt_));
      return link_->Connected(now_ms);
    case Kind::kLost:
      return Fail(input.text, now_ms);
    case Kind::kMessage:
      return link_->Received(input.text, input.payload, input.retained, now_ms);
    case Kind::kPublished:
      return link_->Published(input.id);
  }
}

/// The same failure is told once, however often it comes.
void HomeLink::Fail(const std::string& why, int64_t now_ms) {
  const bool was_online = stage_ == Stage::kOnline;
  if (stage_ == Stage::kConnecting) transport_.Close(link_->will());
  link_->Lost();
  stage_ = Stage::kWaiting;
  const int64_t pause_ms = backoff_.Fail();
  std::array<uint8_t, 1> random{};
  device_.services().FillRandom(random);
  next_ms_ = now_ms + pause_ms + pause_ms * random[0] / 512;  // up to half as much again: not all devices at once
  const std::string text = Where(mqtt_) + (was_online ? " is lost: " : " cannot be used: ") + why;
  settings_.Tell({false, text});
  if (why == failure_) return;
  failure_ = why;
  Log(listening::LogLevel::kWarning, text);
}

// --- Events

void HomeLink::TakeEvents(int64_t now_ms) {
  while (const auto event = reports_.Hear(now_ms)) {
    if (link_) link_->Switch(event->rule_name(), event->kind == sound_events::EventKind::kStart);
  }
  told_.Want(link_.has_value());
  told_.Save(now_ms);
  if (!link_) return reports_.Forget();
  if (const auto told = link_->TakeTold()) told_.Set(*told);
  const auto missed = told_.TakeMissed();
  if (!missed) return;
  for (const Report& report : *missed) link_->Add(report, now_ms, UtcMs());
  while (auto report = reports_.Next(now_ms)) link_->Add(*std::move(report), now_ms, UtcMs());
}

// --- Wishes

void HomeLink::Fulfil(const Wish& wish) {
  switch (wish.kind) {
    case Wish::Kind::kArm: {
      const auto rules = device_.rules();
      const auto done = rules ? (*rules)->Turn(wish.rule, wish.on) : std::unexpected(rules.error());
      if (!done) Log(listening::LogLevel::kWarning, "a rule is not switched: " + done.error().message);
      return;
    }
    case Wish::Kind::kMute:
      if (const auto done = device_.mute().Set(wish.on); !done)
        Log(listening::LogLevel::kWarning, done.error().message);
      return;
    case Wish::Kind::kRestart:
      Log(listening::LogLevel::kInfo, "a restart is asked for");
      return site_.Restart();
    case Wish::Kind::kIdentify:
      return site_.Identify();
  }
}

std::optional<int64_t> HomeLink::UtcMs() const {
  const auto utc_us = device_.services().UtcUs();
  return utc_us ? std::optional(*utc_us / 1000) : std::nullopt;
}

void HomeLink::Log(listening::LogLevel level, std::string_view text) const {
  device_.services().Log(level, kTag, text);
}

}  // namespace home_link
