// SPDX-License-Identifier: Apache-2.0
#include "home_link/link.h"

#include <algorithm>

#include "documents.h"
#include "entities.h"
#include "topics.h"

namespace home_link {
namespace {

constexpr size_t kMostFound = 256;   ///< Topics of earlier runs.
constexpr size_t kMostTopics = 512;  ///< More only if all are in use; else those that were removed are forgotten.
constexpr char kOnline[] = "online";
constexpr char kOffline[] = "offline";
constexpr char kOn[] = "ON";
constexpr char kOff[] = "OFF";
constexpr char kPress[] = "PRESS";

std::optional<bool> AsSwitch(std::string_view payload) {
  if (payload == kOn) return true;
  if (payload == kOff) return false;
  return std::nullopt;
}

/// What stands between the two, if there is something.
std::optional<std::string_view> Between(std::string_view text, std::string_view before, std::string_view behind) {
  if (text.size() <= before.size() + behind.size() || !text.starts_with(before) || !text.ends_with(behind))
    return std::nullopt;
  return text.substr(before.size(), text.size() - before.size() - behind.size());
}

bool Active(sound_events::RuleState state) {
  return state == sound_events::RuleState::kOn || state == sound_events::RuleState::kHolding;
}

}  // namespace

struct Link::Parts {
  std::string id;
  Discovery discovery;
  std::string discovery_prefix;
  Topics own;
  std::optional<Described> described;
  std::set<EntityName> announced;  ///< By this run or an earlier one, and not removed since.
  std::set<EntityName> gone;       ///< Removed, which is told again for those who were away.
  std::set<std::string> found;     ///< Own topics that earlier runs have left.
  std::vector<std::string> left;   ///< Discovery of the other form, likewise.

  std::string status() const { return discovery_prefix + "/status"; }
  std::string device() const { return discovery_prefix + "/device/" + id + "/config"; }
  std::string Config(const EntityName& name) const {
    return discovery_prefix + "/" + name.first + "/" + id + "/" + name.second + "/config";
  }
  std::vector<std::string> commands() const {
    const std::string rules = Topics::Set(own.Armed("+"));
    return {status(), rules, Topics::Set(own.Of("mute")), Topics::Set(own.Of("restart")),
            Topics::Set(own.Of("identify"))};
  }
  std::vector<std::string> looks() const { return {own.Of("#"), device(), Config({"+", "+"})}; }

  std::optional<EntityName> NameOf(std::string_view topic) const {
    const auto middle = Between(topic, discovery_prefix + "/", "/config");
    const auto at = middle ? middle->find("/" + id + "/") : std::string_view::npos;
    if (at == std::string_view::npos) return std::nullopt;
    const EntityName name(middle->substr(0, at), middle->substr(at + id.size() + 2));
    return IsName(name.first) && IsName(name.second) ? std::optional(name) : std::nullopt;
  }
};

Link::Link(std::string_view id, const MqttSettings& settings)
    : parts_(std::make_unique<Parts>(Parts{.id = std::string(id),
                                           .discovery = settings.discovery,
                                           .discovery_prefix = settings.discovery_prefix,
                                           .own = Topics(settings.topic_prefix, id),
                                           .described = std::nullopt,
                                           .announced = {},
                                           .gone = {},
                                           .found = {},
                                           .left = {}})) {}

Link::~Link() = default;

// --- What the device is and hears

void Link::Show(const House& house, int64_t now_ms, std::optional<int64_t> utc_ms) {
  if (!looked_) return;
  const Topics& own = parts_->own;
  if (Announce(house)) ShowLastReport(now_ms, utc_ms);
  for (const HouseRule& rule : house.rules) {
    const bool armed = std::ranges::find(house.armed, rule.name) != house.armed.end();
    bool active = false;
    if (house.state.watch) {
      const auto& running = house.state.watch->rules;
      const auto found = std::ranges::find(running, rule.name, &listening::WatchState::Rule::name);
      active = found != running.end() && Active(found->state);
    }
    Pulse(own.Rule(rule.name), active);
    Set(own.Armed(rule.name), armed ? kOn : kOff);
  }
  Set(own.Of("mute"), house.state.muted ? kOn : kOff);
  if (now_ms >= levels_from_ms_) {
    levels_from_ms_ = now_ms + kLevelsMs;
    Set(own.Of("levels"), LevelsDocument(house.state));
  }
  if (house.firmware) Set(own.Of("update/firmware"), UpdateDocument(*house.firmware));
  if (house.model) Set(own.Of("update/model"), UpdateDocument(*house.model));
  std::string problem = ProblemOf(house.state);
  if (now_ms >= diagnostics_from_ms_ || problem != problem_) {
    diagnostics_from_ms_ = now_ms + kDiagnosticsMs;
    problem_ = std::move(problem);
    Set(own.Of("diagnostics"), DiagnosticsDocument(house.state, dropped_ + house.missed));
  }
  for (const std::string& topic : std::exchange(parts_->found, {})) {
    if (Find(topic) == nullptr && topic != own.Of("last_event")) Set(topic, "");
  }
  Set(own.availability(), kOnline);
  if (topics_.size() <= kMostTopics) return;
  std::erase_if(topics_, [](const Topic& topic) { return topic.wanted.empty() && !topic.due && topic.flight == 0; });
}

/// @return whether something has changed.
bool Link::Announce(const House& house) {
  Described described = Described::Of(house);
  if (parts_->described == described) return false;
  for (const std::string& topic : std::exchange(parts_->left, {})) Set(topic, "");
  if (parts_->described) {
    for (const HouseRule& rule : parts_->described->rules) {
      if (std::ranges::find(described.rules, rule.name, &HouseRule::name) != described.rules.end()) continue;
      Set(parts_->own.Rule(rule.name), "");
      Set(parts_->own.Armed(rule.name), "");
    }
  }
  parts_->described = std::move(described);
  const std::vector<Entity> entities = Entities(*parts_->described, parts_->own);
  std::set<EntityName>& gone = parts_->gone;
  while (gone.size() > kMostFound) gone.erase(gone.begin());
  gone.merge(std::exchange(parts_->announced, {}));
  const bool whole = parts_->discovery == Discovery::kDevice;
  for (const Entity& entity : entities) {
    parts_->announced.insert({entity.platform, entity.key});
    // A document names each key once.
    std::erase_if(gone, [&](const EntityName& name) {
      return name.second == entity.key && (whole || name.first == entity.platform);
    });
  }
  if (whole) {
    Set(parts_->device(), DeviceDocument(*parts_->described, entities, gone, parts_->own));
    return true;
  }
  for (const EntityName& name : gone) Set(parts_->Config(name), "");
  for (const Entity& entity : entities) {
    Set(parts_->Config({entity.platform, entity.key}), EntityDocument(*parts_->described, entity, parts_->own));
  }
  return true;
}

void Link::Switch(std::string_view rule, bool on) {
  const std::string topic = parts_->own.Rule(rule);
  if (Find(topic) != nullptr) Pulse(topic, on);
}

void Link::Add(Report report, int64_t now_ms, std::optional<int64_t> utc_ms) {
  last_report_ = report;
  ShowLastReport(now_ms, utc_ms);
  reports_.push_back({std::move(report)});
  if (reports_.size() <= kMostReports) return;
  reports_.pop_front();
  ++dropped_;
}

void Link::ShowLastReport(int64_t now_ms, std::optional<int64_t> utc_ms) {
  if (!parts_->described || !last_report_) return;
  Set(parts_->own.Of("last_event"), LastEventDocument({*last_report_, *parts_->described, now_ms, utc_ms}));
}

void Link::Set(const std::string& name, std::string payload) {
  Topic* topic = Find(name);
  if (topic == nullptr) {
    topic = &topics_.emplace_back(Topic{.name = name, .wanted = {}, .after = {}});
  } else if (topic->wanted == payload && !topic->after) {
    return;
  }
  topic->wanted = std::move(payload);
  topic->after.reset();
  topic->due = true;
}

/// A switch that is off again before it was told that it is on is told both, but not when that is long ago.
void Link::Pulse(const std::string& name, bool on) {
  Topic* const topic = Find(name);
  const bool untold = topic != nullptr && topic->due && topic->wanted == kOn && online_;
  if (untold && !on) {
    topic->after = kOff;
  } else {
    Set(name, on ? kOn : kOff);
  }
}

Link::Topic* Link::Find(std::string_view name) {
  const auto found = std::ranges::find(topics_, name, &Topic::name);
  return found == topics_.end() ? nullptr : &*found;
}

// --- What happens to the connection

void Link::Connected(int64_t now_ms) {
  Lost();
  online_ = true;
  look_until_ms_ = now_ms + kLookMs;
  for (std::string& topic : parts_->commands()) {
    subscriptions_.push_back({Step::Kind::kSubscribe, 0, {.topic = std::move(topic), .payload = {}}});
  }
  if (looked_) return;
  for (std::string& topic : parts_->looks()) {
    subscriptions_.push_back({Step::Kind::kSubscribe, 0, {.topic = std::move(topic), .payload = {}}});
  }
}

void Link::Lost() {
  online_ = false;
  subscriptions_.clear();
  for (Topic& topic : topics_) {
    topic.flight = 0;
    topic.due = true;
    if (topic.after) topic.wanted = *std::exchange(topic.after, std::nullopt);
  }
  for (Waiting& waiting : reports_) waiting.flight = 0;
}

void Link::Received(std::string_view topic, std::string_view payload, bool retained, int64_t now_ms) {
  if (!looked_) {
    if (retained) Look(topic, payload, now_ms);
  } else if (topic == parts_->status()) {
    if (payload != kOnline || retained) return;
    for (Topic& each : topics_) each.due = true;
  } else if (retained) {
    Complain(std::string(topic) + ": a retained command is none", now_ms);
  } else {
    Command(topic, payload, now_ms);
  }
}

void Link::Look(std::string_view topic, std::string_view payload, int64_t now_ms) {
  if (payload.empty()) return;
  const bool device_form = parts_->discovery == Discovery::kDevice;
  if (topic == parts_->device()) {
    if (!device_form) {
      parts_->left.emplace_back(topic);
    } else if (payload.size() > kMostPayloadBytes) {
      Complain(std::string(topic) + ": the " + std::to_string(payload.size()) + " bytes there are replaced unread",
               now_ms);
    } else {
      parts_->announced.merge(NamesIn(payload));
    }
  } else if (const auto name = parts_->NameOf(topic)) {
    if (parts_->left.size() + parts_->announced.size() >= kMostFound) return;
    if (device_form) {
      parts_->left.emplace_back(topic);
    } else {
      parts_->announced.insert(*name);
    }
  } else if (topic.starts_with(parts_->own.Of("")) && parts_->found.size() < kMostFound) {
    if (topic.ends_with("/set")) Complain(std::string(topic) + ": a retained command is none", now_ms);
    parts_->found.emplace(topic);
  }
}

void Link::Command(std::string_view topic, std::string_view payload, int64_t now_ms) {
  const Topics& own = parts_->own;
  if (topic == Topics::Set(own.Of("restart")) || topic == Topics::Set(own.Of("identify"))) {
    if (payload != kPress) return Complain(std::string(topic) + ": it takes PRESS and nothing else", now_ms);
    wishes_.push_back({topic == Topics::Set(own.Of("restart")) ? Wish::Kind::kRestart : Wish::Kind::kIdentify, {}});
    return;
  }
  const auto rule = Between(topic, own.Rule(""), "/armed/set");
  if (!rule && topic != Topics::Set(own.Of("mute"))) return;
  const auto on = AsSwitch(payload);
  if (!on) return Complain(std::string(topic) + ": it takes ON or OFF and nothing else", now_ms);
  wishes_.push_back({rule ? Wish::Kind::kArm : Wish::Kind::kMute, std::string(rule.value_or("")), *on});
  // Whoever asked is told how it is, also where nothing changes.
  if (Topic* const state = Find(topic.substr(0, topic.size() - std::string_view("/set").size()))) state->due = true;
}

void Link::Complain(std::string text, int64_t now_ms) {
  if (now_ms < complain_from_ms_) return;
  complain_from_ms_ = now_ms + kComplainMs;
  complaint_ = std::move(text);
}

void Link::Published(uint32_t id) {
  const auto topic = std::ranges::find(topics_, id, &Topic::flight);
  if (topic != topics_.end() && id != 0) topic->flight = 0;
  const auto report = std::ranges::find(reports_, id, &Waiting::flight);
  if (report == reports_.end() || id == 0) return;
  told_ = std::move(report->report);
  reports_.erase(report);
}

// --- What is to be done

std::optional<Step> Link::Next(int64_t now_ms, std::optional<int64_t> utc_ms) {
  if (!online_) return std::nullopt;
  if (!subscriptions_.empty()) {
    Step step = std::move(subscriptions_.front());
    subscriptions_.pop_front();
    return step;
  }
  if (!looked_) {
    if (now_ms < look_until_ms_) return std::nullopt;
    looked_ = true;
    for (std::string& topic : parts_->looks()) {
      subscriptions_.push_back({Step::Kind::kUnsubscribe, 0, {.topic = std::move(topic), .payload = {}}});
    }
    return Next(now_ms, utc_ms);
  }
  if (!parts_->described || InFlight() >= kMostInFlight) return std::nullopt;
  if (auto step = NextTopic()) return step;
  return NextReport(now_ms, utc_ms);
}

std::optional<Step> Link::NextTopic() {
  const std::string availability = parts_->own.availability();
  Topic* next = nullptr;
  for (Topic& topic : topics_) {
    if (!topic.due || topic.flight != 0) continue;
    if (next == nullptr || next->name == availability) next = &topic;  // it is available once all is told
  }
  if (next == nullptr) return std::nullopt;
  next->due = next->after.has_value();
  Step step = Publish({.topic = next->name, .payload = next->wanted}, next->flight);
  if (next->after) next->wanted = *std::exchange(next->after, std::nullopt);
  return step;
}

std::optional<Step> Link::NextReport(int64_t now_ms, std::optional<int64_t> utc_ms) {
  const auto waiting = std::ranges::find(reports_, 0u, &Waiting::flight);
  if (waiting == reports_.end()) return std::nullopt;
  std::string document = EventDocument({waiting->report, *parts_->described, now_ms, utc_ms});
  return Publish({.topic = parts_->own.Of("event"), .payload = std::move(document), .retain = false}, waiting->flight);
}

Step Link::Publish(Message message, uint32_t& flight) {
  flight = ++last_id_;
  return {Step::Kind::kPublish, flight, std::move(message)};
}

size_t Link::InFlight() const {
  const auto flies = [](const auto& each) { return each.flight != 0; };
  return static_cast<size_t>(std::ranges::count_if(topics_, flies) + std::ranges::count_if(reports_, flies));
}

std::vector<Report> Link::TakeReports() {
  std::vector<Report> reports;
  for (Waiting& waiting : std::exchange(reports_, {})) reports.push_back(std::move(waiting.report));
  return reports;
}

Message Link::will() const { return {.topic = parts_->own.availability(), .payload = kOffline}; }

}  // namespace home_link
