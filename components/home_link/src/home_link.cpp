// SPDX-License-Identifier: Apache-2.0
#include "home_link/home_link.h"

#include <algorithm>
#include <array>

#include "base/json_members.h"
#include "base/sample_rate.h"
#include "device_classes.h"

namespace home_link {
namespace {

constexpr char kTag[] = "mqtt";

float Probability(sound_events::Q16 value) { return static_cast<float>(value) / sound_events::kOne; }

std::string Member(std::string_view line, std::string_view name) {
  const auto value = base::FindMember(line, name);
  return value ? base::AsString(*value).value_or("") : std::string();
}

std::string Where(const MqttSettings& mqtt) {
  return "the broker at " + mqtt.host + ":" + std::to_string(mqtt.port) + (mqtt.tls ? " with TLS" : "");
}

}  // namespace

HomeLink::HomeLink(listening::Device& device, HomeSettings& settings, Transport& transport, Site& site)
    : device_(device), settings_(settings), transport_(transport), site_(site) {
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
    stage_ = Stage::kConnecting;
    next_ms_ = now_ms + kConnectMs;
    transport_.Connect({mqtt_, site_.id(), link_->will(), kKeepaliveS});
  }
  if (stage_ != Stage::kOnline) return;
  const std::vector<Wish> wishes = link_->TakeWishes();
  for (const Wish& wish : wishes) Fulfil(wish);
  if (now_ms >= show_ms_ || !wishes.empty()) {
    show_ms_ = now_ms + kShowMs;
    link_->Show(Look(), now_ms, UtcMs());
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
  while (const auto event = events_.Pop()) {
    if (!link_ || event->kind == sound_events::EventKind::kUpdate) continue;
    link_->Switch(event->rule_name(), event->kind == sound_events::EventKind::kStart);
    heard_.push_back({*event, now_ms});
  }
  while (link_ && !heard_.empty()) {
    const Heard& heard = heard_.front();
    auto report = ReportOf(heard.event, now_ms < heard.at_ms + kClipMs);
    if (!report) return;
    link_->Add(*std::move(report), now_ms, UtcMs());
    heard_.pop_front();
  }
}

/// @param patient  whether to rather wait for what storage makes of the event.
std::optional<Report> HomeLink::ReportOf(const sound_events::Event& event, bool patient) const {
  std::string id;
  std::string clip;
  if (listening::ClipKeeper* const clips = device_.clips()) {
    id = clip_store::EventId{clips->store().boot(), event.sequence}.Text();
    const auto lines = clips->store().latest_lines();
    const auto line = std::ranges::find_if(lines, [&](const std::string& text) {
      return Member(text, "id") == id && Member(text, "kind") == sound_events::EventKindName(event.kind);
    });
    if (line == lines.end() && patient) return std::nullopt;
    if (line != lines.end()) clip = Member(*line, "clip");
  } else if (const auto record = device_.state().record) {
    id = clip_store::EventId{record->count, event.sequence}.Text();
  }
  Report report{.id = std::move(id),
                .kind = event.kind,
                .rule = std::string(event.rule_name()),
                .start = device_.clock().TimeOf(event.start_sample),
                .duration_s = static_cast<float>(base::SecondsOf(event.end_sample - event.start_sample)),
                .reason = {},
                .peak = Probability(event.peak),
                .mean = Probability(event.mean),
                .level = event.level,
                .floor = event.floor,
                .top = {},
                .clip = std::move(clip)};
  if (event.kind == sound_events::EventKind::kEnd) report.reason = sound_events::EndReasonName(event.reason);
  if (const auto classes = device_.classes()) {
    for (const sound_events::TopClass& top : event.top) {
      report.top.push_back({std::string((*classes)->name(top.index)), Probability(top.peak)});
    }
  }
  return report;
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

// --- The device as it is

House HomeLink::Look() {
  HomeSettings::Naming naming = settings_.naming();
  House house{.identity = {site_.id(), std::move(naming.name), std::move(naming.place), site_.url()},
              .rules = {},
              .armed = {},
              .missed = events_.dropped(),
              .state = device_.state()};
  const auto rules = device_.rules();
  const auto classes = device_.classes();
  if (!rules || !classes) return house;
  for (const auto& each : (*rules)->switches()) {
    if (each.on) house.armed.push_back(each.name);
  }
  if (const uint32_t tag = (*rules)->tag(); !rules_ || rules_->tag != tag) {
    rules_ = Rules{tag, {}};
    const auto parsed = (*rules)->Parse((*rules)->document());
    if (parsed) {
      for (const sound_events::Rule& rule : parsed->rules())
        rules_->rules.push_back({rule.name, rule.title, DeviceClassOf(rule, **classes)});
    }
  }
  house.rules = rules_->rules;
  return house;
}

std::optional<int64_t> HomeLink::UtcMs() const {
  const auto utc_us = device_.services().UtcUs();
  return utc_us ? std::optional(*utc_us / 1000) : std::nullopt;
}

void HomeLink::Log(listening::LogLevel level, std::string_view text) const {
  device_.services().Log(level, kTag, text);
}

}  // namespace home_link
