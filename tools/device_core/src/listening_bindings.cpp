// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "bindings.h"
#include "device_api/api.h"
#include "home_link/home_link.h"
#include "home_link/webhook.h"
#include "listening/upkeep.h"
#include "network/improv.h"
#include "network/station.h"
#include "python_http_client.h"
#include "python_radio.h"
#include "python_transport.h"
#include "serial_console/console.h"
#include "serial_console/listening_device.h"
#include "simulated_apps.h"
#include "simulated_host.h"
#include "update/updates.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

constexpr size_t kStateBytes = 65536;
constexpr int kRingSeconds = 30;
constexpr char kNoApi[] = "the boot step \"boot record\" failed: there is no API";

/// A body that a server asks for piece by piece.
class HttpStream {
 public:
  explicit HttpStream(std::unique_ptr<device_api::Stream> stream) : stream_(std::move(stream)) {}

  nb::object Next() {
    std::string piece;
    {
      const nb::gil_scoped_release free;
      if (!ended_) ended_ = !stream_->Next(piece);
    }
    if (ended_ && piece.empty()) return nb::none();
    return nb::bytes(piece.data(), piece.size());
  }

 private:
  std::unique_ptr<device_api::Stream> stream_;
  bool ended_ = false;
};

/// Status, header fields, and the body as bytes or as a stream with its length, if that is known.
nb::tuple AnswerOf(device_api::Response response) {
  nb::list headers;
  for (const auto& [name, value] : response.headers) headers.append(nb::make_tuple(name, value));
  const nb::object length = response.length ? nb::object(nb::int_(*response.length)) : nb::none();
  if (!response.stream) {
    return nb::make_tuple(response.status, headers, nb::bytes(response.body.data(), response.body.size()), length);
  }
  auto* const stream = new HttpStream(std::move(response.stream));
  return nb::make_tuple(response.status, headers, nb::cast(stream, nb::rv_policy::take_ownership), length);
}

using Fields = std::map<std::string, std::string>;

device_api::Request RequestOf(const std::string& method, const std::string& target, const Fields& fields,
                              nb::bytes body, const std::string& peer) {
  const auto field = [&](const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  };
  std::optional<uint64_t> length;
  if (const std::string text = field("content-length"); !text.empty()) {
    uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size()) length = value;
  }
  return {.method = method,
          .target = target,
          .body = std::string(body.c_str(), body.size()),
          .peer = peer,
          .authorization = field("authorization"),
          .cookie = field("cookie"),
          .host = field("host"),
          .origin = field("origin"),
          .if_match = field("if-match"),
          .if_none_match = field("if-none-match"),
          .if_range = field("if-range"),
          .range = field("range"),
          .last_event_id = field("last-event-id"),
          .content_length = length,
          .content_digest = field("content-digest"),
          .signature = field("x-signature")};
}

/// A body that a server hands on piece by piece.
class HttpIntake {
 public:
  explicit HttpIntake(std::unique_ptr<device_api::Intake> intake) : intake_(std::move(intake)) {}

  nb::object Take(nb::bytes piece) {
    std::optional<device_api::Response> answer;
    {
      const nb::gil_scoped_release free;
      if (intake_) answer = intake_->Take({piece.c_str(), piece.size()});
    }
    return answer ? nb::object(AnswerOf(*std::move(answer))) : nb::none();
  }

  nb::tuple Finish() {
    device_api::Response answer;
    {
      const nb::gil_scoped_release free;
      answer = intake_->Finish();
      intake_.reset();
    }
    return AnswerOf(std::move(answer));
  }

  void Drop() {
    const nb::gil_scoped_release free;
    intake_.reset();
  }

 private:
  std::unique_ptr<device_api::Intake> intake_;
};

/// A device from its start to its next restart, on one thread.
class SimulatedDevice {
 public:
  SimulatedDevice(nb::object host, const std::string& reset_reason, bool crashed)
      : host_(std::move(host)),
        ring_(static_cast<size_t>(base::SamplesIn(kRingSeconds))),
        patches_(device_api::Api::kHourOfPatches),
        levels_(device_api::Api::kDayOfLevels),
        apps_(host_, host_.Text("slots", ""), host_.Text("crash_version", "")),
        trial_(apps_),
        models_{FileFlash(host_.Text("slots", "") + "/yamnet.bin"),
                FileFlash(host_.Text("slots", "") + "/yamnet_1.bin")},
        updates_(host_, Places()),
        device_(host_, host_, {}),
        radio_(host_),
        transport_(host_),
        site_(host_),
        http_client_(host_),
        upkeep_(device_, trial_, host_.trial_ms()),
        console_device_(device_, [this] { return station_ ? station_->setup().password : ""; }),
        console_(console_device_) {
    device_.CountBoot({reset_reason, crashed ? listening::ResetKind::kCrash : listening::ResetKind::kWanted});
    device_.Show(updates_);
    host_.UseModelSlot(updates_.ChooseModel());
    device_.LoadModel();
    other_model_ = updates_.JudgeModel(device_.boot().ok(listening::kFrontEndStep),
                                       device_.boot().WhyNot(listening::kFrontEndStep));
    device_.LoadRules();
    if (host_.has("radio")) {
      wifi_.emplace(host_);
      station_.emplace(host_, *wifi_, radio_, host_.Text("hostname", "yamnet"));
      host_.Show(*station_);
    }
    network::Network& network = station_ ? static_cast<network::Network&>(*station_) : outside_;
    const std::string version = device_.state().firmware.version;
    improv_.emplace(network,
                    network::ImprovDevice{.firmware = "YAMNet", .version = version, .chip = "simulated", .url = [this] {
                                            return host_.Text("url", "");
                                          }});
    if (const auto owner = device_.owner()) {
      api_.emplace(device_, **owner, host_.log_lines(), network, updates_, device_api::Api::Memory{patches_, levels_});
      if (host_.has("mqtt")) home_.emplace(device_, api_->home(), transport_, site_);
      if (host_.has("http")) webhook_.emplace(device_, api_->home(), api_->webhook(), http_client_, site_);
    }
    device_.KeepClips(ring_, host_.MakeVolumes(), [](listening::ClipKeeper&) {});
    device_.Listen([](listening::Listener&) {});
    device_.CheckStorage([this] { ServeClips(); });
    device_.boot().Finish();
    host_.Log(listening::LogLevel::kInfo, "boot",
              (ready() ? "ready after " : "not ready after ") + std::to_string(host_.UptimeUs() / 1000) + " ms");
  }

  nb::bytes Serve(nb::bytes bytes, nb::object now_ms) {
    const int64_t now = now_ms.is_none() ? host_.UptimeUs() / 1000 : nb::cast<int64_t>(now_ms);
    std::string answers;
    {
      const nb::gil_scoped_release free;
      if (const auto line = reader_.Expire(now)) answers += console_.Answer(*line, now);
      console_.Expire(now);
      for (size_t i = 0; i < bytes.size() && !console_.reboot_requested(); ++i) {
        for (const char byte : improv_->Push(static_cast<const char*>(bytes.data())[i], now)) {
          if (const auto line = reader_.Push(byte, now)) answers += console_.Answer(*line, now);
        }
      }
      answers += improv_->Poll(now);
    }
    return nb::bytes(answers.data(), answers.size());
  }

  void Hear(const nb::ndarray<const int16_t, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>& samples,
            const std::string& source) {
    const std::span<const int16_t> pcm(samples.data(), samples.size());
    const nb::gil_scoped_release free;
    listening::AudioState& audio = host_.audio();
    audio.source = source;
    audio.alive = !device_.mute().on();
    audio.level.reset();
    const int64_t start = position_;
    position_ += static_cast<int64_t>(pcm.size());
    device_.clock().Note(position_);
    if (!audio.alive) return EndOnce();
    ended_ = false;
    base::Power power;
    power.Add(pcm);
    audio.level = power.Level();
    if (listening::ClipKeeper* const clips = device_.clips()) clips->ring().Write(start, pcm);
    if (listening::Listener* const listener = device_.listener()) listener->Take({start, pcm});
  }

  void Upkeep() {
    const nb::gil_scoped_release free;
    ServeClips();
    upkeep_.Tick();
    if (station_) station_->Tick();
    if (home_) home_->Tick();
    if (webhook_) webhook_->Tick();
  }

  void PrepareRestart() {
    const nb::gil_scoped_release free;
    device_.PrepareRestart([this] { ServeClips(); });
    if (home_) home_->Close();
    if (webhook_) webhook_->Close();
  }

  nb::tuple Http(const std::string& method, const std::string& target, const Fields& fields, nb::bytes body,
                 const std::string& peer) {
    if (!api_) throw nb::value_error(kNoApi);
    const device_api::Request request = RequestOf(method, target, fields, std::move(body), peer);
    device_api::Response response;
    {
      const nb::gil_scoped_release free;
      response = api_->Handle(request);
    }
    return AnswerOf(std::move(response));
  }

  /// None for a body that Http() takes; the answer where it is not wanted; else what takes it.
  nb::object OpenHttp(const std::string& method, const std::string& target, const Fields& fields,
                      const std::string& peer) {
    if (!api_) throw nb::value_error(kNoApi);
    const device_api::Request request = RequestOf(method, target, fields, nb::bytes("", 0), peer);
    if (!device_api::Api::ComesInPieces(request)) return nb::none();
    auto opened = api_->Open(request);
    if (!opened) return AnswerOf(std::move(opened.error()));
    return nb::cast(new HttpIntake(*std::move(opened)), nb::rv_policy::take_ownership);
  }

  bool muted() const { return device_.mute().on(); }
  std::string token() { return api_ ? (*device_.owner())->text() : ""; }
  bool restart_requested() const {
    return other_model_ || apps_.restart_requested() || console_.reboot_requested() || site_.restart_requested() ||
           (api_ && api_->restart_requested());
  }
  bool ready() const { return device_.boot().ready(); }

  std::string State() const {
    const nb::gil_scoped_release free;
    std::string memory(kStateBytes, '\0');
    base::JsonWriter json(memory);
    json.BeginObject();
    listening::WriteState(device_.state(), json);
    json.EndObject();
    return std::string(json.text());
  }

  const SimulatedHost& host() const { return host_; }

 private:
  update::Updates::Places Places() {
    update::Updates::Places places;
    places.signatures = &host_;
    if (models_[0].sectors() != 0) {
      places.apps = &apps_;
      places.model = &models_[0];
      places.second_model = &models_[1];
    } else {
      places.no_apps = places.no_second_model = "this device has no slots for updates";
    }
    return places;
  }

  /// What was going on when the microphone was switched off is over.
  void EndOnce() {
    if (ended_) return;
    ended_ = true;
    if (listening::Listener* const listener = device_.listener()) listener->End();
  }

  void ServeClips() {
    if (listening::ClipKeeper* const clips = device_.clips()) clips->Serve();
  }

  SimulatedHost host_;
  std::vector<int16_t> ring_;
  std::vector<device_api::PatchHistory::Patch> patches_;
  std::vector<device_api::LevelHistory::Step> levels_;
  SimulatedApps apps_;
  SimulatedTrial trial_;
  std::array<FileFlash, 2> models_;
  update::Updates updates_;
  bool other_model_ = false;  ///< The one in use does not work, and the other one is to be loaded.
  listening::Device device_;
  PythonRadio radio_;
  network::OutsideNetwork outside_{listening::LinkState::kUp, "the computer's own network"};
  std::optional<network::WifiSettings> wifi_;
  std::optional<network::Station> station_;
  std::optional<network::Improv> improv_;
  PythonTransport transport_;
  SimulatedSite site_;
  PythonHttpClient http_client_;
  listening::Upkeep upkeep_;
  std::optional<device_api::Api> api_;
  std::optional<home_link::HomeLink> home_;
  std::optional<home_link::Webhook> webhook_;
  serial_console::ListeningDevice console_device_;
  serial_console::LineReader reader_;
  serial_console::Console console_;
  int64_t position_ = 0;
  bool ended_ = true;  ///< Nothing was heard since listening ended last.
};

/// For Python's garbage collector: a host that knows its device is a circle.
int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return nb::inst_ready(self) ? nb::inst_ptr<SimulatedDevice>(self)->host().Traverse(visit, arg) : 0;
}

PyType_Slot kCollectable[] = {{Py_tp_traverse, reinterpret_cast<void*>(&Traverse)}, {0, nullptr}};

}  // namespace

void BindListening(nb::module_& module) {
  module.def(
      "time_zone_rule", &listening::TimeZoneRule, "name"_a,
      "The rule that a zone of the IANA database keeps, as POSIX has it for TZ; None where there is no such zone.");
  nb::class_<HttpStream>(module, "HttpStream", "A body that comes in pieces.")
      .def("next", &HttpStream::Next,
           "The bytes that there are by now, b'' for none yet, None when it has ended. Never waits.");
  nb::class_<HttpIntake>(module, "HttpIntake", "Takes a body that comes in pieces.")
      .def("take", &HttpIntake::Take, "piece"_a, "Take bytes; the answer where the rest is not wanted, else None.")
      .def("finish", &HttpIntake::Finish, "The answer, when all bytes were taken. Nothing more is to be asked then.")
      .def("drop", &HttpIntake::Drop, "Nothing more comes.");
  nb::class_<SimulatedDevice>(
      module, "SimulatedDevice", nb::type_slots(kCollectable),
      "A device without a board: the firmware's own wiring of listening, rules, events, state and console. Its host is "
      "a Python object with settings (a mutable mapping of str to bytes), read_files() -> {name: bytes} of the model "
      "partition, make_engine(model: bytes) -> an object with score(patch: bytes) -> bytes, costs() -> [(operator, "
      "cycles)] and arena_bytes, arena_bytes, firmware {name, version, idf, built}, memory() -> (free, least free) "
      "bytes, storage (a folder for clips and journal, or ''), log(line) and minute_of_day() of local time; it is "
      "given time_zone, a name or '' for its own, and model_slot, 0 or 1; if it is to be updated, also slots, a folder "
      "with ota_0.bin, ota_1.bin, yamnet.bin and yamnet_1.bin, of which read_files() reads the model_slot's, "
      "signature_fits(point, digest, signature), trial_s, after which a new firmware is judged, and crash_version; if "
      "it "
      "is to speak MQTT, also mqtt (yamnet_tools.simulated_device.mqtt), id and url, and http "
      "(yamnet_tools.simulated_device.http_client) if it is to post events; if it is to have Wi-Fi, also radio "
      "(yamnet_tools.simulated_device.wifi) and hostname. It boots while it is made.")
      .def(nb::init<nb::object, const std::string&, bool>(), "host"_a, "reset_reason"_a, "crashed"_a = false)
      .def("serve", &SimulatedDevice::Serve, "data"_a, "now_ms"_a = nb::none(),
           "Take bytes of the console's line, b'' included, which lets time pass; return the answers. now_ms replaces "
           "the console's clock.")
      .def("hear", &SimulatedDevice::Hear, "pcm"_a.noconvert(), "source"_a,
           "Take the next PCM, int16 [n] at 16 kHz, which has just been heard.")
      .def("upkeep", &SimulatedDevice::Upkeep, "What is due by now; to be called several times a second.")
      .def("http", &SimulatedDevice::Http, "method"_a, "target"_a, "fields"_a, "body"_a, "peer"_a,
           "Answer an HTTP request; fields are the header's, names in lower case. Returns status, [(name, value)], the "
           "body as bytes or an HttpStream that must not outlive the device, and the body's length where it is known "
           "and not that of the bytes.")
      .def("open_http", &SimulatedDevice::OpenHttp, "method"_a, "target"_a, "fields"_a, "peer"_a,
           "For a request whose body is too large for http(): an HttpIntake that takes it and must not outlive the "
           "device, or the answer as http() gives it where none is wanted. None for all others.")
      .def_prop_ro("muted", &SimulatedDevice::muted, "Whether its owner wants it to hear nothing.")
      .def_prop_ro("token", &SimulatedDevice::token, "The owner's token.")
      .def("prepare_restart", &SimulatedDevice::PrepareRestart, "Store what a restart would lose.")
      .def_prop_ro("restart_requested", &SimulatedDevice::restart_requested,
                   "True once somebody has asked for a restart; nothing is read after it.")
      .def_prop_ro("ready", &SimulatedDevice::ready, "Whether every boot step went well.")
      .def("state", &SimulatedDevice::State, "All that it says of itself, as JSON: the fields of @info.");
}

}  // namespace device_core
