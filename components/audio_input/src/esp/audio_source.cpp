// SPDX-License-Identifier: Apache-2.0
#include "audio_input/audio_source.h"

#include <cstdlib>

#include "replay_source.h"
#include "sdkconfig.h"

#if CONFIG_AUDIO_INPUT_ES7210
#include "es7210_source.h"
#endif

namespace audio_input {
namespace {

#if !CONFIG_AUDIO_INPUT_ES7210
std::string ReplayPath() {
#if CONFIG_IDF_TARGET_LINUX
  if (const char* const path = std::getenv("YAMNET_REPLAY_WAV")) return path;
#endif
  return CONFIG_AUDIO_INPUT_REPLAY_PATH;
}

#if CONFIG_AUDIO_INPUT_REPLAY_REAL_TIME
constexpr bool kRealTime = true;
#else
constexpr bool kRealTime = false;
#endif
#if CONFIG_AUDIO_INPUT_REPLAY_LOOP
constexpr bool kLoop = true;
#else
constexpr bool kLoop = false;
#endif
#endif

}  // namespace

std::unique_ptr<AudioSource> MakeConfiguredSource() {
#if CONFIG_AUDIO_INPUT_ES7210
  return std::make_unique<Es7210Source>();
#else
  return std::make_unique<ReplaySource>(ReplayPath(), kRealTime, kLoop);
#endif
}

}  // namespace audio_input
