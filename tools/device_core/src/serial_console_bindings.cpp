// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "serial_console/console.h"
#include "sound_events/rule_set.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

using serial_console::Console;
using serial_console::Error;
using serial_console::ErrorCode;
using serial_console::Line;
using serial_console::LineReader;

void WriteJson(nb::handle value, base::JsonWriter& json) {
  if (value.is_none()) {
    json.Value(nullptr);
  } else if (nb::isinstance<nb::bool_>(value)) {
    json.Value(nb::cast<bool>(value));
  } else if (nb::isinstance<nb::int_>(value)) {
    json.Value(nb::cast<int64_t>(value));
  } else if (nb::isinstance<nb::float_>(value)) {
    json.Value(nb::cast<float>(value));
  } else if (nb::isinstance<nb::str>(value)) {
    json.Value(std::string_view(nb::cast<std::string>(value)));
  } else if (nb::isinstance<nb::dict>(value)) {
    json.BeginObject();
    for (const auto& [name, member] : nb::cast<nb::dict>(value)) {
      json.Key(nb::cast<std::string>(name));
      WriteJson(member, json);
    }
    json.EndObject();
  } else {
    json.BeginArray();
    for (nb::handle item : value) WriteJson(item, json);
    json.EndArray();
  }
}

Error ToError(nb::python_error& raised) {
  constexpr ErrorCode kCodes[] = {ErrorCode::kNotReady, ErrorCode::kBusy, ErrorCode::kBadArgument};
  const std::string message = nb::cast<std::string>(nb::str(raised.value()));
  if (nb::hasattr(raised.value(), "code")) {
    const auto name = nb::cast<std::string>(nb::str(raised.value().attr("code")));
    for (const ErrorCode code : kCodes) {
      if (serial_console::ErrorName(code) == name) return {code, message};
    }
  }
  return {ErrorCode::kFailed, message};
}

template <typename Call>
auto Guard(Call call) -> std::expected<decltype(call()), Error> {
  try {
    return call();
  } catch (nb::python_error& raised) {
    return std::unexpected(ToError(raised));
  }
}

void WriteFields(const nb::dict& fields, base::JsonWriter& json) {
  for (const auto& [name, value] : fields) {
    json.Key(nb::cast<std::string>(name));
    WriteJson(value, json);
  }
}

/// The events of a Python object.
class PythonEvents final : public serial_console::EventDevice {
 public:
  explicit PythonEvents(nb::object object) : object_(std::move(object)) {}

  void WriteRules(base::JsonWriter& json) override { WriteFields(nb::cast<nb::dict>(object_.attr("rules")()), json); }

  void WriteEvents(base::JsonWriter& json) override {
    WriteFields(nb::cast<nb::dict>(object_.attr("events")()), json);
    json.Key("latest");
    json.BeginArray();
    for (nb::handle line : object_.attr("journal")()) json.Raw(nb::cast<std::string>(line));
    json.EndArray();
  }

  size_t max_document_bytes() const override { return sound_events::RuleSet::kMaxDocumentBytes; }
  std::string RuleDocument() override { return nb::cast<std::string>(object_.attr("document")); }

  std::expected<size_t, Error> SetRules(std::string_view json) override {
    return Guard([&] { return nb::cast<size_t>(object_.attr("set_rules")(nb::bytes(json.data(), json.size()))); });
  }
  std::expected<size_t, Error> SetPresets() override {
    return Guard([&] { return nb::cast<size_t>(object_.attr("set_presets")()); });
  }

  const nb::object& object() const { return object_; }

 private:
  nb::object object_;
};

/// A Python object as the thing the console speaks for; what its methods raise becomes the answer's error.
class PythonDevice final : public serial_console::Device {
 public:
  explicit PythonDevice(nb::object object)
      : object_(std::move(object)),
        patch_values_(nb::cast<size_t>(object_.attr("patch_values"))),
        classes_(nb::cast<size_t>(object_.attr("classes"))) {}

  size_t patch_values() const override { return patch_values_; }
  size_t classes() const override { return classes_; }

  void WriteInfo(base::JsonWriter& json) override { WriteFields(nb::cast<nb::dict>(object_.attr("info")()), json); }

  std::expected<uint32_t, Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores) override {
    return Guard([&] {
      const auto answer = nb::cast<nb::tuple>(object_.attr("score")(nb::bytes(patch.data(), patch.size())));
      const auto bytes = nb::cast<nb::bytes>(answer[0]);
      if (bytes.size() != scores.size()) throw nb::value_error("score() returned another number of scores");
      std::copy_n(static_cast<const int8_t*>(bytes.data()), scores.size(), scores.begin());
      return nb::cast<uint32_t>(answer[1]);
    });
  }

  std::expected<serial_console::Profile, Error> ProfileOps() override {
    return Guard([&] {
      const auto answer = nb::cast<nb::tuple>(object_.attr("profile")());
      op_names_.clear();
      ops_.clear();
      for (nb::handle item : answer[2]) {
        const auto op = nb::cast<nb::tuple>(item);
        op_names_.push_back(nb::cast<std::string>(op[0]));
        ops_.push_back({{}, nb::cast<uint64_t>(op[1])});
      }
      for (size_t i = 0; i < ops_.size(); ++i) ops_[i].op = op_names_[i];
      return serial_console::Profile{nb::cast<uint64_t>(answer[0]), nb::cast<uint32_t>(answer[1]), ops_};
    });
  }

  std::expected<serial_console::SelfTestResult, Error> SelfTest() override {
    return Guard([&] {
      const auto answer = nb::cast<nb::tuple>(object_.attr("selftest")());
      return serial_console::SelfTestResult{nb::cast<int>(answer[0]), nb::cast<int>(answer[1]),
                                            nb::cast<uint32_t>(answer[2])};
    });
  }

  std::expected<log_mel::PatchStream*, Error> FrontEnd() override {
    return Guard([&] {
      front_end_ = object_.attr("front_end")();
      return nb::cast<log_mel::PatchStream*>(front_end_);
    });
  }

  void HoldLiveInput(bool hold) override { object_.attr("hold_live_input")(hold); }

  serial_console::EventDevice* events() override {
    nb::object found = nb::getattr(object_, "events", nb::none());
    events_.reset();
    if (!found.is_none()) events_.emplace(std::move(found));
    return events_ ? &*events_ : nullptr;
  }
  std::string WhyNoEvents() const override {
    nb::object reason = nb::getattr(object_, "why_no_events", nb::none());
    return reason.is_none() ? Device::WhyNoEvents() : nb::cast<std::string>(reason);
  }

  const nb::object& object() const { return object_; }
  PyObject* events_object() const { return events_ ? events_->object().ptr() : nullptr; }

 private:
  nb::object object_;
  nb::object front_end_;
  std::optional<PythonEvents> events_;
  size_t patch_values_;
  size_t classes_;
  std::vector<std::string> op_names_;
  std::vector<serial_console::OpProfile> ops_;
};

int64_t SteadyMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// Bytes of a serial line in, bytes out.
class SerialConsole {
 public:
  explicit SerialConsole(nb::object device) : device_(std::move(device)), console_(device_) {}

  nb::bytes Feed(nb::bytes bytes, nb::object now_ms) {
    const int64_t now = now_ms.is_none() ? SteadyMs() : nb::cast<int64_t>(now_ms);
    std::string answers;
    if (const auto line = reader_.Expire(now)) answers += console_.Answer(*line, now);
    console_.Expire(now);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const char byte = static_cast<const char*>(bytes.data())[i];
      if (const auto line = reader_.Push(byte, now)) answers += console_.Answer(*line, now);
      if (console_.reboot_requested()) break;
    }
    return nb::bytes(answers.data(), answers.size());
  }

  bool reboot_requested() const { return console_.reboot_requested(); }
  const PythonDevice& device() const { return device_; }

 private:
  PythonDevice device_;
  LineReader reader_;
  Console console_;
};

/// For Python's garbage collector: a device that knows its console is a circle.
int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) {
    const PythonDevice& device = nb::inst_ptr<SerialConsole>(self)->device();
    Py_VISIT(device.object().ptr());
    Py_VISIT(device.events_object());
  }
  return 0;
}

PyType_Slot kCollectable[] = {{Py_tp_traverse, reinterpret_cast<void*>(&Traverse)}, {0, nullptr}};

}  // namespace

void BindSerialConsole(nb::module_& module) {
  nb::class_<SerialConsole>(
      module, "SerialConsole", nb::type_slots(kCollectable),
      "The device's own console (docs/serial-protocol.md), speaking for a Python object with patch_values, classes, "
      "info() -> dict, score(bytes) -> (bytes, us), profile() -> (cycles, us, [(op, cycles)]), "
      "selftest() -> (differing, largest, us), front_end() -> PatchStream, hold_live_input(bool). It may have events: "
      "an object with rules() -> dict, events() -> dict, journal() -> [JSON], document, set_rules(bytes) -> int, "
      "set_presets() -> int; where that is None, why_no_events says why. An exception becomes @err failed, or what its "
      "attribute 'code' says ('not_ready', 'busy', 'bad_argument').")
      .def(nb::init<nb::object>(), "device"_a)
      .def("feed", &SerialConsole::Feed, "data"_a, "now_ms"_a = nb::none(),
           "Take bytes of the line, b'' included, which lets time pass; return the answers. now_ms replaces the clock.")
      .def_prop_ro("reboot_requested", &SerialConsole::reboot_requested,
                   "True once @reboot has been answered; nothing is read after it.");
}

}  // namespace device_core
