// SPDX-License-Identifier: Apache-2.0
// The pure core of home_link against its contract; the whole is tested with brokers and Home Assistant.
#include <algorithm>
#include <map>

#include "base/json_members.h"
#include "check.h"
#include "fake_services.h"
#include "home_link/link.h"

namespace {

using home_link::House;
using home_link::Link;
using home_link::Message;
using home_link::MqttSettings;
using home_link::Report;
using home_link::Step;
using home_link::Wish;

constexpr char kDevice[] = "homeassistant/device/dev/config";
constexpr char kRule[] = "yamnet/dev/rule/baby";
constexpr int64_t kNoon = 1'795'867'200'000;

House HouseWith(const std::vector<std::string>& names) {
  House house{.identity = {"dev", "Kitchen", "", "http://10.0.0.7/"}, .rules = {}, .armed = names, .state = {}};
  for (const std::string& name : names) house.rules.push_back({name, "The " + name, "sound"});
  house.state.watch.emplace();
  house.state.audio.emplace();
  house.state.audio->alive = true;
  return house;
}

Report ReportOf(const std::string& id, sound_events::EventKind kind, int64_t uptime_ms) {
  return {.id = id,
          .kind = kind,
          .rule = "baby",
          .start = {.uptime_ms = uptime_ms, .utc_ms = std::nullopt},
          .duration_s = 1,
          .reason = {},
          .peak = 0.75f,
          .mean = 0.5f,
          .level = -2050,
          .floor = -6000,
          .top = {{"Baby cry, infant cry", 0.75f}},
          .clip = "clip.wav"};
}

std::string Member(std::string_view json, std::string_view name) {
  return std::string(base::FindMember(json, name).value_or("missing"));
}

/// A core with a broker that keeps what is retained.
struct Bench {
  explicit Bench(const MqttSettings& settings = {}) : link("dev", settings) {}

  /// Does what is to be done until there is nothing more; the broker confirms all of it.
  void Run() {
    while (const auto step = link.Next(now_ms, utc_ms)) Do(*step, true);
  }

  void Do(const Step& step, bool confirm) {
    if (step.kind != Step::Kind::kPublish) {
      (step.kind == Step::Kind::kSubscribe ? subscribed : unsubscribed).push_back(step.message.topic);
      return;
    }
    sent.push_back(step.message);
    if (step.message.retain) kept[step.message.topic] = step.message.payload;
    if (confirm) link.Published(step.id);
  }

  void Connect() {
    link.Connected(now_ms);
    Run();
    for (const auto& [topic, payload] : std::map(kept)) link.Received(topic, payload, true, now_ms);
    now_ms += Link::kLookMs;
    Run();
    sent.clear();
  }

  void Show(const House& house) {
    link.Show(house, now_ms, utc_ms);
    Run();
  }

  std::vector<std::string> Sent(std::string_view topic) const {
    std::vector<std::string> payloads;
    for (const Message& message : sent) {
      if (message.topic == topic) payloads.push_back(message.payload);
    }
    return payloads;
  }

  bool Has(std::string_view part) const { return kept.at(kDevice).find(part) != std::string::npos; }

  Link link;
  int64_t now_ms = 5000;
  std::optional<int64_t> utc_ms;
  std::vector<Message> sent;
  std::map<std::string, std::string> kept;
  std::vector<std::string> subscribed;
  std::vector<std::string> unsubscribed;
};

// --- What is told

void AllIsToldAtFirstAndAvailableLast() {
  Bench bench;
  bench.Connect();
  CHECK(bench.subscribed.size() == 8 && bench.unsubscribed.size() == 3);
  CHECK(std::ranges::find(bench.subscribed, "yamnet/dev/rule/+/armed/set") != bench.subscribed.end());
  CHECK(std::ranges::find(bench.unsubscribed, "yamnet/dev/#") != bench.unsubscribed.end());
  bench.Show(HouseWith({"baby"}));
  CHECK(bench.sent.front().topic == kDevice);
  CHECK((bench.sent.back() == Message{.topic = "yamnet/dev/availability", .payload = "online"}));
  for (const Message& message : bench.sent) CHECK(message.retain && message.qos == 1, "%s", message.topic.c_str());
  CHECK(bench.kept.at(kRule) == "OFF" && bench.kept.at("yamnet/dev/rule/baby/armed") == "ON");
  CHECK(bench.kept.at("yamnet/dev/mute") == "OFF");
  CHECK(bench.Has(R"("uniq_id":"dev_rule_baby")") && bench.Has(R"("name":"The baby")"));
  CHECK(bench.Has(R"("o":{"name":)") && bench.Has(R"("ids":"dev")") && bench.Has(R"("cu":"http://10.0.0.7/")"));
  CHECK((bench.link.will() == Message{.topic = "yamnet/dev/availability", .payload = "offline"}));
  bench.sent.clear();
  bench.Show(HouseWith({"baby"}));
  CHECK(bench.sent.empty(), "nothing has changed");
}

void BothFormsOfDiscoverySayTheSame() {
  Bench device;
  device.Connect();
  device.Show(HouseWith({"baby"}));
  MqttSettings settings;
  settings.discovery = home_link::Discovery::kEntities;
  Bench entities(settings);
  entities.Connect();
  entities.Show(HouseWith({"baby"}));
  CHECK(!entities.kept.contains(kDevice));
  const std::string components = Member(device.kept.at(kDevice), "cmps");
  int count = 0;
  for (const auto& [topic, payload] : entities.kept) {
    if (!topic.starts_with("homeassistant/")) continue;
    ++count;
    const std::string platform = topic.substr(14, topic.find('/', 14) - 14);
    const std::string key = topic.substr(topic.find("/dev/") + 5, topic.rfind('/') - topic.find("/dev/") - 5);
    const std::string component = Member(components, key);
    CHECK(component.starts_with("{\"p\":\"" + platform + "\",\"name\""), "%s", topic.c_str());
    const std::string fields = component.substr(component.find(R"("name")"), std::string::npos);
    CHECK(payload.starts_with("{" + fields.substr(0, fields.size() - 1) + ","), "%s", payload.c_str());
    CHECK(Member(payload, "dev") == Member(device.kept.at(kDevice), "dev"));
    CHECK(Member(payload, "avty_t") == "\"yamnet/dev/availability\"");
  }
  CHECK(count == base::CountMembers(components) && count > 15);
}

void ATitleChangesNoUniqueId() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  House house = HouseWith({"baby"});
  house.rules[0].title = "Das Kind \"weint\" \xc3\xa4";
  bench.Show(house);
  CHECK(bench.Has(R"("name":"Das Kind \"weint\" \u00e4")") && bench.Has(R"("uniq_id":"dev_rule_baby")"));
  CHECK(!bench.Has(R"("The baby")"));
}

void AnEntityVanishesWithItsRule() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby", "dog"}));
  bench.Show(HouseWith({"dog"}));
  CHECK(bench.Has(R"("rule_baby":{"p":"binary_sensor"})") && bench.Has(R"("armed_baby":{"p":"switch"})"));
  CHECK(bench.kept.at(kRule).empty() && bench.kept.at("yamnet/dev/rule/baby/armed").empty());
  CHECK(bench.Has(R"("rule_dog":{"p":"binary_sensor","name")"));
  bench.Show(HouseWith({"baby", "dog"}));
  CHECK(bench.Has(R"("rule_baby":{"p":"binary_sensor","name")") && bench.kept.at(kRule) == "OFF");
}

void RulesThatComeAndGoForYearsDoNotAddUp() {
  for (const auto discovery : {home_link::Discovery::kDevice, home_link::Discovery::kEntities}) {
    MqttSettings settings;
    settings.discovery = discovery;
    Bench bench(settings);
    bench.Connect();
    for (int i = 0; i < 2000; ++i) bench.Show(HouseWith({"rule_" + std::to_string(i)}));
    bench.sent.clear();
    bench.link.Received("homeassistant/status", "online", false, bench.now_ms);
    bench.Run();
    CHECK(bench.sent.size() < 900, "%zu", bench.sent.size());
    if (discovery == home_link::Discovery::kDevice) CHECK(bench.kept.at(kDevice).size() < Link::kMostPayloadBytes);
    CHECK(bench.kept.at("yamnet/dev/rule/rule_7").empty() && bench.kept.at("yamnet/dev/rule/rule_1999") == "OFF");
  }
}

void WhatAnEarlierRunAnnouncedVanishesToo() {
  Bench before;
  before.Connect();
  before.Show(HouseWith({"baby", "dog"}));
  Bench after;
  after.kept = before.kept;
  after.kept["yamnet/dev/last_event"] = "{}";
  after.kept["yamnet/dev/rubbish/x"] = std::string(100'000, 'x');
  after.Connect();
  after.Show(HouseWith({"dog"}));
  CHECK(after.Has(R"("rule_baby":{"p":"binary_sensor"})"));
  CHECK(after.kept.at(kRule).empty() && after.kept.at("yamnet/dev/rubbish/x").empty());
  CHECK(after.kept.at("yamnet/dev/last_event") == "{}", "what was heard last is still what was heard last");
  Bench third;
  third.kept = after.kept;
  third.Connect();
  third.Show(HouseWith({"dog"}));
  CHECK(!third.Has("rule_baby"), "it is removed once, not for ever");
}

void OneFormReplacesTheOther() {
  MqttSettings entities;
  entities.discovery = home_link::Discovery::kEntities;
  Bench first;
  first.Connect();
  first.Show(HouseWith({"baby"}));
  Bench second(entities);
  second.kept = first.kept;
  second.Connect();
  second.Show(HouseWith({"dog"}));
  CHECK(second.sent.front().topic == kDevice && second.sent.front().payload.empty(), "before the new ones");
  Bench third;
  third.kept = second.kept;
  third.Connect();
  third.Show(HouseWith({"dog"}));
  CHECK(third.kept.at("homeassistant/binary_sensor/dev/rule_dog/config").empty());
  CHECK(third.Has("rule_dog"));
  Bench fourth(entities);
  fourth.kept["homeassistant/binary_sensor/dev/rule_baby/config"] = "{}";
  fourth.Connect();
  fourth.Show(HouseWith({"dog"}));
  CHECK(fourth.kept.at("homeassistant/binary_sensor/dev/rule_baby/config").empty());
}

void RetainedRubbishHarmsNothing() {
  const std::vector<std::string> rubbish = {"{",
                                            "[]",
                                            R"({"cmps":7})",
                                            R"({"cmps":{"a/b":{"p":"x","q":1}}})",
                                            R"({"cmps":{"mute":{"p":"light","name":"x"}}})",
                                            std::string(65536, 'x'),
                                            std::string("\0\xff", 2)};
  for (const std::string& payload : rubbish) {
    Bench bench;
    bench.kept[kDevice] = payload;
    bench.kept["yamnet/dev/restart/set"] = "PRESS";
    bench.kept["yamnet/dev/rule/baby/armed/set"] = "OFF";
    bench.Connect();
    CHECK(!bench.link.TakeComplaint().empty());
    bench.Show(HouseWith({"baby"}));
    CHECK(bench.link.TakeWishes().empty());
    CHECK(bench.kept.at("yamnet/dev/restart/set").empty());
    CHECK(base::CountMembers(Member(bench.kept.at(kDevice), "cmps")) > 15);
    CHECK(!bench.Has("a/b") && !bench.Has("light"));
  }
}

// --- The connection

void AllIsToldAgainAfterAReconnectAndWhenHomeAssistantStarts() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  const size_t all = bench.sent.size();
  bench.sent.clear();
  bench.link.Received("homeassistant/status", "offline", false, bench.now_ms);
  bench.link.Received("homeassistant/status", "online", true, bench.now_ms);
  bench.Run();
  CHECK(bench.sent.empty());
  bench.link.Received("homeassistant/status", "online", false, bench.now_ms);
  bench.Run();
  CHECK(bench.sent.size() == all && bench.sent.back().topic == "yamnet/dev/availability");
  bench.sent.clear();
  bench.subscribed.clear();
  bench.link.Lost();
  CHECK(!bench.link.Next(bench.now_ms, {}));
  bench.link.Connected(bench.now_ms);
  bench.Run();
  CHECK(bench.subscribed.size() == 5, "earlier runs have been looked at");
  CHECK(bench.sent.size() == all && bench.sent.back().topic == "yamnet/dev/availability");
}

void ASlowBrokerGetsTheLatestOnly() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  bench.sent.clear();
  House house = HouseWith({"baby"});
  house.state.muted = true;
  bench.link.Show(house, bench.now_ms, {});
  const auto first = bench.link.Next(bench.now_ms, {});
  CHECK(first && first->message.payload == "ON" && first->message.topic == "yamnet/dev/mute");
  for (int i = 0; i < 100; ++i) {
    house.state.muted = !house.state.muted;
    bench.link.Show(house, bench.now_ms, {});
    CHECK(!bench.link.Next(bench.now_ms, {}), "one message of a topic at a time");
  }
  house.state.muted = false;
  bench.link.Show(house, bench.now_ms, {});
  bench.link.Published(first->id);
  bench.Run();
  CHECK((bench.Sent("yamnet/dev/mute") == std::vector<std::string>{"OFF"}));
}

void SoManyAreOnTheirWayAndNoMore() {
  Bench bench;
  bench.Connect();
  std::vector<std::string> names;
  for (int i = 0; i < 32; ++i) names.push_back("rule_" + std::to_string(i));
  bench.link.Show(HouseWith(names), bench.now_ms, {});
  std::vector<Step> flying;
  while (auto step = bench.link.Next(bench.now_ms, {})) flying.push_back(*std::move(step));
  CHECK(flying.size() == Link::kMostInFlight);
  bench.link.Published(flying[3].id);
  CHECK(bench.link.Next(bench.now_ms, {}) && !bench.link.Next(bench.now_ms, {}));
  bench.link.Published(0);
  bench.link.Published(4'000'000);
  CHECK(!bench.link.Next(bench.now_ms, {}));
  bench.link.Lost();
  bench.link.Connected(bench.now_ms);
  bench.Run();
  CHECK(bench.kept.at(kDevice).size() < Link::kMostPayloadBytes, "%zu", bench.kept.at(kDevice).size());
}

// --- States and events

void AnEventSwitchesItsSensorAtOnceAndIsToldWhole() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  bench.sent.clear();
  bench.utc_ms = kNoon;
  bench.link.Switch("baby", true);
  bench.link.Add(ReportOf("0001-00001", sound_events::EventKind::kStart, bench.now_ms - 2000), bench.now_ms, kNoon);
  bench.Run();
  CHECK((bench.Sent(kRule) == std::vector<std::string>{"ON"}));
  const auto events = bench.Sent("yamnet/dev/event");
  CHECK(events.size() == 1 && bench.Sent("yamnet/dev/last_event").size() == 1);
  CHECK(Member(events[0], "event_type") == "\"start\"" && Member(events[0], "rule") == "\"baby\"");
  CHECK(Member(events[0], "title") == "\"The baby\"" && Member(events[0], "peak") == "0.7500");
  CHECK(Member(events[0], "utc") == "\"2026-11-28T11:59:58.000Z\"", "%s", Member(events[0], "utc").c_str());
  CHECK(Member(events[0], "top") == R"([{"class":"Baby cry, infant cry","p":0.7500}])");
  CHECK(Member(events[0], "clip_url") == R"("http://10.0.0.7/api/v1/clips/clip.wav")");
  CHECK(Member(events[0], "late") == "false" && Member(events[0], "level_dbfs") == "-20.50");
  for (const Message& message : bench.sent) CHECK(message.retain == (message.topic != "yamnet/dev/event"));
}

void AnEventThatEndsAtOnceIsSeenNonetheless() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  bench.sent.clear();
  bench.link.Switch("baby", true);
  bench.link.Switch("baby", false);
  bench.Show(HouseWith({"baby"}));
  CHECK((bench.Sent(kRule) == std::vector<std::string>{"ON", "OFF"}));
  bench.sent.clear();
  bench.link.Lost();
  bench.link.Switch("baby", true);
  bench.link.Switch("baby", false);
  bench.link.Connected(bench.now_ms);
  bench.Run();
  CHECK((bench.Sent(kRule) == std::vector<std::string>{"OFF"}), "no alarm that is long over");
}

void EventsWaitWhileOfflineAndTheOldestGo() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  bench.sent.clear();
  bench.link.Lost();
  for (int i = 0; i < 70; ++i) {
    bench.link.Add(ReportOf(std::to_string(i), sound_events::EventKind::kStart, bench.now_ms), bench.now_ms, {});
    bench.now_ms += 1000;
  }
  CHECK(bench.link.waiting() == Link::kMostReports && bench.link.dropped() == 6);
  bench.link.Connected(bench.now_ms);
  bench.utc_ms = kNoon;
  bench.Run();
  const auto events = bench.Sent("yamnet/dev/event");
  CHECK(events.size() == 64 && bench.link.waiting() == 0);
  CHECK(Member(events.front(), "id") == "\"6\"" && Member(events.back(), "id") == "\"69\"");
  CHECK(Member(events.front(), "utc") == "\"2026-11-28T11:58:56.000Z\"", "its own time, though the clock was not set");
  CHECK(Member(events.front(), "late") == "true" && Member(events.back(), "late") == "false");
  bench.now_ms += Link::kDiagnosticsMs;
  bench.Show(HouseWith({"baby"}));
  CHECK(Member(bench.kept.at("yamnet/dev/diagnostics"), "events_dropped") == "6");
}

void AnEventThatTheBrokerHasNotConfirmedIsSentAgain() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  for (const char* id : {"a", "b"})
    bench.link.Add(ReportOf(id, sound_events::EventKind::kStart, bench.now_ms), bench.now_ms, {});
  while (const auto step = bench.link.Next(bench.now_ms, {})) bench.Do(*step, step->message.retain);
  bench.link.Lost();
  bench.link.Connected(bench.now_ms);
  bench.sent.clear();
  bench.Run();
  CHECK(bench.Sent("yamnet/dev/event").size() == 2 && bench.link.waiting() == 0);
  CHECK(bench.link.TakeReports().empty());
}

void WhatADeviceHasIsAllThatIsAnnounced() {
  Bench bench;
  bench.Connect();
  House house = HouseWith({"baby"});
  bench.Show(house);
  CHECK(!bench.Has("rssi") && !bench.Has(R"("p":"update")"));
  house.state.network.emplace();
  house.state.network->kind = listening::NetworkKind::kWifi;
  house.state.network->ssid = "Home";
  house.state.network->rssi_dbm = -61;
  house.firmware = home_link::Updatable{"1.2.3", 40, "the one before was 1.2.2"};
  house.model = home_link::Updatable{"yamnet", std::nullopt, ""};
  bench.now_ms += Link::kDiagnosticsMs;
  bench.Show(house);
  CHECK(bench.Has(R"("rssi":{"p":"sensor")") && bench.Has(R"("firmware":{"p":"update")"));
  const std::string& diagnostics = bench.kept.at("yamnet/dev/diagnostics");
  CHECK(Member(diagnostics, "ssid") == R"("Home")" && Member(diagnostics, "rssi_dbm") == "-61");
  CHECK(bench.kept.at("yamnet/dev/update/firmware") ==
        R"({"installed_version":"1.2.3","latest_version":"1.2.3","in_progress":true,"update_percentage":40,)"
        R"("release_summary":"the one before was 1.2.2"})");
  const std::string& model = bench.kept.at("yamnet/dev/update/model");
  CHECK(Member(model, "in_progress") == "false" && Member(model, "update_percentage") == "null");
}

void WhatAnEarlierRunHeardIsLateAndHasItsOwnTime() {
  Bench bench;
  bench.utc_ms = kNoon;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  Report report = ReportOf("0001-00002", sound_events::EventKind::kStart, bench.now_ms);
  report.earlier = true;
  bench.link.Add(report, bench.now_ms, bench.utc_ms);
  report.start.utc_ms = kNoon - 3'600'000;
  bench.link.Add(report, bench.now_ms, bench.utc_ms);
  bench.Run();
  const std::vector<std::string> events = bench.Sent("yamnet/dev/event");
  CHECK(events.size() == 2 && Member(events[0], "utc") == "null" && Member(events[0], "late") == "true");
  CHECK(Member(events[1], "utc") == R"("2026-11-28T11:00:00.000Z")", "%s", events[1].c_str());
  const auto told = bench.link.TakeTold();
  CHECK(told && told->start.utc_ms == report.start.utc_ms && !bench.link.TakeTold());
}

void LevelsAndDiagnosticsHaveTheirPace() {
  Bench bench;
  bench.Connect();
  House house = HouseWith({"baby"});
  house.state.watch->floor_known = true;
  for (int i = 0; i < 121; ++i) {
    house.state.watch->level = -1000 - i;
    house.state.watch->floor = -6000;
    bench.Show(house);
    bench.now_ms += 1000;
  }
  CHECK(bench.Sent("yamnet/dev/levels").size() == 13, "%zu", bench.Sent("yamnet/dev/levels").size());
  CHECK(Member(bench.Sent("yamnet/dev/levels").back(), "level_dbfs") == "-11.20");
  const size_t told = bench.Sent("yamnet/dev/diagnostics").size();
  CHECK(told <= 3);
  house.state.audio->alive = false;
  bench.Show(house);
  CHECK(bench.Sent("yamnet/dev/diagnostics").size() == told + 1, "a problem is told at once");
  CHECK(Member(bench.kept.at("yamnet/dev/diagnostics"), "problem") == "\"no sound comes in\"");
}

// --- Commands

void CommandsBecomeWishesAndNothingElseDoes() {
  Bench bench;
  bench.Connect();
  bench.Show(HouseWith({"baby"}));
  bench.sent.clear();
  const auto receive = [&](const std::string& topic, const std::string& payload) {
    bench.link.Received("yamnet/dev/" + topic, payload, false, bench.now_ms);
  };
  receive("rule/baby/armed/set", "OFF");
  receive("mute/set", "ON");
  receive("restart/set", "PRESS");
  receive("identify/set", "PRESS");
  using Kind = Wish::Kind;
  CHECK((bench.link.TakeWishes() ==
         std::vector<Wish>{
             {Kind::kArm, "baby", false}, {Kind::kMute, "", true}, {Kind::kRestart, ""}, {Kind::kIdentify, ""}}));
  bench.Run();
  CHECK((bench.Sent("yamnet/dev/mute") == std::vector<std::string>{"OFF"}), "how it is until it is done");
  for (const std::string& payload :
       {std::string("on"), std::string(), std::string(65536, 'O'), std::string("ON\0", 3)}) {
    receive("mute/set", payload);
    receive("restart/set", payload);
  }
  receive("rule//armed/set", "ON");
  receive("rule/+/armed/set/x", "ON");
  receive("#", "ON");
  bench.link.Received("yamnet/other/mute/set", "ON", false, bench.now_ms);
  bench.link.Received("", "ON", false, bench.now_ms);
  bench.link.Received("yamnet/dev/mute/set", "ON", true, bench.now_ms);
  CHECK(bench.link.TakeWishes().empty());
  CHECK(bench.link.TakeComplaint() == "yamnet/dev/mute/set: it takes ON or OFF and nothing else");
  receive("mute/set", "x");
  CHECK(bench.link.TakeComplaint().empty(), "one line for many");
}

// --- Settings

void SettingsOutliveARestartAndWrongOnesAreRefused() {
  FakeServices services;
  home_link::HomeSettings settings(services);
  CHECK(!settings.mqtt().on && settings.mqtt().port == 1883);
  const std::string good =
      R"({"on":true,"host":"broker","port":8883,"user":"u","password":"secret","tls":true,"ca":"","fingerprint":")" +
      std::string("AB:").append(62, 'c') + R"(","discovery":"entities","discovery_prefix":"ha","topic_prefix":"a/b"})";
  const auto read = MqttSettings::Read(good, "");
  CHECK(read && read->fingerprint == "ab" + std::string(62, 'c'), "%s", read ? "" : read.error().message.c_str());
  CHECK(settings.Set(*read).has_value() && settings.revision() == 1);
  CHECK(home_link::HomeSettings(services).mqtt() == *read);
  services.room = 0;
  CHECK(!settings.Set({}) && settings.mqtt() == *read && settings.revision() == 1);
  const auto wrong = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto refused = MqttSettings::Read(text, "");
    CHECK(!refused, "%s", to.c_str());
    return refused.error().path;
  };
  CHECK(wrong(R"("host":"broker")", R"("host":"")") == "/host");
  CHECK(wrong(R"("host":"broker")", R"("host":"a b")") == "/host");
  CHECK(wrong("8883", "0") == "/port" && wrong("8883", "65536") == "/port" && wrong("8883", "1.5") == "/port");
  CHECK(wrong("AB:", "xy:") == "/fingerprint");
  CHECK(wrong(R"("tls":true)", R"("tls":1)") == "/tls");
  CHECK(wrong(R"("ca":"")", R"("ca":"x")") == "/ca");
  CHECK(wrong("entities", "both") == "/discovery");
  for (const char* prefix : {"a/+", "#", "", "/a", "a/", "$SYS", "a//b", "a b"}) {
    CHECK(wrong(R"("topic_prefix":"a/b")", "\"topic_prefix\":\"" + std::string(prefix) + "\"") == "/topic_prefix");
  }
  CHECK(wrong("secret", R"(\u0000)") == "/password");
  CHECK(wrong(R"("user":"u",)", "") == "/user");
  CHECK(wrong("host", "hosts") == "/hosts");
  services.room = 80'000;
  services.values["home_link/mqtt"] = {'{'};
  CHECK(!home_link::HomeSettings(services).mqtt().on && services.Logged("E mqtt: the stored settings are refused"));
}

}  // namespace

int main() {
  AllIsToldAtFirstAndAvailableLast();
  BothFormsOfDiscoverySayTheSame();
  ATitleChangesNoUniqueId();
  AnEntityVanishesWithItsRule();
  RulesThatComeAndGoForYearsDoNotAddUp();
  WhatAnEarlierRunAnnouncedVanishesToo();
  OneFormReplacesTheOther();
  RetainedRubbishHarmsNothing();
  AllIsToldAgainAfterAReconnectAndWhenHomeAssistantStarts();
  ASlowBrokerGetsTheLatestOnly();
  SoManyAreOnTheirWayAndNoMore();
  AnEventSwitchesItsSensorAtOnceAndIsToldWhole();
  AnEventThatEndsAtOnceIsSeenNonetheless();
  EventsWaitWhileOfflineAndTheOldestGo();
  AnEventThatTheBrokerHasNotConfirmedIsSentAgain();
  WhatADeviceHasIsAllThatIsAnnounced();
  WhatAnEarlierRunHeardIsLateAndHasItsOwnTime();
  LevelsAndDiagnosticsHaveTheirPace();
  CommandsBecomeWishesAndNothingElseDoes();
  SettingsOutliveARestartAndWrongOnesAreRefused();
}
