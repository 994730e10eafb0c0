// SPDX-License-Identifier: Apache-2.0
// The portable core of network against its contract: a clock that is moved by hand, and a radio that says what it is
// told to.
#include <algorithm>
#include <deque>
#include <random>

#include "check.h"
#include "fake_services.h"
#include "network/captive_dns.h"
#include "network/improv.h"
#include "network/station.h"

namespace {

using listening::LinkState;
using network::Improv;
using network::KnownNetwork;
using network::Radio;
using network::Seen;
using network::Station;
using network::Wifi;
using network::WifiSettings;
using Kind = Radio::Input::Kind;

KnownNetwork Named(const std::string& ssid) { return {.ssid = ssid, .password = "long enough", .static_address = {}}; }

class FakeRadio final : public Radio {
 public:
  void SetCountry(const std::string& code) override { country = code; }
  void Scan() override {
    CHECK(!joining, "a scan while a network is joined");
    ++scans;
    if (answers) inputs.push_back({.kind = Kind::kSeen, .text = {}, .seen = air});
  }
  void Join(const KnownNetwork& network) override {
    joined.push_back(network.ssid);
    joining = true;
    if (!answers) return;
    const bool there = std::ranges::find(air, network.ssid, &Seen::ssid) != air.end();
    Tell(there ? Input{.kind = Kind::kUp, .text = "10.0.0.7"} : Input{.kind = Kind::kDown, .text = "it is away"});
  }
  void Leave() override {
    ++left;
    joining = false;
    std::erase_if(inputs, [](const Input& input) { return input.kind != Kind::kSeen; });
  }
  std::expected<void, std::string> OpenSetup(const network::AccessPoint& point) override {
    CHECK(!joining, "opened while a network is joined");
    ++opened;
    if (!opens) return std::unexpected("no memory");
    setup = point.ssid;
    return {};
  }
  void CloseSetup() override { setup.clear(); }
  int guests() const override { return present; }
  std::optional<int> rssi_dbm() const override { return -50; }
  bool IsGuest(std::string_view peer) const override { return peer == "guest"; }
  std::string portal() const override { return "http://setup/"; }
  std::optional<Input> Poll() override {
    if (inputs.empty()) return std::nullopt;
    Input input = inputs.front();
    inputs.pop_front();
    return input;
  }

  void Tell(Input input) {
    joining = false;
    inputs.push_back(std::move(input));
  }
  void Lose() { Tell({.kind = Kind::kDown, .text = "its signal is gone"}); }

  std::vector<Seen> air;
  bool answers = true;
  bool opens = true;
  bool joining = false;
  int present = 0;
  int scans = 0;
  int left = 0;
  int opened = 0;
  std::string country;
  std::string setup;
  std::vector<std::string> joined;
  std::deque<Input> inputs;
};

struct Bench {
  explicit Bench(const std::vector<std::string>& known = {}) {
    services.random = 7;
    settings.emplace(services);
    Wifi wifi;
    for (const std::string& each : known) wifi.known.push_back(Named(each));
    CHECK(settings->Set(wifi).has_value());
    station.emplace(services, *settings, radio, "yamnet-1a2b");
  }

  /// Lets time pass in steps as the task has them.
  void Run(int64_t ms) {
    for (const int64_t end = services.now_us + ms * 1000; services.now_us < end; services.now_us += 100'000)
      station->Tick();
  }

  LinkState state() const { return station->status().state; }
  bool up() const { return state() == LinkState::kUp; }

  FakeServices services;
  FakeRadio radio;
  std::optional<WifiSettings> settings;
  std::optional<Station> station;
};

// --- The station

void TheStrongestKnownNetworkIsJoinedAndTheOthersAfterIt() {
  Bench bench({"weak", "strong", "hidden"});
  bench.radio.air = {{"weak", -80, true, 1}, {"strange", -20, true, 1}, {"strong", -40, true, 6}};
  bench.Run(1000);
  CHECK(bench.up() && bench.radio.joined == std::vector<std::string>{"strong"});
  CHECK(bench.station->status().address == "10.0.0.7" && bench.station->status().rssi_dbm == -50);
  CHECK(bench.radio.setup.empty(), "no access point while a network is known and joined");

  Bench silent({"weak", "strong", "hidden"});
  silent.radio.air = bench.radio.air;
  silent.radio.answers = false;
  silent.Run(200);
  silent.radio.inputs.push_back({.kind = Kind::kSeen, .text = {}, .seen = silent.radio.air});
  silent.Run(3 * Station::kJoinMs + 1000);
  CHECK((silent.radio.joined == std::vector<std::string>{"strong", "weak", "hidden"}));
  CHECK(silent.station->status().reason == "hidden cannot be joined: it does not answer", "%s",
        silent.station->status().reason.c_str());
}

void PausesGrowAndAreNotTheSameForAll() {
  Bench bench({"home"});
  bench.radio.air = {};
  std::vector<int64_t> attempts;
  for (size_t known = 0; attempts.size() < 8;) {
    bench.Run(100);
    if (bench.radio.joined.size() > known) attempts.push_back(bench.services.now_us / 1000);
    known = bench.radio.joined.size();
  }
  std::vector<int64_t> pauses;
  for (size_t i = 1; i < attempts.size(); ++i) pauses.push_back(attempts[i] - attempts[i - 1]);
  CHECK(std::ranges::is_sorted(pauses) && pauses.front() < 4000 && pauses.back() >= 60'000 && pauses.back() < 92'000);
  Bench other({"home"});
  other.services.random = 200;
  std::vector<int64_t> others;
  for (size_t known = 0; others.size() < 2;) {
    other.Run(100);
    if (other.radio.joined.size() > known) others.push_back(other.services.now_us / 1000);
    known = other.radio.joined.size();
  }
  CHECK(others[1] - others[0] != attempts[1] - attempts[0]);
}

void ALostNetworkIsJoinedAgainAndNothingIsForgotten() {
  Bench bench({"home"});
  bench.radio.air = {{"home", -50, true, 1}};
  bench.Run(1000);
  bench.radio.Lose();
  bench.Run(300);
  CHECK(!bench.up() && bench.station->status().reason == "home is lost: its signal is gone");
  CHECK(!bench.station->status().address && !bench.station->status().rssi_dbm);
  bench.Run(5000);
  CHECK(bench.up() && bench.station->status().reason.empty());
  CHECK(bench.settings->wifi().known.size() == 1);
}

void TheAccessPointIsOpenWhileNoneIsKnownAndWhenTheyAreAwayForMinutes() {
  Bench fresh;
  fresh.Run(300);
  CHECK(fresh.state() == LinkState::kSetup && fresh.radio.setup == "yamnet-1a2b");
  CHECK(fresh.station->IsGuest("guest") && !fresh.station->IsGuest("other"));

  Bench bench({"home"});
  bench.radio.air = {{"home", -50, true, 1}};
  bench.Run(10'000);
  bench.radio.air = {};
  bench.radio.Lose();
  bench.Run(Station::kAwayMs - 1000);
  CHECK(bench.radio.setup.empty() && !bench.station->IsGuest("guest"));
  bench.Run(5000);
  CHECK(bench.state() == LinkState::kSetup);
  bench.radio.air = {{"home", -50, true, 1}};
  for (int seconds = 0; !bench.up(); ++seconds) {
    CHECK(seconds < 100, "the known ones are tried on while it is open");
    bench.Run(1000);
  }
  CHECK(!bench.radio.setup.empty(), "who has just named a network hears of it");
  bench.Run(Station::kGraceMs);
  CHECK(bench.radio.setup.empty() && !bench.station->IsGuest("guest"));
}

void GuestsAreNotDisturbedOftenButNobodyKeepsTheDeviceAway() {
  Bench bench({"home"});
  bench.Run(Station::kAwayMs + 70'000);
  CHECK(bench.state() == LinkState::kSetup);
  bench.radio.present = 1;
  bench.Run(70'000);
  const int before = bench.radio.scans;
  bench.Run(Station::kGuestsPauseMs * 3);
  const int during = bench.radio.scans - before;
  CHECK(during >= 1 && during <= 3, "%d", during);
}

void AnAccessPointThatDoesNotOpenIsTriedAgain() {
  Bench bench;
  bench.radio.opens = false;
  bench.Run(300'000);
  CHECK(bench.radio.opened >= 4 && bench.radio.opened <= 6, "%d", bench.radio.opened);
  CHECK(bench.state() == LinkState::kDown && bench.services.Logged("no memory"));
}

void AWishIsTriedFirstAndKnownOnlyIfItWorks() {
  Bench bench({"home"});
  bench.radio.air = {{"home", -50, true, 1}, {"new", -60, true, 1}};
  bench.Run(1000);
  CHECK(bench.station->Join(Named("gone")).has_value());
  CHECK(bench.station->attempt().kind == Station::Attempt::Kind::kTrying);
  bench.Run(400);
  CHECK(bench.up() && bench.station->status().ssid == "home", "who has asked hears the answer yet");
  bench.Run(10'000);
  CHECK(bench.station->attempt().kind == Station::Attempt::Kind::kFailed);
  CHECK(bench.station->attempt().why == "gone cannot be joined: it is away");
  CHECK(bench.up() && bench.station->status().ssid == "home", "back where it was");
  CHECK(bench.settings->wifi().Find("gone") == nullptr);
  CHECK(bench.station->Join(Named("new")).has_value());
  bench.Run(10'000);
  CHECK(bench.station->attempt().kind == Station::Attempt::Kind::kJoined);
  CHECK(bench.up() && bench.station->status().ssid == "new");
  CHECK(bench.settings->wifi().known.size() == 2 && bench.settings->wifi().known[0].ssid == "new");
  CHECK(!bench.station->Join(Named("")).has_value());
  CHECK(!bench.station->Join({.ssid = "x", .password = "short", .static_address = {}}).has_value());
}

void AnAddressOnesOwnIsKeptWhenThePasswordChanges() {
  Bench bench;
  Wifi wifi;
  wifi.known = {Named("home")};
  wifi.known[0].static_address = network::StaticAddress{"10.0.0.7", "255.0.0.0", "", ""};
  CHECK(bench.settings->Set(wifi).has_value());
  bench.radio.air = {{"home", -50, true, 1}};
  bench.Run(2000);
  KnownNetwork changed = Named("home");
  changed.password = "another one";
  CHECK(bench.station->Join(changed).has_value());
  bench.Run(5000);
  const Wifi kept = bench.settings->wifi();
  CHECK(kept.known.size() == 1 && kept.known[0].password == "another one" && kept.known[0].static_address);
}

void WhatTheOwnerChangesIsFollowed() {
  Bench bench({"home"});
  bench.radio.air = {{"home", -50, true, 1}, {"other", -60, true, 1}};
  bench.Run(1000);
  CHECK(bench.radio.country == Wifi::kAnywhere);
  Wifi wifi = bench.settings->wifi();
  wifi.country = "DE";
  wifi.known.push_back(Named("other"));
  const int left = bench.radio.left;
  CHECK(bench.settings->Set(wifi).has_value());
  bench.Run(3000);
  CHECK(bench.up() && bench.radio.left == left && bench.radio.country == "DE", "what is joined may stay");
  wifi.known.erase(wifi.known.begin());
  CHECK(bench.settings->Set(wifi).has_value());
  bench.Run(400);
  CHECK(bench.up());
  bench.Run(5000);
  CHECK(bench.up() && bench.station->status().ssid == "other");
  wifi.known.clear();
  CHECK(bench.settings->Set(wifi).has_value());
  bench.Run(3000);
  CHECK(bench.state() == LinkState::kSetup);
}

void AScanAnswersWhateverTheStationDoes() {
  Bench bench({"home"});
  bench.radio.air = {{"home", -50, true, 1}, {"home", -30, true, 6}, {"", -10, true, 1}};
  bench.Run(1000);
  const uint32_t scan = bench.station->RequestScan();
  CHECK(!bench.station->Found(scan));
  bench.Run(200);
  CHECK((bench.station->Found(scan) == std::vector<Seen>{{"home", -30, true, 6}}));
  CHECK(bench.up());
  bench.radio.answers = false;
  const uint32_t lost = bench.station->RequestScan();
  bench.Run(Station::kScanMs + 200);
  CHECK(bench.station->Found(lost), "a radio that does not answer");
}

void WhatIsStoredDamagedIsSaidAndNothingIsKnown() {
  FakeServices services;
  services.random = 7;
  const std::string text = R"({"country":"DE","known":[{"ssid":""}]})";
  services.values["network/wifi"] = {text.begin(), text.end()};
  const WifiSettings settings(services);
  CHECK(settings.wifi() == Wifi{} && services.Logged("the stored networks are refused"));
  CHECK(!services.Logged("long enough"));
}

void NothingChangesThatCannotBeStored() {
  Bench bench({"home"});
  bench.services.room = 0;
  CHECK(!bench.settings->Set({}).has_value() && bench.settings->wifi().known.size() == 1);
  bench.radio.air = {{"new", -50, true, 1}};
  CHECK(bench.station->Join(Named("new")).has_value());
  bench.Run(10'000);
  CHECK(bench.station->attempt().kind == Station::Attempt::Kind::kFailed, "it would not be known after a restart");
  CHECK(bench.station->attempt().why.find("cannot be stored") != std::string::npos);
}

/// Whatever happens in whatever order: once the air is well again, the device is in it.
void ItComesBackFromWhateverHappens() {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](unsigned n) { return random() % n == 0; };
    Bench bench({"home", "other"});
    bench.services.random = static_cast<uint8_t>(7 + seed % 20);
    for (int step = 0; step < 300; ++step) {
      bench.radio.answers = !chance(4);
      bench.radio.opens = !chance(5);
      bench.radio.present = chance(3) ? 1 : 0;
      if (chance(3)) bench.radio.air = {};
      if (chance(3)) bench.radio.air = {{"home", -50, true, 1}, {"other", -40, true, 1}};
      if (chance(5) && bench.radio.joining)
        bench.radio.Tell({.kind = chance(2) ? Kind::kUp : Kind::kDown, .text = "x"});
      if (chance(5) && bench.up()) bench.radio.Lose();
      if (chance(9)) bench.radio.inputs.push_back({.kind = Kind::kSeen, .text = {}, .seen = bench.radio.air});
      if (chance(9)) CHECK(bench.station->Join(Named(chance(2) ? "home" : "gone")).has_value());
      if (chance(9)) (void)bench.station->RequestScan();
      bench.Run(chance(4) ? 40'000 : 700);
    }
    bench.radio.answers = bench.radio.opens = true;
    bench.radio.present = 0;
    bench.radio.air = {{"home", -50, true, 1}};
    bench.Run(600'000);
    CHECK(bench.up() && bench.radio.setup.empty(), "seed %u", seed);
  }
}

// --- Improv

std::string Packet(uint8_t type, const std::string& data) {
  std::string packet = std::string("IMPROV\x01") + static_cast<char>(type) + static_cast<char>(data.size()) + data;
  uint8_t sum = 0;
  for (const char byte : packet) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(byte));
  return packet + static_cast<char>(sum);
}

std::string Command(uint8_t command, const std::string& data = "") {
  return Packet(3, std::string{static_cast<char>(command), static_cast<char>(data.size())} + data);
}

std::string Strings(std::initializer_list<std::string> texts) {
  std::string data;
  for (const std::string& text : texts) data += static_cast<char>(text.size()) + text;
  return data;
}

struct Line {
  explicit Line(Bench& bench)
      : bench(bench),
        improv(*bench.station,
               {.firmware = "YAMNet", .version = "1.2", .chip = "chip", .url = [] { return "http://10.0.0.7/"; }}) {}

  /// @return what goes on to the console.
  std::string Send(std::string_view bytes) {
    std::string passed;
    for (const char byte : bytes) passed += improv.Push(byte, bench.services.now_us / 1000);
    return passed;
  }
  std::string Poll() { return improv.Poll(bench.services.now_us / 1000); }
  std::string Ask(const std::string& packet) {
    CHECK(Send(packet + "\n") == "\n");
    return Poll();
  }

  Bench& bench;
  Improv improv;
};

std::string Told(uint8_t type, const std::string& data) { return Packet(type, data) + "\n"; }
std::string State(char state) { return Told(1, {state}); }
std::string Failed(char code) { return Told(2, {code}); }
std::string Result(uint8_t command, std::initializer_list<std::string> texts) {
  const std::string data = Strings(texts);
  return Told(4, std::string{static_cast<char>(command), static_cast<char>(data.size())} + data);
}

void ImprovNamesANetworkAndTellsWhereThePageIs() {
  Bench bench;
  bench.radio.air = {{"home", -50, true, 1}, {"open", -60, false, 1}};
  bench.Run(300);
  Line line(bench);
  CHECK(line.Ask(Command(2)) == State(2));
  CHECK(line.Ask(Command(3)) == Result(3, {"YAMNet", "1.2", "chip", "yamnet-1a2b"}));
  CHECK(line.Ask(Command(7)) == Result(7, {"2"}));
  CHECK(line.Ask(Command(4)).empty());
  bench.Run(200);
  CHECK(line.Poll() == Result(4, {"home", "-50", "YES"}) + Result(4, {"open", "-60", "NO"}) + Result(4, {}));
  CHECK(line.Ask(Command(1, Strings({"away", "long enough"}))) == State(3));
  bench.Run(2000);
  CHECK(line.Poll() == Failed(3) + State(2));
  CHECK(bench.settings->wifi().known.empty());
  CHECK(line.Ask(Command(1, Strings({"home", "long enough"}))) == State(3));
  bench.Run(2000);
  CHECK(line.Poll() == State(4) + Result(1, {"http://10.0.0.7/"}));
  CHECK(line.Ask(Command(2)) == State(4) + Result(2, {"http://10.0.0.7/"}));
  CHECK(line.Ask(Command(7)) == Result(7, {"3", "http://10.0.0.7/"}));
  bench.radio.air = {};
  bench.radio.Lose();
  bench.Run(300);
  CHECK(line.Poll() == State(2), "a client is told what changes");
  bench.Run(Improv::kClientMs);
  bench.radio.air = {{"home", -50, true, 1}};
  CHECK(line.Poll().empty());
  bench.Run(100'000);
  CHECK(bench.up() && line.Poll().empty(), "but not for ever");
}

void WrongPacketsAreRefused() {
  Bench bench;
  Line line(bench);
  std::string damaged = Command(2);
  damaged.back() = static_cast<char>(damaged.back() + 1);
  CHECK(line.Ask(damaged) == Failed(1));
  CHECK(line.Ask(Command(9)) == Failed(2));
  CHECK(line.Ask(Packet(3, "")) == Failed(1) && line.Ask(Packet(3, "\x02\x05")) == Failed(1));
  CHECK(line.Ask(Command(1, "\x20home")) == Failed(1) && line.Ask(Command(1, Strings({"home"}))) == Failed(1));
  CHECK(line.Ask(Command(1, Strings({"home", "long enough", "x"}))) == Failed(1));
  CHECK(line.Ask(Command(1, Strings({"home", "short"}))) == Failed(3));
  CHECK(line.Ask(Packet(1, "\x02")).empty(), "what devices say is nothing for one");
}

void TheConsolesLinesPassAndHalfPacketsDoNotLast() {
  Bench bench;
  Line line(bench);
  for (const std::string text : {"@info\n", "@x IMPROV\n", "IMPROVIMPROV\x02\n", "IIMPROV\n", "\r\n\n", "IMPRO\n"})
    CHECK(line.Send(text) == text, "%s", text.c_str());
  CHECK(line.Send("@to" + Command(2) + "ken\n") == "@token\n", "a packet in the middle of a line");
  CHECK(line.Poll() == State(2));
  CHECK(line.Send(Command(1, Strings({"home", "long enough"})).substr(0, 20)).empty());
  bench.services.now_us += Improv::kHalfPacketMs * 1000;
  CHECK(line.Poll().empty() && line.Send("@info\n") == "@info\n");
  std::mt19937 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const std::string_view magic = "IMPROV\x01\x03\x02";
    (void)line.Send(std::string{random() % 3 == 0 ? static_cast<char>(random()) : magic[random() % magic.size()]});
    if (random() % 50 == 0) (void)line.Poll();
  }
}

// --- DNS

std::vector<uint8_t> Query(const std::string& name, uint8_t type) {
  std::vector<uint8_t> query = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
  query.insert(query.end(), name.begin(), name.end());
  query.insert(query.end(), {0, 0, type, 0, 1});
  return query;
}

void EveryNameHasTheDevicesAddress() {
  const std::array<uint8_t, 4> address = {192, 168, 217, 1};
  const auto query = Query("\7captive\5apple\3com", 1);
  const auto answer = network::AnswerDns(query, address);
  CHECK(answer.size() == query.size() + 16);
  CHECK(answer[0] == 0x12 && answer[1] == 0x34 && answer[2] == 0x85 && answer[3] == 0x80 && answer[7] == 1);
  CHECK(std::equal(address.begin(), address.end(), answer.end() - 4));
  const auto none = network::AnswerDns(Query("\7captive\5apple\3com", 28), address);
  CHECK(none.size() == query.size() && none[7] == 0 && none[3] == 0x80, "there is no IPv6 address");
  auto with_more = query;
  with_more.insert(with_more.end(), {0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0});  // EDNS
  with_more[11] = 1;
  CHECK(network::AnswerDns(with_more, address).size() == answer.size());
  for (size_t size = 0; size < query.size(); ++size)
    CHECK(network::AnswerDns(std::span(query).first(size), address).empty(), "%zu", size);
  auto wrong = query;
  wrong[2] |= 0x80;
  CHECK(network::AnswerDns(wrong, address).empty(), "an answer is no question");
  CHECK(network::AnswerDns(Query("\xc0\x0c", 1), address).empty(), "a pointer");
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    auto bytes = query;
    for (int n = 0; n < 4; ++n) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    bytes.resize(random() % 600, static_cast<uint8_t>(random()));
    const auto said = network::AnswerDns(bytes, address);
    CHECK(said.size() <= network::kMostDnsBytes + 16);
  }
}

void AHostnameEndsWithTheAddress() {
  CHECK(network::HostnameOf(std::to_array<uint8_t>({1, 2, 3, 4, 0x0a, 0xff})) == "yamnet-0aff");
}

}  // namespace

int main() {
  TheStrongestKnownNetworkIsJoinedAndTheOthersAfterIt();
  PausesGrowAndAreNotTheSameForAll();
  ALostNetworkIsJoinedAgainAndNothingIsForgotten();
  TheAccessPointIsOpenWhileNoneIsKnownAndWhenTheyAreAwayForMinutes();
  GuestsAreNotDisturbedOftenButNobodyKeepsTheDeviceAway();
  AnAccessPointThatDoesNotOpenIsTriedAgain();
  AWishIsTriedFirstAndKnownOnlyIfItWorks();
  AnAddressOnesOwnIsKeptWhenThePasswordChanges();
  WhatTheOwnerChangesIsFollowed();
  AScanAnswersWhateverTheStationDoes();
  WhatIsStoredDamagedIsSaidAndNothingIsKnown();
  NothingChangesThatCannotBeStored();
  ItComesBackFromWhateverHappens();
  ImprovNamesANetworkAndTellsWhereThePageIs();
  WrongPacketsAreRefused();
  TheConsolesLinesPassAndHalfPacketsDoNotLast();
  EveryNameHasTheDevicesAddress();
  AHostnameEndsWithTheAddress();
}
