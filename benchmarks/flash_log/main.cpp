// SPDX-License-Identifier: Apache-2.0
// What the storage partition's log costs on emulated NOR flash (docs/storage.md has the figures beside LittleFS's).
#include <cstdio>
#include <string>
#include <vector>

#include "check.h"
#include "clip_store/clip_name.h"
#include "clip_store/flash_log.h"
#include "nor_flash.h"

namespace {

using clip_store::FileLayer;
using clip_store::FlashLog;
using native_tests::NorFlash;

constexpr uint32_t kSectors = 0x4a0000 / 4096;
constexpr double kEraseMs = 45;     // typical of a 4 KB sector, as data sheets have it
constexpr double kProgramMs = 0.6;  // a page of 256 bytes

void Show(NorFlash& flash, const char* what, double times) {
  const auto& counts = flash.counts();
  const double ms =
      static_cast<double>(counts.erases) * kEraseMs + static_cast<double>(counts.programmed_bytes) / 256 * kProgramMs;
  std::printf("%-34s %7.2f erases %7.2f programs %8.0f bytes %8.0f reads %9.0f bytes %8.1f ms\n", what,
              static_cast<double>(counts.erases) / times, static_cast<double>(counts.programs) / times,
              static_cast<double>(counts.programmed_bytes) / times, static_cast<double>(counts.reads) / times,
              static_cast<double>(counts.read_bytes) / times, ms / times);
  flash.ResetCounts();
}

/// As storage's task writes it: what came in a tenth of a second.
bool WriteClip(FlashLog& log, uint32_t number, int tenths) {
  const std::vector<uint8_t> pcm(3200, 0x35);
  const auto name = clip_store::ClipName::Of({.boot = 7, .sequence = number}, {.uptime_ms = number, .utc_ms = {}});
  auto file = log.Open(name.Text(), FileLayer::Mode::kCreate);
  if (!file) return false;
  for (int i = 0; i < tenths; ++i) {
    if (!(*file)->WriteAt((*file)->Size().value(), pcm)) return false;
  }
  return true;
}

}  // namespace

int main() {
  NorFlash flash(kSectors);
  FlashLog log(flash);
  CHECK(log.Mount().has_value());
  Show(flash, "formatting blank flash", 1);
  uint32_t clips = 1;
  CHECK(WriteClip(log, clips++, 200));
  Show(flash, "a second of sound", 20);
  auto journal = log.Open("journal-000001.jsonl", FileLayer::Mode::kCreate);
  flash.ResetCounts();
  for (int line = 0; line < 200; ++line)
    CHECK((*journal)->WriteAt((*journal)->Size().value(), std::vector<uint8_t>(550, 'x')).has_value());
  Show(flash, "a journal line of 550 bytes", 200);
  const uint64_t free = log.FreeBytes().value();
  std::printf("%.1f s of sound fit\n", static_cast<double>(free) / 32000);
  while (WriteClip(log, clips, 80)) ++clips;
  flash.ResetCounts();
  FlashLog again(flash);
  CHECK(again.Mount().has_value());
  Show(flash, ("mounting " + std::to_string(clips) + " clips, full").c_str(), 1);
  CHECK(again.Remove("journal-000001.jsonl").has_value());
  Show(flash, "removing a file", 1);
  return 0;
}
