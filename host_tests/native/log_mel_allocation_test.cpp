// SPDX-License-Identifier: Apache-2.0
// The front end allocates nothing after construction, whatever it is fed.
#include <cstdio>
#include <memory>
#include <vector>

#include "allocation_counter.h"
#include "log_mel/fixed_point_spectrum.h"
#include "log_mel/patch_stream.h"

int main() {
  for (const log_mel::LogMelSpec& spec : log_mel::Profiles()) {
    auto frames = log_mel::LogMelStream::Create(spec, std::make_unique<log_mel::FixedPointSpectrum>(spec));
    auto quantizer = log_mel::PatchQuantizer::Create(0.048f, 16);
    if (!frames || !quantizer) return 1;
    log_mel::PatchStream stream(*std::move(frames), *quantizer);
    std::vector<int16_t> pcm(40000);
    for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<int16_t>(i * 7919);

    const size_t before = native_tests::allocation_count;
    size_t patches = 0;
    for (size_t start = 0, size = 1; start < pcm.size(); start += size, size = size * 3 % 1021 + 1) {
      const std::span<const int16_t> rest = std::span<const int16_t>(pcm).subspan(start);
      stream.Feed(rest.first(std::min(size, rest.size())), [&](const log_mel::Patch&) { ++patches; });
      if (start > 30000 && start < 30500) stream.Reset(static_cast<int64_t>(start + size));
    }
    const size_t allocations = native_tests::allocation_count - before;
    std::printf("%s: %zu patches, %zu allocations while streaming, %zu at construction\n", spec.name.data(), patches,
                allocations, before);
    if (patches == 0 || before == 0 || allocations != 0) return 1;
  }
  return 0;
}
