// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "clip_store/clip_store.h"
#include "listening/boot_record.h"
#include "listening/boot_sequence.h"
#include "listening/event_watch.h"
#include "listening/model_service.h"
#include "listening/update_state.h"

namespace listening {

struct FirmwareState {
  std::string name;
  std::string version;
  std::string idf;
  std::string built;
};

struct ModelState {
  std::string sha256;
  size_t bytes;
  std::string front_end;
  sound_model::Quantization input;
  sound_model::Quantization output;
  size_t classes;
  std::vector<std::string> ops;
};

struct ArenaState {
  size_t size;
  size_t used;
};

struct AudioState {
  std::string source;
  std::string board;
  std::optional<float> gain_db;
  uint32_t overruns;
  size_t ring_blocks;
  uint32_t ring_peak;
  uint32_t gaps;
  bool alive;
  bool ended;                                ///< A recording has been played.
  std::optional<base::CentiDecibels> level;  ///< Over the last second.
};

struct MemoryState {
  size_t free_heap;  ///< Internal RAM, bytes.
  size_t min_free_heap;
  size_t largest_heap_block;  ///< The largest piece of free_heap.
  std::optional<size_t> free_psram;
  std::optional<size_t> min_free_psram;
};

enum class NetworkKind { kNone, kWifi, kEthernet };
enum class LinkState {
  kUp,  ///< There is an address.
  kConnecting,
  kSetup,  ///< Not up, and open for somebody who names a network.
  kDown,
};

struct NetworkState {
  NetworkKind kind = NetworkKind::kNone;  ///< kNone: the network is not the device's own business.
  LinkState state = LinkState::kDown;
  std::string reason;  ///< Why it is not up, one line; empty when there is nothing to say.
  std::optional<std::string> interface;
  std::optional<std::string> address;
  std::optional<std::string> hostname;
  std::optional<std::string> ssid;
  std::optional<int> rssi_dbm;
};

struct TaskState {
  std::string name;
  int core;
  size_t stack_free;  ///< Bytes that were never used.
};

/// All that a device says of itself, at one moment: @info, GET status and diagnostics are views of it. What did not
/// start is empty, and its boot step says why.
struct DeviceState {
  FirmwareState firmware;
  std::string target;
  std::optional<BootRecord> record;
  bool ready;
  std::vector<BootSequence::Step> steps;
  std::optional<ModelState> model;
  std::string kernels;
  std::optional<ArenaState> arena;
  std::optional<SelfTestResult> self_test;
  bool muted;  ///< By the owner.
  std::optional<AudioState> audio;
  std::optional<WatchState> watch;
  std::optional<clip_store::ClipStoreStatus> storage;
  std::optional<InferenceTimes> inference;
  std::optional<NetworkState> network;
  std::optional<UpdateState> update;
  MemoryState memory;
  std::vector<TaskState> tasks;
  int64_t uptime_ms;
};

/// The fields of @info (docs/serial-protocol.md), without braces.
void WriteState(const DeviceState& state, base::JsonWriter& json);

// Parts of it that are asked for alone, as fields.
void WriteSelfTest(const SelfTestResult& result, base::JsonWriter& json);
void WriteLevels(const WatchState& state, base::JsonWriter& json);
void WriteStorage(const clip_store::ClipStoreStatus& status, base::JsonWriter& json);
void WriteNetwork(const NetworkState& network, base::JsonWriter& json);
void WriteRule(const WatchState::Rule& rule, base::JsonWriter& json);  ///< An object.

}  // namespace listening
