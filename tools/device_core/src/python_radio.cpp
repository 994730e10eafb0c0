// SPDX-License-Identifier: Apache-2.0
#include "python_radio.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <utility>

namespace nb = nanobind;

namespace device_core {
namespace {

/// Calls Python, and says to nobody but its own log what that raises.
template <typename Call>
void Do(Call&& call) {
  const nb::gil_scoped_acquire gil;
  try {
    call();
  } catch (nb::python_error& raised) {
    raised.discard_as_unraisable("the radio of a simulated device");
  }
}

}  // namespace

void PythonRadio::SetCountry(const std::string& country) {
  Do([&] { host_.part("radio").attr("set_country")(country); });
}

void PythonRadio::Scan() {
  Do([&] { host_.part("radio").attr("scan")(); });
}

void PythonRadio::Join(const network::KnownNetwork& network) {
  Do([&] {
    const nb::object address =
        network.static_address ? nb::object(nb::cast(network.static_address->address)) : nb::none();
    host_.part("radio").attr("join")(network.ssid, network.password, address);
  });
}

void PythonRadio::Leave() {
  Do([&] { host_.part("radio").attr("leave")(); });
}

std::expected<void, std::string> PythonRadio::OpenSetup(const network::AccessPoint& setup) {
  const nb::gil_scoped_acquire gil;
  try {
    host_.part("radio").attr("open_setup")(setup.ssid, setup.password);
    return {};
  } catch (nb::python_error& raised) {
    return std::unexpected(nb::cast<std::string>(nb::str(raised.value())));
  }
}

void PythonRadio::CloseSetup() {
  Do([&] { host_.part("radio").attr("close_setup")(); });
}

int PythonRadio::guests() const {
  int count = 0;
  Do([&] { count = nb::cast<int>(host_.part("radio").attr("guests")()); });
  return count;
}

std::optional<int> PythonRadio::rssi_dbm() const {
  std::optional<int> rssi;
  Do([&] {
    const nb::object told = host_.part("radio").attr("rssi_dbm")();
    if (!told.is_none()) rssi = nb::cast<int>(told);
  });
  return rssi;
}

bool PythonRadio::IsGuest(std::string_view peer) const {
  bool guest = false;
  Do([&] { guest = nb::cast<bool>(host_.part("radio").attr("is_guest")(peer)); });
  return guest;
}

std::string PythonRadio::portal() const {
  std::string url;
  Do([&] { url = nb::cast<std::string>(host_.part("radio").attr("portal")()); });
  return url;
}

std::optional<network::Radio::Input> PythonRadio::Poll() {
  std::optional<Input> input;
  Do([&] {
    const nb::object told = host_.part("radio").attr("poll")();
    if (told.is_none()) return;
    const auto fields = nb::cast<nb::tuple>(told);
    const auto kind = nb::cast<std::string>(fields[0]);
    input = {.kind = kind == "up"     ? Input::Kind::kUp
                     : kind == "down" ? Input::Kind::kDown
                                      : Input::Kind::kSeen,
             .text = nb::cast<std::string>(fields[1])};
    for (const nb::handle item : fields[2]) {
      const auto seen = nb::cast<nb::tuple>(item);
      input->seen.push_back({.ssid = nb::cast<std::string>(seen[0]),
                             .rssi_dbm = nb::cast<int>(seen[1]),
                             .secure = nb::cast<bool>(seen[2]),
                             .channel = nb::cast<int>(seen[3])});
    }
  });
  return input;
}

}  // namespace device_core
