// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "serial_console/device.h"
#include "serial_console/document_upload.h"
#include "serial_console/line_reader.h"
#include "serial_console/pcm_session.h"
#include "serial_console/request.h"

namespace serial_console {

/// One line in, one line out: the protocol of docs/serial-protocol.md without the line's hardware. All memory for
/// lines, bytes and answers is allocated at construction.
class Console {
 public:
  /// @param device  outlives the console.
  explicit Console(Device& device);

  /// @param now_ms  a clock that never goes back.
  /// @return the answer with its line end, valid until the next call.
  std::string_view Answer(const Line& line, int64_t now_ms);

  /// To be called now and then while nothing comes in.
  void Expire(int64_t now_ms) { pcm_.Expire(now_ms); }

  /// True once @reboot has been answered: the answer goes out first, then the owner of the line restarts the device.
  bool reboot_requested() const { return reboot_requested_; }

  uint32_t answered() const { return answered_; }  ///< Lines answered so far, refusals included.
  uint32_t errors() const { return errors_; }      ///< Of these, refusals.

 private:
  struct Command;
  static const Command kCommands[];

  using Outcome = std::expected<void, Error>;
  Outcome Serve(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Help(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Info(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Score(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Pcm(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome PcmData(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Audio(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Profile(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome SelfTest(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome ServeRules(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome ListRules(const Request& request, EventDevice& events, base::JsonWriter& json);
  Outcome ShowRules(const Request& request, EventDevice& events, base::JsonWriter& json);
  Outcome TakeRules(const Request& request, EventDevice& events, base::JsonWriter& json);
  Outcome ServeEvents(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Storage(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Time(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Token(const Request& request, int64_t now_ms, base::JsonWriter& json);
  Outcome Reboot(const Request& request, int64_t now_ms, base::JsonWriter& json);

  base::JsonWriter Begin(std::string_view prefix, std::optional<uint32_t> id);
  std::string_view Finish(std::string_view prefix, const base::JsonWriter& json);
  std::string_view Refuse(std::optional<uint32_t> id, const Error& error);

  Device& device_;
  PcmSession pcm_;
  DocumentUpload upload_;
  std::vector<int16_t> bytes_;  ///< Of a request or an answer, aligned for PCM.
  std::vector<int8_t> scores_;
  std::vector<char> answer_;
  bool reboot_requested_ = false;
  uint32_t answered_ = 0;
  uint32_t errors_ = 0;
};

}  // namespace serial_console
