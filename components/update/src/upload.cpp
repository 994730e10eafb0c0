// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>

#include "update/updates.h"

namespace update {
namespace {

constexpr uint32_t kBlockSectors = 16;  // 64 KB: chips erase so much at once in a quarter of the time

/// A slot as it will be when its first sector is written.
class Preview final : public clip_store::FlashDevice {
 public:
  Preview(clip_store::FlashDevice& slot, std::span<const uint8_t> first) : slot_(slot), first_(first) {}

  uint32_t sectors() const override { return slot_.sectors(); }
  bool Read(uint32_t address, std::span<uint8_t> bytes) override {
    const size_t here = address < kSectorBytes ? std::min<size_t>(bytes.size(), kSectorBytes - address) : 0;
    std::copy_n(first_.begin() + static_cast<ptrdiff_t>(here == 0 ? 0 : address), here, bytes.begin());
    return here == bytes.size() || slot_.Read(address + static_cast<uint32_t>(here), bytes.subspan(here));
  }
  bool Program(uint32_t, std::span<const uint8_t>) override { return false; }
  bool Erase(uint32_t) override { return false; }

 private:
  clip_store::FlashDevice& slot_;
  std::span<const uint8_t> first_;
};

std::unexpected<Error> FlashFailed(const char* what, uint32_t sector) {
  return Failed(std::string("flash: sector ") + std::to_string(sector) + " of the slot cannot be " + what);
}

}  // namespace

Upload::Upload(Updates& updates, Announcement announced, clip_store::FlashDevice& slot)
    : updates_(updates), announced_(std::move(announced)), slot_(slot) {
  if (announced_.kind == Kind::kFirmware) firmware_check_.emplace(static_cast<uint32_t>(announced_.bytes));
  sector_.reserve(kSectorBytes);
}

Upload::~Upload() {
  if (selected_) return;  // it is busy until it restarts
  const std::string what = listening::UpdateKindName(announced_.kind);
  updates_.Release(wrong_.empty() ? "the upload of a " + what + " stopped after " + std::to_string(taken_) + " of " +
                                        std::to_string(announced_.bytes) + " bytes"
                                  : wrong_);
}

Result<void> Upload::Take(std::span<const uint8_t> piece) { return Remember(TakeChecked(piece)); }

Result<void> Upload::Finish() { return Remember(FinishChecked()); }

Result<void> Upload::Remember(Result<void> result) {
  if (!result) wrong_ = result.error().message;
  return result;
}

Result<void> Upload::TakeChecked(std::span<const uint8_t> piece) {
  if (taken_ + piece.size() > announced_.bytes) return Wrong("more bytes came than were announced");
  received_.Update(piece);
  if (firmware_check_) {
    if (auto checked = firmware_check_->Take(piece); !checked) return checked;
  }
  taken_ += piece.size();
  while (!piece.empty()) {
    const auto part = piece.first(std::min<size_t>(piece.size(), kSectorBytes - sector_.size()));
    sector_.insert(sector_.end(), part.begin(), part.end());
    piece = piece.subspan(part.size());
    if (sector_.size() < kSectorBytes) continue;
    if (auto written = WriteSector(); !written) return written;
  }
  updates_.Progress(taken_);
  return {};
}

Result<void> Upload::WriteSector() {
  sector_.resize(kSectorBytes, 0xFF);
  if (written_ == 0) {
    if (announced_.kind == Kind::kModel) {
      if (auto checked = CheckModelStart(sector_, slot_.sectors()); !checked) return checked;
    }
    updates_.ForgetSpare(announced_.kind);
    if (!slot_.Erase(0)) return FlashFailed("erased", 0);  // alone and first: nothing in the slot starts from now on
    erased_ = 1;
    first_ = sector_;
  } else {
    if (auto erased = EraseUpTo(written_); !erased) return erased;
    if (!slot_.Program(written_ * kSectorBytes, sector_)) return FlashFailed("written", written_);
  }
  ++written_;
  sector_.clear();
  return {};
}

Result<void> Upload::EraseUpTo(uint32_t sector) {
  if (sector < erased_) return {};
  const uint32_t end = std::min(erased_ - erased_ % kBlockSectors + kBlockSectors, slot_.sectors());
  if (!slot_.EraseRange(erased_, end - erased_)) return FlashFailed("erased", erased_);
  erased_ = end;
  return {};
}

Result<void> Upload::FinishChecked() {
  if (taken_ != announced_.bytes) {
    return Wrong("cut off: " + std::to_string(taken_) + " of " + std::to_string(announced_.bytes) + " bytes came");
  }
  if (firmware_check_) {
    auto checked = firmware_check_->Finish();
    if (!checked) return std::unexpected(checked.error());
    firmware_ = *std::move(checked);
  }
  const std::string hash = received_.Finish();
  if (!announced_.digest.empty() && announced_.digest != hash) {
    return Wrong("Content-Digest: the bytes that came have SHA-256 " + hash);
  }
  {
    const std::lock_guard guard(*updates_.lock_);
    if (updates_.key_) {
      if (auto fits = updates_.CheckSignature(hash, announced_.signature); !fits) return fits;
    }
  }
  if (!sector_.empty()) {
    if (auto written = WriteSector(); !written) return written;
  }
  if (auto whole = CheckWhole(hash); !whole) return whole;
  if (auto written = WriteFirst(); !written) return written;
  auto chosen = announced_.kind == Kind::kFirmware ? updates_.StartOther(firmware_) : updates_.SwitchModel(model_);
  selected_ = chosen.has_value();
  return chosen;
}

/// What flash holds, not what came.
Result<void> Upload::CheckWhole(std::string_view hash) {
  Preview slot(slot_, first_);
  base::Sha256 sha256;
  std::vector<uint8_t> bytes(kSectorBytes);
  for (uint64_t at = 0; at < announced_.bytes; at += kSectorBytes) {
    const auto part = std::span(bytes).first(std::min<size_t>(kSectorBytes, announced_.bytes - at));
    if (!slot.Read(static_cast<uint32_t>(at), part))
      return FlashFailed("read", static_cast<uint32_t>(at / kSectorBytes));
    sha256.Update(part);
  }
  if (sha256.Finish() != hash) return Failed("flash: the slot does not hold what was written there");
  if (announced_.kind == Kind::kFirmware) return {};
  auto checked = CheckModel(slot);
  if (!checked) return std::unexpected(checked.error());
  model_ = *std::move(checked);
  return {};
}

Result<void> Upload::WriteFirst() {
  std::vector<uint8_t> back(kSectorBytes);
  if (slot_.Program(0, first_) && slot_.Read(0, back) && back == first_) return {};
  (void)slot_.Erase(0);
  return FlashFailed("written", 0);
}

}  // namespace update
