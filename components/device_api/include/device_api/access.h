// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "device_api/http.h"
#include "listening/owner_token.h"
#include "listening/services.h"

namespace device_api {

/// What a request wants to do.
enum class Wish { kRead, kListen, kChange };

/// What the owner has opened to everybody in the network.
struct Opened {
  bool reading = false;
  bool audio = false;
};

/// Who may do what: the owner's token, in `Authorization: Bearer` or in a browser's cookie; and which sites' pages may
/// ask at all. Guessing is slowed down for each address.
class Access {
 public:
  /// All outlive this.
  Access(listening::Services& services, const listening::OwnerToken& token) : services_(services), token_(token) {}

  /// @param wish  nothing: what everybody may do whose page is not another site's.
  /// @return the answer when the request is not to be served: 401, 403, 421 or 429.
  std::optional<Response> Refusal(const Request& request, std::optional<Wish> wish);

  /// Whether a page of a foreign site cannot have this name resolve to the device: an address, a name of the local
  /// network, or one without a dot. A public name that somebody points here (DNS rebinding) is none.
  /// @param host  as a request names it, with or without a port.
  static bool IsLocalName(std::string_view host);

  struct Rights {
    bool read;
    bool listen;
    bool change;
  };
  /// @return the answer to a wrong token, or to one that comes too soon after wrong ones: 401, 429.
  std::expected<Rights, Response> RightsOf(const Request& request);

  /// A browser's login: the cookie for the right token.
  Response Login(const Request& request, std::string_view token);
  static Response Logout();

  void Open(const Opened& opened) { opened_ = opened; }

 private:
  enum class Credential { kNone, kWrong, kRight };

  /// Addresses that gave wrong tokens lately.
  struct Guesser {
    std::string peer;
    uint32_t wrong = 0;
    int64_t next_us = 0;  ///< Uptime; before it nothing is compared.
  };
  static constexpr size_t kGuessers = 16;
  static constexpr uint32_t kFreeGuesses = 8;  ///< A page with an old cookie asks for several things at once.

  Credential Presented(const Request& request) const;
  std::string CookieValue() const;
  std::optional<Response> TooSoon(const std::string& peer) const;
  void Wrong(const std::string& peer);
  void Right(const std::string& peer);

  listening::Services& services_;
  const listening::OwnerToken& token_;
  Opened opened_;
  std::array<Guesser, kGuessers> guessers_;
};

}  // namespace device_api
