// SPDX-License-Identifier: Apache-2.0
// What an HTTP server gives to the API and gets from it; which server that is, the API does not know.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace device_api {

/// A request whose body has arrived. Header fields are empty where they were not sent.
struct Request {
  static constexpr size_t kMostTargetBytes = 1024;
  static constexpr size_t kMostBodyBytes = 36 * 1024;  ///< A rule document, and a little.

  std::string method;
  std::string target;  ///< Path and query as they were sent.
  std::string body;
  std::string peer;  ///< The address it came from.
  std::string authorization;
  std::string cookie;
  std::string host;
  std::string origin;
  std::string if_match;
  std::string if_none_match;
  std::string if_range;
  std::string range;
  std::string last_event_id;
  std::optional<uint64_t> content_length;
  std::string content_digest;
  std::string signature;  ///< X-Signature
};

/// A body that comes in pieces, some of which do not exist yet.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Fills `out`, which is empty, with what there is to be sent now: at most kMostBytes, nothing when there is nothing
  /// yet. Never waits for it.
  /// @return false when it has ended.
  virtual bool Next(std::string& out) = 0;
  static constexpr size_t kMostBytes = 16 * 1024;
};

struct Response;

/// A body that is too large to be held, taken as it comes.
class Intake {
 public:
  virtual ~Intake() = default;
  /// @return the answer, when the rest is not wanted any more.
  virtual std::optional<Response> Take(std::string_view piece) = 0;
  /// To be called when all of the body was taken.
  virtual Response Finish() = 0;
};

struct Response {
  struct Header {
    std::string name;
    std::string value;
  };

  int status = 200;
  std::vector<Header> headers;
  std::string body;
  std::unique_ptr<Stream> stream;  ///< In place of `body`, where there is one.
  std::optional<uint64_t> length;  ///< Of the stream, when it is known.
};

}  // namespace device_api
