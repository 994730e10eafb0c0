// SPDX-License-Identifier: Apache-2.0
#include "python_http_client.h"

#include <nanobind/stl/string.h>

#include <utility>

namespace nb = nanobind;

namespace device_core {

void PythonHttpClient::Begin(home_link::Post post) {
  const nb::gil_scoped_acquire gil;
  try {
    nb::dict headers;
    for (const auto& [name, value] : post.headers) headers[name.c_str()] = value;
    host_.part("http").attr("begin")(post.url, post.ca, post.fingerprint, headers,
                                     nb::bytes(post.body.data(), post.body.size()));
  } catch (nb::python_error& raised) {
    raised_ = home_link::Answer{.status = 0, .failure = nb::cast<std::string>(nb::str(raised.value()))};
  }
}

std::optional<home_link::Answer> PythonHttpClient::Poll() {
  if (raised_) return std::exchange(raised_, std::nullopt);
  const nb::gil_scoped_acquire gil;
  try {
    const nb::object told = host_.part("http").attr("poll")();
    if (told.is_none()) return std::nullopt;
    const auto answer = nb::cast<nb::tuple>(told);
    return home_link::Answer{.status = nb::cast<int>(answer[0]), .failure = nb::cast<std::string>(answer[1])};
  } catch (nb::python_error& raised) {
    return home_link::Answer{.status = 0, .failure = nb::cast<std::string>(nb::str(raised.value()))};
  }
}

}  // namespace device_core
