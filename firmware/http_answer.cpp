// SPDX-License-Identifier: Apache-2.0
#include "http_answer.h"

namespace firmware {

std::string Head(const device_api::Response& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " \r\n";
  for (const auto& [name, value] : response.headers) ((head += name) += ": ") += value + "\r\n";
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body && (response.length || !response.stream)) {
    head += "Content-Length: " + std::to_string(response.length.value_or(response.body.size())) + "\r\n";
  } else if (has_body) {
    head += "Connection: close\r\n";  // its end is the body's
  }
  return head += "\r\n";
}

bool SendAll(httpd_req_t* request, std::string_view bytes) {
  while (!bytes.empty()) {
    const int sent = httpd_send(request, bytes.data(), bytes.size());
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace firmware
