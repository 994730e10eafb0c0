// SPDX-License-Identifier: Apache-2.0
#include "listening/heard_log.h"

#include <utility>

#include "base/sample_rate.h"
#include "listening/strongest.h"
#include "text.h"

namespace listening {

void PatchLog::OnPatch(const ScoredPatch& patch) {
  if (every_ == 0 || patches_++ % every_ != 0) return;
  std::string text = Text("%.2f s: ", base::SecondsOf(patch.start_sample));
  std::string_view separator;
  for (const uint16_t index : Strongest(patch.scores, order_)) {
    const std::string_view name = classes_.name(index);
    const float p = patch.quantization.scale * static_cast<float>(patch.scores[index] - patch.quantization.zero_point);
    text += std::exchange(separator, ", ");
    text += Text("%.*s %.3f", static_cast<int>(name.size()), name.data(), static_cast<double>(p));
  }
  services_.Log(LogLevel::kInfo, "heard", text + Text(" (%u ms)", static_cast<unsigned>(patch.invoke_us / 1000)));
}

void PatchLog::OnGap(int64_t next_sample) {
  services_.Log(LogLevel::kWarning, "heard", Text("%.2f s: gap", base::SecondsOf(next_sample)));
}

void EventLog::OnEvent(const sound_events::Event& event) {
  const std::string_view name = event.rule_name();
  const std::string_view kind = sound_events::EventKindName(event.kind);
  const std::string_view reason = event.kind == sound_events::EventKind::kEnd
                                      ? sound_events::EndReasonName(event.reason)
                                      : std::string_view("goes on");
  services_.Log(
      LogLevel::kInfo, "event",
      Text("%.*s %u %.*s: %.2f s to %.2f s, peak %.3f, %.*s", static_cast<int>(name.size()), name.data(),
           static_cast<unsigned>(event.sequence), static_cast<int>(kind.size()), kind.data(),
           base::SecondsOf(event.start_sample), base::SecondsOf(event.end_sample),
           static_cast<double>(event.peak) / sound_events::kOne, static_cast<int>(reason.size()), reason.data()));
}

}  // namespace listening
