// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace home_link {

/// A POST to somebody else's server.
struct Post {
  std::string url;
  std::string ca;  ///< PEM; empty: see fingerprint.
  std::string
      fingerprint;  ///< SHA-256 of the server's certificate, 64 lower-case digits; empty: the public CAs decide.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// How it ended.
struct Answer {
  int status = 0;       ///< HTTP's; 0 where there was no answer.
  std::string failure;  ///< Why there was none, for people.
};

/// An HTTP client: esp_http_client on the chip, urllib3 on a PC. It follows no redirection, and reads no body. One task
/// calls it, and none of it waits for the network.
class HttpClient {
 public:
  static constexpr int kLongestMs = 10'000;  ///< For each step of an exchange.

  virtual ~HttpClient() = default;
  /// Not before Poll() has told how the last one ended.
  virtual void Begin(Post post) = 0;
  virtual std::optional<Answer> Poll() = 0;
};

}  // namespace home_link
