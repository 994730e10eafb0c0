// SPDX-License-Identifier: Apache-2.0
#include "listening/owner_token.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

namespace listening {
namespace {

constexpr char kKey[] = "owner/token";
constexpr char kTag[] = "owner";
constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789-";  // 31 that nobody takes for each other
constexpr size_t kGroups = 4;
constexpr size_t kGroupLetters = 4;

bool IsToken(std::string_view text) {
  return text.size() >= OwnerToken::kLeastBytes && text.size() <= OwnerToken::kMostBytes &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

OwnerToken::OwnerToken(Services& services) : services_(services), lock_(services.MakeLock()) {
  const std::vector<uint8_t> stored = services.settings().Load(kKey);
  text_.assign(stored.begin(), stored.end());
  if (IsToken(text_)) return;
  text_ = DrawSecret(services, kGroups);
  if (const auto set = Set(text_); !set) services.Log(LogLevel::kError, kTag, set.error().message);
}

std::string OwnerToken::text() const {
  const std::lock_guard guard(*lock_);
  return text_;
}

std::expected<void, Error> OwnerToken::Set(std::string_view token) {
  if (!IsToken(token)) {
    return std::unexpected(Error{ErrorCode::kRefused, "a token has 12 to 64 visible ASCII characters without spaces"});
  }
  const std::span bytes(reinterpret_cast<const uint8_t*>(token.data()), token.size());
  if (const auto kept = services_.settings().Store(kKey, bytes); !kept) {
    return std::unexpected(Error{ErrorCode::kFailed, "the owner's token cannot be stored: " + kept.error()});
  }
  const std::lock_guard guard(*lock_);
  text_ = token;
  return {};
}

std::expected<void, Error> OwnerToken::Renew() { return Set(DrawSecret(services_, kGroups)); }

std::string DrawSecret(Services& services, size_t groups) {
  std::string text;
  while (text.size() < groups * (kGroupLetters + 1) - 1) {
    if (text.size() % (kGroupLetters + 1) == kGroupLetters) {
      text.push_back('-');
      continue;
    }
    std::array<uint8_t, 1> random{};
    services.FillRandom(random);
    const char letter = kLetters[random[0] % 32u];
    if (letter != '-') text.push_back(letter);
  }
  return text;
}

bool EqualSecrets(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  volatile unsigned char different = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    different = static_cast<unsigned char>(different | (one[i] ^ other[i]));
  }
  return different == 0;
}

}  // namespace listening
