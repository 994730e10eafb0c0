// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "base/sha256.h"
#include "listening/services.h"
#include "listening/update_state.h"
#include "update/app_slots.h"
#include "update/error.h"
#include "update/firmware_image.h"
#include "update/model_slots.h"
#include "update/owner_key.h"

namespace update {

using Kind = listening::UpdateState::Kind;

/// What somebody says of an image before it comes.
struct Announcement {
  Kind kind;
  uint64_t bytes;
  std::string digest;     ///< SHA-256, 64 digits; empty: not told.
  std::string signature;  ///< Base64; empty: none.
};

class Upload;

/// Takes new firmware and models, whole or not at all, and goes back to the ones before. One update at a time; whoever
/// asks for the state does not wait for it.
class Updates final : public listening::UpdateSource {
 public:
  struct Places {
    AppSlots* apps = nullptr;  ///< nullptr: none can be taken, for this reason.
    std::string no_apps;
    clip_store::FlashDevice* model = nullptr;
    clip_store::FlashDevice* second_model = nullptr;
    std::string no_second_model;
    SignatureCheck* signatures = nullptr;
  };

  /// All outlive this.
  Updates(listening::Services& services, Places places);

  /// To be called when settings can be read, once a start. @return the slot to load the model from.
  int ChooseModel();
  /// To be called once the model has been loaded, or has not. @return whether to restart now, for the other one.
  bool JudgeModel(bool works, std::string_view reason);

  /// @return what takes the image; kConflict, kTooLarge, or kWrong for a signature that is missing.
  Result<std::unique_ptr<Upload>> Begin(const Announcement& announced);

  /// The one before runs from the next restart on, on trial. @return kConflict when there is none that could.
  Result<void> GoBack(Kind kind);

  /// Whose signature is wanted from now on.
  /// @param pem        empty: nobody's.
  /// @param signature  base64, of ChangeText() by the key that is there; where there is none, nothing.
  Result<void> SetKey(std::string_view pem, std::string_view signature);
  /// What the key that is there signs for another one to take its place.
  static std::string ChangeText(std::string_view pem);

  listening::UpdateState state() const override;

 private:
  friend class Upload;

  /// The last firmware update that was selected, as it is kept in the settings.
  struct Note {
    std::string from, to;  ///< Versions.
    std::string sha256;    ///< Of the new one.
  };

  void LoadKey();
  void LoadNote();
  std::expected<void, std::string> KeepNote(const FirmwareInfo& to);
  std::string FirmwareOutcome() const;
  Result<clip_store::FlashDevice*> Occupy(const Announcement& announced);
  void Progress(uint64_t done);
  void ForgetSpare(Kind kind);
  void Release(std::string said);
  Result<void> CheckSignature(std::string_view hash, std::string_view base64) const;
  Result<void> StartOther(const FirmwareInfo& to);
  Result<void> SwitchModel(const ModelInfo& to);
  Result<void> SwitchBack();

  listening::Services& services_;
  Places places_;
  ModelSlots models_;
  std::unique_ptr<base::Lock> lock_;  ///< Of what follows; never held for long.
  std::optional<listening::UpdateState::Busy> busy_;
  std::optional<FirmwareInfo> running_;
  std::optional<FirmwareInfo> before_;
  std::optional<OwnerKey> key_;
  std::optional<Note> note_;
  std::string said_;  ///< How an update since the start went; empty: there was none.
};

/// An image on its way into its slot. What is wrong is refused as soon as it is seen; a slot's first sector is written
/// last, when all of the image has been read back and checked, so that whatever stops it leaves nothing that starts.
class Upload {
 public:
  ~Upload();

  /// @return what is wrong; nothing more is to be given then.
  Result<void> Take(std::span<const uint8_t> piece);
  /// To be called when all announced bytes were taken. The image runs from the next restart on.
  Result<void> Finish();

 private:
  friend class Updates;
  static constexpr uint32_t kSectorBytes = clip_store::FlashDevice::kSectorBytes;

  Upload(Updates& updates, Announcement announced, clip_store::FlashDevice& slot);

  Result<void> TakeChecked(std::span<const uint8_t> piece);
  Result<void> WriteSector();
  Result<void> EraseUpTo(uint32_t sector);
  Result<void> CheckWhole(std::string_view hash);
  Result<void> WriteFirst();
  Result<void> FinishChecked();
  Result<void> Remember(Result<void> result);

  Updates& updates_;
  Announcement announced_;
  clip_store::FlashDevice& slot_;
  std::optional<FirmwareCheck> firmware_check_;
  base::Sha256 received_;
  std::vector<uint8_t> first_;   ///< The image's first sector.
  std::vector<uint8_t> sector_;  ///< What is being filled.
  uint64_t taken_ = 0;
  uint32_t written_ = 0;  ///< Sectors that are in flash, or in first_.
  uint32_t erased_ = 0;   ///< Sectors from the first on.
  FirmwareInfo firmware_;
  ModelInfo model_;
  std::string wrong_;  ///< What is.
  bool selected_ = false;
};

}  // namespace update
