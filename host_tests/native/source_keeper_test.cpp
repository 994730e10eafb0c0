// SPDX-License-Identifier: Apache-2.0
// A microphone that does not open, dies and comes back, on a clock of the test's own.
#include "audio_input/source_keeper.h"

#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "base/sample_rate.h"
#include "check.h"

namespace {

using audio_input::AudioSource;
using audio_input::SourceKeeper;
using Kind = audio_input::SourceState::Kind;

struct World {
  int64_t now_ms = 0;
  bool opens = true;
  bool mute = false;    ///< Zeros come.
  bool silent = false;  ///< Nothing comes.
  bool breaks = false;  ///< Reading fails.
  bool ends = false;
  std::vector<int64_t> attempts_ms;
  int closed = 0;
};

class FakeMicrophone final : public AudioSource {
 public:
  explicit FakeMicrophone(World& world, const char* board) : world_(world), board_(board) {}

  std::expected<void, std::string> Open() override {
    world_.attempts_ms.push_back(world_.now_ms);
    if (!world_.opens) return std::unexpected("no ES7210 answers");
    return {};
  }
  void Close() override { ++world_.closed; }
  std::expected<Chunk, std::string> Read(std::span<int16_t> pcm) override {
    if (world_.breaks) return std::unexpected("I2S: broken");
    if (world_.ends) return Chunk{.samples = 0, .ended = true};
    if (world_.silent) {
      world_.now_ms += audio_input::kDeadAfterMs;
      return Chunk{.samples = 0};
    }
    world_.now_ms += 1000 * static_cast<int64_t>(pcm.size()) / base::kSampleRateHz;
    if (world_.mute) {
      std::ranges::fill(pcm, int16_t{0});
    } else {
      std::iota(pcm.begin(), pcm.end(), int16_t{1});
    }
    return Chunk{.samples = pcm.size()};
  }
  bool real_time() const override { return true; }
  const char* source() const override { return "fake"; }
  const char* board() const override { return board_; }
  float gain_db() const override { return 0.0f; }

 private:
  World& world_;
  const char* board_;
};

struct Setup {
  explicit Setup(const char* board = "board")
      : keeper(std::make_unique<FakeMicrophone>(world, board), [this] { return world.now_ms; }) {}

  /// As the capture task does it, for so long; counts what it was told.
  void Run(int64_t ms) {
    for (const int64_t end_ms = world.now_ms + ms; world.now_ms < end_ms;) {
      const SourceKeeper::Heard heard = keeper.Read(pcm);
      samples += heard.samples;
      opened += heard.opened ? 1 : 0;
      news += heard.news ? 1 : 0;
      CHECK(heard.samples > 0 || heard.opened || heard.pause_ms > 0 || heard.news, "it would spin");
      world.now_ms += heard.pause_ms;
    }
  }

  World world;
  SourceKeeper keeper;
  std::array<int16_t, 320> pcm{};
  size_t samples = 0;
  int opened = 0;
  int news = 0;
};

void AMicrophoneThatDoesNotOpenIsTriedAgainAfterGrowingPauses() {
  Setup setup;
  setup.world.opens = false;
  setup.Run(200'000);
  const std::vector<int64_t> expected{0, 1000, 3000, 7000, 15'000, 31'000, 63'000, 123'000, 183'000};
  CHECK(setup.world.attempts_ms == expected);
  CHECK(setup.keeper.state().kind == Kind::kWaiting);
  CHECK(setup.keeper.state().failures == expected.size());
  CHECK(setup.keeper.state().error == "no ES7210 answers");
  CHECK(setup.keeper.state().pause_ms == 60'000);
  CHECK(setup.news == static_cast<int>(expected.size()), "each attempt is told");

  setup.world.opens = true;
  setup.Run(70'000);
  CHECK(setup.opened == 1);
  CHECK(setup.samples > 0);
  CHECK(setup.keeper.state().kind == Kind::kOpen);
  CHECK(setup.keeper.state().failures == 0, "it works again");
}

void ADeadMicrophoneIsClosedAndTriedAgainTheSameWay() {
  Setup setup;
  setup.Run(30'000);
  CHECK(setup.keeper.state().kind == Kind::kOpen && setup.world.attempts_ms.size() == 1);
  setup.world.mute = true;
  const int64_t muted_ms = setup.world.now_ms;
  setup.Run(120'000);
  // It opens each time and stays mute, which takes two seconds to see.
  std::vector<int64_t> pauses_ms;
  for (size_t i = 1; i < setup.world.attempts_ms.size(); ++i) {
    const int64_t before_ms = i == 1 ? muted_ms : setup.world.attempts_ms[i - 1];
    pauses_ms.push_back(setup.world.attempts_ms[i] - before_ms - audio_input::kDeadAfterMs);
  }
  const std::vector<int64_t> expected{1000, 2000, 4000, 8000, 16'000, 32'000};
  CHECK(pauses_ms.size() >= expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(pauses_ms[i] >= expected[i] && pauses_ms[i] <= expected[i] + 40, "%d", static_cast<int>(pauses_ms[i]));
  }
  CHECK(setup.keeper.state().error == "all zeros");
  CHECK(setup.world.closed >= 6);

  setup.world.mute = false;
  setup.Run(80'000);
  CHECK(setup.keeper.state().kind == Kind::kOpen);
  setup.world.silent = true;
  setup.Run(1);
  CHECK(setup.keeper.state().kind == Kind::kDead);
  CHECK(setup.keeper.state().error == "no data");
  CHECK(setup.keeper.state().failures == 1);
  CHECK(setup.keeper.state().pause_ms == 1000, "it had worked: pauses start over");
}

void AnErrorOfTheDriverIsADeath() {
  Setup setup;
  setup.Run(1000);
  setup.world.breaks = true;
  setup.Run(60);
  CHECK(setup.keeper.state().kind == Kind::kDead);
  CHECK(setup.keeper.state().error == "I2S: broken");
}

void WhatIsOpenForLongBeforeItIsReadIsNotDead() {
  Setup setup;
  setup.keeper.Read({});  // opens
  setup.world.now_ms += 60'000;
  setup.world.mute = true;
  setup.keeper.Read(setup.pcm);
  CHECK(setup.keeper.state().kind == Kind::kOpen);
}

void ARecordingMayBeMuteAndEndsOnce() {
  Setup setup("");
  setup.world.mute = true;
  setup.Run(60'000);
  CHECK(setup.keeper.state().kind == Kind::kOpen && setup.world.closed == 0);
  setup.world.ends = true;
  CHECK(setup.keeper.Read(setup.pcm).ended);
  CHECK(setup.keeper.state().kind == Kind::kOpen);
}

void WhatIsClosedIsReadAgainAtOnce() {
  Setup setup;
  setup.Run(500);
  const size_t heard = setup.samples;
  setup.keeper.Close();
  CHECK(setup.world.closed == 1 && setup.keeper.state().kind == Kind::kClosed);
  setup.keeper.Close();
  CHECK(setup.world.closed == 1, "it is closed once");
  setup.world.now_ms += 3'600'000;
  setup.Run(500);
  CHECK(setup.keeper.state().kind == Kind::kOpen && setup.samples > heard && setup.opened == 2);

  setup.world.opens = false;
  setup.world.breaks = true;
  setup.Run(100'000);  // its pauses have grown
  setup.keeper.Close();
  setup.world.opens = true;
  setup.world.breaks = false;
  setup.Run(100);
  CHECK(setup.keeper.state().kind == Kind::kOpen, "what failed before does not delay it");
}

}  // namespace

int main() {
  AMicrophoneThatDoesNotOpenIsTriedAgainAfterGrowingPauses();
  ADeadMicrophoneIsClosedAndTriedAgainTheSameWay();
  AnErrorOfTheDriverIsADeath();
  WhatIsOpenForLongBeforeItIsReadIsNotDead();
  ARecordingMayBeMuteAndEndsOnce();
  WhatIsClosedIsReadAgainAtOnce();
}
