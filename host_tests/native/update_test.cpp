// SPDX-License-Identifier: Apache-2.0
// update_test MODEL_A MODEL_B APP_A APP_B: images as the tools make them, small ones; test_update.py brings them.
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "check.h"
#include "fake_services.h"
#include "nor_flash.h"
#include "update/updates.h"

namespace {

using native_tests::NorFlash;
using update::Kind;

using Image = std::vector<uint8_t>;

constexpr uint32_t kSectorBytes = clip_store::FlashDevice::kSectorBytes;
constexpr uint32_t kAppSectors = 24;
constexpr size_t kPiece = 1000;  // no divisor of a sector
constexpr uint32_t kTears = 6;

/// Settings that stay what they are once the power is gone.
class PoweredServices final : public listening::Services, public listening::Settings {
 public:
  explicit PoweredServices(FakeServices& kept) : kept_(kept) {}
  std::vector<NorFlash*> flash;
  /// The power fails before the n-th value from now on is stored (0: the next), and after it where `late`.
  int cut_at = -1;
  bool late = false;

  std::unique_ptr<base::Lock> MakeLock() override { return kept_.MakeLock(); }
  listening::Settings& settings() override { return *this; }
  int64_t UptimeUs() const override { return 0; }
  std::optional<int64_t> UtcUs() const override { return std::nullopt; }
  int MinuteOfDay() const override { return -1; }
  std::expected<void, std::string> SetUtc(int64_t) override { return {}; }
  void SetClock(std::string_view, std::string_view, std::string_view) override {}
  void FillRandom(std::span<uint8_t>) override {}
  void Log(listening::LogLevel level, const char* tag, std::string_view text) override { kept_.Log(level, tag, text); }
  void Describe(listening::DeviceState&) const override {}

  std::vector<uint8_t> Load(const char* key) override { return kept_.Load(key); }
  std::expected<void, std::string> Store(const char* key, std::span<const uint8_t> value) override {
    const bool cut = cut_at >= 0 && cut_at-- == 0;
    if (off() || (cut && !late)) return lost_ = true, std::unexpected("no power");
    const auto stored = kept_.Store(key, value);
    lost_ = lost_ || cut;
    return stored;
  }
  std::expected<void, std::string> Forget(const char* key) override {
    if (off()) return std::unexpected("no power");
    return kept_.Forget(key);
  }
  bool off() const {
    for (const NorFlash* each : flash) {
      if (each->lost_power()) return true;
    }
    return lost_;
  }

 private:
  FakeServices& kept_;
  bool lost_ = false;
};

/// otadata: one value that is the old or the new one.
struct Otadata {
  int active = 0;
  bool trial = false, other_failed = false;
};

class Apps final : public update::AppSlots {
 public:
  Apps(NorFlash& first, NorFlash& second, Otadata& otadata, const PoweredServices& power)
      : slots_{&first, &second}, otadata_(otadata), power_(power) {}
  std::string running_name() const override { return "ota_" + std::to_string(otadata_.active); }
  clip_store::FlashDevice& running() override { return *slots_[running_]; }
  clip_store::FlashDevice* other() override { return slots_[1 - running_]; }
  bool on_trial() const override { return otadata_.trial; }
  bool other_failed() const override { return otadata_.other_failed; }
  std::expected<void, std::string> StartOther() override {
    if (power_.off()) return std::unexpected("no power");
    otadata_ = {1 - running_, true, false};
    return {};
  }

 private:
  NorFlash* slots_[2];
  Otadata& otadata_;
  const PoweredServices& power_;
  int running_ = otadata_.active;
};

/// All that a board has of it that outlives a restart.
struct Board {
  Board(const Image& model, const Image& app)
      : models{NorFlash(static_cast<uint32_t>(model.size() / kSectorBytes)),
               NorFlash(static_cast<uint32_t>(model.size() / kSectorBytes))},
        apps{NorFlash(kAppSectors), NorFlash(kAppSectors)} {
    models[0].content() = model;
    std::ranges::copy(app, apps[0].content().begin());
  }
  NorFlash models[2];
  NorFlash apps[2];
  Otadata otadata;
  FakeServices kept;

  std::vector<NorFlash*> all() { return {&models[0], &models[1], &apps[0], &apps[1]}; }
};

class NoSignatures final : public update::SignatureCheck {
 public:
  bool Fits(const update::OwnerKey&, const update::Digest&, const update::Signature&) override { return false; }
};

/// A start of it.
struct Run {
  explicit Run(Board& board, bool second_model = true)
      : power(board.kept), apps(board.apps[0], board.apps[1], board.otadata, power), board(board) {
    for (NorFlash* flash : board.all()) flash->Reboot();
    power.flash = board.all();
    update::Updates::Places places;
    places.apps = &apps;
    places.model = &board.models[0];
    places.second_model = second_model ? &board.models[1] : nullptr;
    places.no_second_model = second_model ? "" : "there is no second slot";
    places.signatures = &signatures;
    updates.emplace(power, places);
    slot = updates->ChooseModel();
  }

  update::Result<void> Send(Kind kind, const Image& image, std::string digest = "", std::string signature = "") {
    auto upload = updates->Begin({kind, image.size(), std::move(digest), std::move(signature)});
    if (!upload) return std::unexpected(upload.error());
    for (size_t at = 0; at < image.size(); at += kPiece) {
      const auto piece = std::span(image).subspan(at, std::min(kPiece, image.size() - at));
      if (auto taken = (*upload)->Take(piece); !taken) return taken;
    }
    return (*upload)->Finish();
  }

  PoweredServices power;
  Apps apps;
  NoSignatures signatures;
  Board& board;
  std::optional<update::Updates> updates;
  int slot = 0;
};

std::string NameIn(NorFlash& slot) {
  const auto info = update::CheckModel(slot);
  CHECK(info.has_value(), "%s", info.error().message.c_str());
  return info->name;
}

std::string VersionOf(NorFlash& slot) {
  const auto info = update::ReadFirmware(slot);
  CHECK(info.has_value(), "%s", info.error().message.c_str());
  update::FirmwareCheck check(info->bytes);
  CHECK(check.Take(std::span(slot.content()).first(info->bytes)).has_value());
  CHECK(check.Finish().has_value());
  return info->version;
}

struct Images {
  Image model_a, model_b, app_a, app_b;
};

/// What changes flash while B is taken on a board that holds A, and A of before in its other slot if `used`.
uint64_t OperationsOf(Kind kind, const Images& images, bool used) {
  Board board(images.model_a, images.app_a);
  if (used) {
    board.models[1].content() = images.model_a;
    std::ranges::copy(images.app_a, board.apps[1].content().begin());
  }
  Run run(board);
  NorFlash& spare = kind == Kind::kModel ? board.models[1] : board.apps[1];
  const uint64_t before = spare.operations();
  CHECK(run.Send(kind, kind == Kind::kModel ? images.model_b : images.app_b).has_value());
  return spare.operations() - before;
}

void CutsInTheSlotLeaveOldOrNew(const Images& images) {
  for (const bool used : {false, true}) {
    for (const Kind kind : {Kind::kModel, Kind::kFirmware}) {
      const bool model = kind == Kind::kModel;
      const uint64_t operations = OperationsOf(kind, images, used);
      CHECK(operations > 10);
      for (uint64_t cut = 0; cut < operations; ++cut) {
        for (uint32_t tear = 0; tear < kTears; ++tear) {
          Board board(images.model_a, images.app_a);
          if (used) {
            board.models[1].content() = images.model_a;
            std::ranges::copy(images.app_a, board.apps[1].content().begin());
          }
          {
            Run run(board);
            (model ? board.models[1] : board.apps[1]).CutAt(cut, 1000 * tear + static_cast<uint32_t>(cut));
            CHECK(!run.Send(kind, model ? images.model_b : images.app_b).has_value());
          }
          Run run(board);
          CHECK(run.slot == 0 && board.otadata.active == 0, "cut %d", static_cast<int>(cut));
          CHECK(NameIn(board.models[0]) == "a" && VersionOf(board.apps[0]) == "1.0");
          CHECK(!run.updates->JudgeModel(true, ""));
          const auto again = run.Send(kind, model ? images.model_b : images.app_b);
          CHECK(again.has_value(), "%s", again.error().message.c_str());
          CHECK(model ? NameIn(board.models[1]) == "b" : VersionOf(board.apps[1]) == "2.0");
        }
      }
      std::printf("%s, other slot %s: %d cuts in each of %d ways\n", listening::UpdateKindName(kind),
                  used ? "used" : "blank", static_cast<int>(operations), static_cast<int>(kTears));
    }
  }
}

void CutsInTheSettingsLeaveOldOrNew(const Images& images) {
  for (const Kind kind : {Kind::kModel, Kind::kFirmware}) {
    for (int cut = 0; cut < 3; ++cut) {
      for (const bool late : {false, true}) {
        Board board(images.model_a, images.app_a);
        {
          Run run(board);
          run.power.cut_at = cut;
          run.power.late = late;
          (void)run.Send(kind, kind == Kind::kModel ? images.model_b : images.app_b);
        }
        Run run(board);
        CHECK(NameIn(board.models[run.slot]) == (run.slot == 0 ? "a" : "b"));
        CHECK(VersionOf(board.apps[board.otadata.active]) == (board.otadata.active == 0 ? "1.0" : "2.0"));
        if (kind == Kind::kModel && cut == 0) CHECK(run.slot == (late ? 1 : 0));
        CHECK(!run.updates->JudgeModel(true, ""));
        CHECK(!run.updates->state().model_on_trial);
      }
    }
  }
}

/// Of the starts after an update: the first is cut off while the choice is stored.
void CutsInTheTrialLeaveOldOrNew(const Images& images) {
  for (const bool works : {true, false}) {
    for (int cut = 0; cut < 3; ++cut) {
      for (const bool late : {true, false}) {
        Board board(images.model_a, images.app_a);
        CHECK(Run(board).Send(Kind::kModel, images.model_b).has_value());
        {
          FakeServices kept_before = board.kept;
          Run run(board);
          run.power.cut_at = cut;
          run.power.late = late;
          (void)run.updates->JudgeModel(works, "self-test failed");
        }
        bool again = true;
        for (int start = 0; again; ++start) {
          CHECK(start < 4);
          Run run(board);
          const bool is_b = NameIn(board.models[run.slot]) == "b";
          again = run.updates->JudgeModel(works || !is_b, "self-test failed");
          if (!again) CHECK(is_b == works);
        }
      }
    }
  }
}

void AModelThatFailsGoesBack(const Images& images) {
  Board board(images.model_a, images.app_a);
  CHECK(Run(board).Send(Kind::kModel, images.model_b).has_value());
  {
    Run run(board);
    CHECK(run.slot == 1 && run.updates->state().model_on_trial);
    CHECK(run.updates->JudgeModel(false, "self-test: 3 of 521 outputs differ"));
  }
  {
    Run run(board);
    CHECK(run.slot == 0 && !run.updates->state().model_on_trial);
    CHECK(!run.updates->JudgeModel(true, ""));
    const std::string last = run.updates->state().last;
    CHECK(last.contains("model b") && last.contains("3 of 521 outputs differ") && last.contains("is back"), "%s",
          last.c_str());
  }
  // One whose starts never come to a verdict.
  CHECK(Run(board).Send(Kind::kModel, images.model_b).has_value());
  for (int start = 0; start < update::ModelSlots::kMostTrialStarts; ++start) CHECK(Run(board).slot == 1);
  Run run(board);
  CHECK(run.slot == 0);
  CHECK(run.updates->state().last.contains("did not come up in 3 starts"));
  CHECK(!run.updates->JudgeModel(true, ""));
}

void WhatWorksIsKeptAndTheWayBackIsOpen(const Images& images) {
  Board board(images.model_a, images.app_a);
  CHECK(!Run(board).updates->GoBack(Kind::kModel).has_value());
  CHECK(Run(board).Send(Kind::kModel, images.model_b).has_value());
  {
    Run run(board);
    CHECK(run.slot == 1 && !run.updates->JudgeModel(true, ""));
    const auto state = run.updates->state();
    CHECK(state.model->name == "b" && state.model_before->name == "a" && state.last.contains("is kept"));
    CHECK(run.updates->GoBack(Kind::kModel).has_value());
  }
  {
    Run run(board);
    CHECK(run.slot == 0 && !run.updates->JudgeModel(true, ""));
    CHECK(run.updates->state().model_before->name == "b");
  }
  CHECK(Run(board).Send(Kind::kFirmware, images.app_b).has_value());
  {
    Run run(board);
    auto state = run.updates->state();
    CHECK(state.firmware.name == "2.0" && state.on_trial && state.last.ends_with("is on trial"), "%s",
          state.last.c_str());
    CHECK(!run.Send(Kind::kModel, images.model_b).has_value());
    CHECK(!run.updates->JudgeModel(false, "its kernels are wrong"), "a new firmware's fault is not the model's");
    board.otadata.trial = false;
    state = run.updates->state();
    CHECK(state.last == "firmware 2.0 after 1.0, works and is kept", "%s", state.last.c_str());
    CHECK(state.firmware_before->name == "1.0");
    CHECK(run.updates->GoBack(Kind::kFirmware).has_value());
  }
  board.otadata.trial = false;
  Run run(board);
  CHECK(run.updates->state().last == "firmware 1.0, older than 2.0, works and is kept");
  board.otadata = {1, false, true};
  Run failed(board);
  CHECK(failed.updates->state().last == "firmware 1.0, older than 2.0, did not prove itself: 2.0 is back");
  CHECK(!failed.updates->state().firmware_before.has_value(), "one that failed is no way back");
}

void WhatNoLongerWorksMakesRoom(const Images& images) {
  Board board(images.model_a, images.app_a);
  CHECK(Run(board).Send(Kind::kModel, images.model_b).has_value());
  CHECK(!Run(board).updates->JudgeModel(true, ""));
  {
    Run run(board);  // years later
    CHECK(run.slot == 1 && run.updates->JudgeModel(false, "flash is worn"));
  }
  {
    Run run(board);
    CHECK(run.slot == 0 && !run.updates->JudgeModel(true, ""));
    CHECK(run.updates->state().last.contains("flash is worn"));
  }
  // Neither works: each is tried once, and then it stays.
  int restarts = 0;
  for (; restarts < 10; ++restarts) {
    if (!Run(board).updates->JudgeModel(false, "no PSRAM")) break;
  }
  CHECK(restarts == 2, "%d", restarts);
  CHECK(!Run(board).updates->JudgeModel(false, "no PSRAM"));
  CHECK(!Run(board).updates->JudgeModel(true, ""));
}

void ACableWritesTheFirstSlotAndEmptiesTheSecond(const Images& images) {
  Board board(images.model_a, images.app_a);
  CHECK(Run(board).Send(Kind::kModel, images.model_b).has_value());
  CHECK(!Run(board).updates->JudgeModel(true, ""));
  std::ranges::fill(std::span(board.models[1].content()).first(kSectorBytes), 0xFF);
  Run run(board);
  CHECK(run.slot == 0 && !run.updates->JudgeModel(true, "") && run.updates->state().model->name == "a");
  CHECK(!run.updates->state().model_before.has_value());
}

void ATableWithoutASecondSlotIsSaidSo(const Images& images) {
  Board board(images.model_a, images.app_a);
  Run run(board, false);
  CHECK(run.slot == 0 && !run.updates->JudgeModel(false, "whatever"));
  const auto sent = run.Send(Kind::kModel, images.model_b);
  CHECK(sent.error().code == update::ErrorCode::kConflict && sent.error().message == "there is no second slot");
  CHECK(board.models[0].operations() == 0);
}

/// What is refused leaves what runs, and where it is seen in its first sector the one before, too.
void BadImagesAreRefused(const Images& images) {
  struct Bad {
    const char* part;
    bool untouched;
    Kind kind;
    Image image;
  };
  const auto changed = [](Image image, size_t at, uint8_t by = 0x10) {
    image[at] ^= by;
    return image;
  };
  const auto cut = [](Image image, size_t bytes) {
    image.resize(bytes);
    return image;
  };
  const Image& app = images.app_b;
  const Image& model = images.model_b;
  Image long_segment = app;
  long_segment[28 + 2] = 0x7f;
  Image extended = app;
  extended.resize(app.size() + 4);
  std::vector<Bad> bad = {
      {"does not begin as an app image", true, Kind::kFirmware, changed(app, 0)},
      {"0 segments", true, Kind::kFirmware, changed(app, 1, 1)},
      {"it is for an ESP32, ", true, Kind::kFirmware, changed(app, 12, 9)},
      {"it is for an ESP32-C3", true, Kind::kFirmware, changed(app, 12, 9 ^ 5)},
      {"no SHA-256 at its end", true, Kind::kFirmware, changed(app, 23, 1)},
      {"no description", true, Kind::kFirmware, changed(app, 32)},
      {"it is project 'xamnet-esp32s3'", true, Kind::kFirmware, changed(app, 80, 1)},
      {"a segment reaches over its end", true, Kind::kFirmware, long_segment},
      {"checksum does not fit", false, Kind::kFirmware, changed(app, app.size() / 2)},
      {"do not have the SHA-256", false, Kind::kFirmware, changed(app, app.size() - 1)},
      {"do not have the SHA-256", false, Kind::kFirmware, changed(app, 26)},
      {"cut off", false, Kind::kFirmware, cut(app, app.size() - 20)},
      {"bytes follow its end", false, Kind::kFirmware, extended},
      {"does not begin as an app image", true, Kind::kFirmware, cut(model, 40 * 1024)},
      {"there is no image in it", true, Kind::kFirmware, {}},
      {"has 102400 bytes, its slot 98304", true, Kind::kFirmware, Image(100 * 1024, 0xE9)},
      {"make it for this partition table", true, Kind::kModel, cut(model, model.size() - kSectorBytes)},
      {"does not begin as a SPIFFS image", true, Kind::kModel, Image(model.size(), 0xFF)},
      {"without the magic", false, Kind::kModel, changed(model, 5 * kSectorBytes + 252)},
      {"is not what its block's table says", false, Kind::kModel, changed(model, 2 * 256)},
      {"manifest has another", false, Kind::kModel, changed(model, 4 * kSectorBytes + 300)},
  };
  for (const Bad& each : bad) {
    Board board(images.model_a, images.app_a);
    board.models[1].content() = images.model_a;
    Run run(board);
    const auto sent = run.Send(each.kind, each.image);
    CHECK(!sent.has_value(), "%s", each.part);
    CHECK(sent.error().message.contains(each.part), "wanted '%s', got '%s'", each.part, sent.error().message.c_str());
    CHECK(!sent.error().message.contains('\n'));
    NorFlash& spare = each.kind == Kind::kModel ? board.models[1] : board.apps[1];
    CHECK((spare.operations() == 0) == each.untouched, "%s", each.part);
    CHECK(board.models[0].operations() == 0 && board.apps[0].operations() == 0 && board.otadata.active == 0);
    CHECK(!run.updates->state().busy.has_value());
    CHECK(Run(board).slot == 0);
  }
  Board board(images.model_a, images.app_a);
  Run run(board);
  const auto sent = run.Send(Kind::kModel, model, std::string(64, '0'));
  CHECK(sent.error().message.starts_with("Content-Digest"));
  // Any byte of a model's image that changes is seen, or belongs to nothing.
  for (size_t at = 0; at < model.size(); at += 97) {
    Board damaged(images.model_a, images.app_a);
    const Image image = changed(model, at, 1);
    if (!Run(damaged).Send(Kind::kModel, image)) continue;
    Run after(damaged);
    CHECK(after.slot == 1 && NameIn(damaged.models[1]) == "b");
  }
}

void OneAtATimeAndWhatStopsIsSaid(const Images& images) {
  Board board(images.model_a, images.app_a);
  Run run(board);
  auto upload = run.updates->Begin({Kind::kModel, images.model_b.size(), "", ""});
  CHECK((*upload)->Take(std::span(images.model_b).first(5000)).has_value());
  const auto busy = run.updates->state().busy;
  CHECK(busy->what == Kind::kModel && busy->done == 5000 && busy->of == images.model_b.size());
  CHECK(run.Send(Kind::kFirmware, images.app_b).error().code == update::ErrorCode::kConflict);
  CHECK(run.updates->GoBack(Kind::kModel).error().code == update::ErrorCode::kConflict);
  upload->reset();
  CHECK(run.updates->state().last.contains("stopped after 5000 of"));
  CHECK(run.Send(Kind::kFirmware, images.app_b).has_value());
  CHECK(run.Send(Kind::kModel, images.model_b).error().code == update::ErrorCode::kConflict, "it restarts now");
}

Image Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good(), "%s", path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(argc == 5);
  const Images images{Read(argv[1]), Read(argv[2]), Read(argv[3]), Read(argv[4])};
  BadImagesAreRefused(images);
  CutsInTheSlotLeaveOldOrNew(images);
  CutsInTheSettingsLeaveOldOrNew(images);
  CutsInTheTrialLeaveOldOrNew(images);
  AModelThatFailsGoesBack(images);
  WhatWorksIsKeptAndTheWayBackIsOpen(images);
  WhatNoLongerWorksMakesRoom(images);
  ACableWritesTheFirstSlotAndEmptiesTheSecond(images);
  ATableWithoutASecondSlotIsSaidSo(images);
  OneAtATimeAndWhatStopsIsSaid(images);
}
