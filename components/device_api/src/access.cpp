// SPDX-License-Identifier: Apache-2.0
#include "device_api/access.h"

#include <algorithm>

#include "answers.h"
#include "base/sha256.h"

namespace device_api {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kCookie = "yamnet_session";
constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kLongestPauseUs = 60 * kSecondUs;

/// The value of a cookie in a Cookie field (RFC 6265, section 4.2).
std::string_view CookieIn(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const size_t end = field.find(';');
    std::string_view pair = field.substr(0, end);
    field = end == std::string_view::npos ? std::string_view() : field.substr(end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
  }
  return {};
}

std::string ForgetCookie() { return std::string(kCookie) + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"; }

/// A host without its port.
std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

/// Whether a page of the device itself has sent this; other programs than browsers send no Origin.
bool IsOwnOrigin(const Request& request) {
  if (request.origin.empty()) return true;
  const size_t scheme = request.origin.find("://");
  return scheme != std::string::npos && request.origin.substr(scheme + 3) == request.host;
}

Response Unauthorized(std::string_view detail) {
  Response response = Problem(401, detail);
  response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"yamnet\""});
  return response;
}

}  // namespace

bool Access::IsLocalName(std::string_view host) {
  const std::string_view name = WithoutPort(host);
  if (name.empty() || name.size() > 253) return false;
  if (name.starts_with('[')) {
    return name.size() > 2 && name.ends_with(']') && std::ranges::all_of(name.substr(1, name.size() - 2), [](char c) {
             return std::string_view("0123456789abcdefABCDEF:.").contains(c);
           });
  }
  if (!std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_';
      })) {
    return false;
  }
  const bool is_address = std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return is_address || !name.contains('.') || lower.ends_with(".local") || lower.ends_with(".localhost");
}

std::optional<Response> Access::Refusal(const Request& request, std::optional<Wish> wish) {
  if (!IsLocalName(request.host)) {
    return Problem(421, "Host: the device answers to its address, to names in .local and to names without a dot");
  }
  if (!IsOwnOrigin(request)) return Problem(403, "Origin: pages of other sites are not served");
  if (!wish) return std::nullopt;
  auto rights = RightsOf(request);
  if (!rights) return std::move(rights.error());
  const bool may = wish == Wish::kRead ? rights->read : wish == Wish::kListen ? rights->listen : rights->change;
  if (may) return std::nullopt;
  return Unauthorized("the owner's token is needed; the console's @token shows it");
}

std::expected<Access::Rights, Response> Access::RightsOf(const Request& request) {
  if (auto early = TooSoon(request.peer)) return std::unexpected(*std::move(early));
  const Credential credential = Presented(request);
  if (credential == Credential::kWrong) {
    Wrong(request.peer);
    Response refusal = Unauthorized("this is not the owner's token; the console's @token shows it");
    if (request.authorization.empty()) refusal.headers.push_back({"Set-Cookie", ForgetCookie()});
    return std::unexpected(std::move(refusal));
  }
  const bool owner = credential == Credential::kRight;
  if (owner) Right(request.peer);
  return Rights{.read = owner || opened_.reading, .listen = owner || opened_.audio, .change = owner};
}

Response Access::Login(const Request& request, std::string_view token) {
  if (auto early = TooSoon(request.peer)) return *std::move(early);
  if (!listening::EqualSecrets(token, token_.text())) {
    Wrong(request.peer);
    return Unauthorized("this is not the owner's token; the console's @token shows it");
  }
  Right(request.peer);
  Response response = NothingToSay();
  response.headers.push_back({"Set-Cookie", std::string(kCookie) + "=" + CookieValue() +
                                                "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"});
  return response;
}

Response Access::Logout() {
  Response response = NothingToSay();
  response.headers.push_back({"Set-Cookie", ForgetCookie()});
  return response;
}

Access::Credential Access::Presented(const Request& request) const {
  if (!request.authorization.empty()) {
    const std::string_view field = request.authorization;
    const bool right =
        field.starts_with(kBearer) && listening::EqualSecrets(field.substr(kBearer.size()), token_.text());
    return right ? Credential::kRight : Credential::kWrong;
  }
  const std::string_view session = CookieIn(request.cookie, kCookie);
  if (session.empty()) return Credential::kNone;
  return listening::EqualSecrets(session, CookieValue()) ? Credential::kRight : Credential::kWrong;
}

/// Not the token itself, which programs and other browsers could use.
std::string Access::CookieValue() const {
  const std::string text = "session:" + token_.text();
  base::Sha256 hash;
  hash.Update({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  return hash.Finish();
}

std::optional<Response> Access::TooSoon(const std::string& peer) const {
  const auto guesser = std::ranges::find(guessers_, peer, &Guesser::peer);
  const int64_t now = services_.UptimeUs();
  if (peer.empty() || guesser == guessers_.end() || now >= guesser->next_us) return std::nullopt;
  Response response = Problem(429, "too many wrong tokens from this address; wait");
  response.headers.push_back({"Retry-After", std::to_string((guesser->next_us - now) / kSecondUs + 1)});
  return response;
}

void Access::Wrong(const std::string& peer) {
  auto guesser = std::ranges::find(guessers_, peer, &Guesser::peer);
  if (guesser == guessers_.end()) {
    guesser = std::ranges::min_element(guessers_, {}, &Guesser::next_us);
    *guesser = {.peer = peer};
  }
  const int64_t now = services_.UptimeUs();
  ++guesser->wrong;
  const uint32_t doublings =
      guesser->wrong > kFreeGuesses ? std::min<uint32_t>(guesser->wrong - kFreeGuesses - 1, 6) : 0;
  guesser->next_us = now + (guesser->wrong > kFreeGuesses ? std::min(kSecondUs << doublings, kLongestPauseUs) : 0);
}

void Access::Right(const std::string& peer) {
  const auto guesser = std::ranges::find(guessers_, peer, &Guesser::peer);
  if (guesser != guessers_.end()) *guesser = {};
}

}  // namespace device_api
