// SPDX-License-Identifier: Apache-2.0
#include "update/updates.h"

#include <mutex>

#include "base/json_object.h"
#include "base/json_reader.h"

namespace update {
namespace {

constexpr char kNoteKey[] = "update/app";
constexpr char kOwnerKey[] = "update/key";
constexpr size_t kMostNameBytes = 64;

std::unexpected<Error> Conflict(std::string text) {
  return std::unexpected(Error{ErrorCode::kConflict, std::move(text)});
}

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Named(const FirmwareInfo& firmware) { return "firmware " + firmware.version; }

listening::UpdateState::Image ImageOf(const FirmwareInfo& info) { return {info.version, info.sha256}; }
listening::UpdateState::Image ImageOf(const ModelInfo& info) { return {info.name, info.sha256}; }

template <typename Info>
std::optional<listening::UpdateState::Image> ImageOf(const std::optional<Info>& info) {
  return info ? std::optional(ImageOf(*info)) : std::nullopt;
}

}  // namespace

Updates::Updates(listening::Services& services, Places places)
    : services_(services),
      places_(std::move(places)),
      models_(services, places_.model, places_.second_model),
      lock_(services.MakeLock()) {}

int Updates::ChooseModel() {
  const std::lock_guard guard(*lock_);
  LoadKey();
  LoadNote();
  if (AppSlots* const apps = places_.apps) {
    if (auto info = ReadFirmware(apps->running())) running_ = *std::move(info);
    clip_store::FlashDevice* const other = apps->other();
    if (other != nullptr && !apps->other_failed()) {
      if (auto info = ReadFirmware(*other)) before_ = *std::move(info);
    }
  }
  return models_.Choose();
}

bool Updates::JudgeModel(bool works, std::string_view reason) {
  // A new firmware that cannot run the model is at fault itself, and goes when its health is judged.
  if (!works && places_.apps != nullptr && places_.apps->on_trial()) return false;
  const std::lock_guard guard(*lock_);
  return models_.Judge(works, reason);
}

Result<std::unique_ptr<Upload>> Updates::Begin(const Announcement& announced) {
  const std::lock_guard guard(*lock_);
  const auto slot = Occupy(announced);
  if (!slot) return std::unexpected(slot.error());
  if (key_ && announced.signature.empty()) {
    return Wrong("the owner's key " + key_->fingerprint.substr(0, 16) +
                 "… signs what is taken here, and no signature came (X-Signature; device.py update --sign-key)");
  }
  busy_ = {announced.kind, 0, announced.bytes};
  said_.clear();
  return std::unique_ptr<Upload>(new Upload(*this, announced, **slot));
}

/// Where an image may go now.
Result<clip_store::FlashDevice*> Updates::Occupy(const Announcement& announced) {
  const bool firmware = announced.kind == Kind::kFirmware;
  if (firmware && (places_.apps == nullptr || places_.apps->other() == nullptr)) return Conflict(places_.no_apps);
  if (!firmware && models_.spare() == nullptr) return Conflict(places_.no_second_model);
  if (busy_) return Conflict(std::string("another update runs: ") + listening::UpdateKindName(busy_->what));
  if (places_.apps != nullptr && places_.apps->on_trial()) {
    return Conflict(
        "the firmware that runs is on trial: wait until it is confirmed, or restart and the one before is back");
  }
  clip_store::FlashDevice* const slot = firmware ? places_.apps->other() : models_.spare();
  const uint64_t room = uint64_t{slot->sectors()} * clip_store::FlashDevice::kSectorBytes;
  const std::string sizes = std::string(listening::UpdateKindName(announced.kind)) + ": the image has " +
                            std::to_string(announced.bytes) + " bytes, its slot " + std::to_string(room);
  if (announced.bytes > room) return std::unexpected(Error{ErrorCode::kTooLarge, sizes});
  if (announced.bytes == 0) return Wrong("there is no image in it");
  if (!firmware && announced.bytes != room) {
    return Wrong(sizes + ": make it for this partition table (tools/mkspiffs_model.py)");
  }
  return slot;
}

Result<void> Updates::GoBack(Kind kind) {
  FirmwareInfo firmware;
  {
    const std::lock_guard guard(*lock_);
    if (kind == Kind::kFirmware && places_.apps == nullptr) return Conflict(places_.no_apps);
    if (kind == Kind::kModel && models_.spare() == nullptr) return Conflict(places_.no_second_model);
    if (busy_) return Conflict(std::string("an update runs: ") + listening::UpdateKindName(busy_->what));
    if (places_.apps != nullptr && places_.apps->on_trial()) {
      return Conflict("the firmware that runs is on trial: a restart brings the one before back");
    }
    const bool there = kind == Kind::kFirmware ? before_.has_value() : models_.before().has_value();
    if (!there) return Conflict(std::string("there is no ") + listening::UpdateKindName(kind) + " before this one");
    if (before_) firmware = *before_;
    busy_ = {kind, 0, 0};
  }
  const Result<void> gone = kind == Kind::kFirmware ? StartOther(firmware) : SwitchBack();
  if (!gone) {
    ForgetSpare(kind);
    Release(gone.error().message);
    return Conflict(gone.error().message);
  }
  return gone;
}

Result<void> Updates::SetKey(std::string_view pem, std::string_view signature) {
  std::optional<OwnerKey> key;
  if (!pem.empty()) {
    auto parsed = OwnerKey::Parse(pem);
    if (!parsed) return Wrong("key: " + parsed.error());
    if (places_.signatures == nullptr) return Conflict("this device cannot check signatures");
    key = *std::move(parsed);
  }
  const std::lock_guard guard(*lock_);
  if (key_) {
    base::Sha256 sha256;
    const std::string text = ChangeText(pem);
    sha256.Update(Bytes(text));
    if (auto fits = CheckSignature(sha256.Finish(), signature); !fits) return fits;
  }
  const auto stored = key ? services_.settings().Store(kOwnerKey, Bytes(pem)) : services_.settings().Forget(kOwnerKey);
  if (!stored) return Failed("the key cannot be stored: " + stored.error());
  key_ = std::move(key);
  return {};
}

std::string Updates::ChangeText(std::string_view pem) { return "yamnet update key\n" + std::string(pem); }

listening::UpdateState Updates::state() const {
  const std::lock_guard guard(*lock_);
  listening::UpdateState state;
  if (running_) state.firmware = ImageOf(*running_);
  if (const AppSlots* const apps = places_.apps) {
    state.partition = apps->running_name();
    state.on_trial = apps->on_trial();
  }
  state.firmware_before = ImageOf(before_);
  state.model = ImageOf(models_.model());
  state.model_on_trial = models_.on_trial();
  state.model_before = ImageOf(models_.before());
  state.busy = busy_;
  state.last = !said_.empty() ? said_ : !models_.last().empty() ? models_.last() : FirmwareOutcome();
  if (key_) state.owner_key = key_->fingerprint;
  state.no_firmware = places_.no_apps;
  state.no_model = places_.no_second_model;
  return state;
}

void Updates::LoadKey() {
  const std::vector<uint8_t> stored = services_.settings().Load(kOwnerKey);
  if (stored.empty()) return;
  auto key = OwnerKey::Parse({reinterpret_cast<const char*>(stored.data()), stored.size()});
  if (key) key_ = *std::move(key);
}

void Updates::LoadNote() {
  const std::vector<uint8_t> stored = services_.settings().Load(kNoteKey);
  base::JsonReader json({reinterpret_cast<const char*>(stored.data()), stored.size()});
  Note note;
  json.BeginObject();
  for (std::string name; json.NextField(name);) {
    std::string& field = name == "from" ? note.from : name == "to" ? note.to : note.sha256;
    json.ReadString(field, kMostNameBytes);
  }
  if (json.ReadEnd()) note_ = std::move(note);
}

std::expected<void, std::string> Updates::KeepNote(const FirmwareInfo& to) {
  note_ = {running_ ? running_->version : "an unknown one", to.version, to.sha256};
  const std::string text = base::JsonObject([&](base::JsonWriter& json) {
    json.Field("from", std::string_view(note_->from));
    json.Field("to", std::string_view(note_->to));
    json.Field("sha256", std::string_view(note_->sha256));
  });
  return services_.settings().Store(kNoteKey, Bytes(text));
}

std::string Updates::FirmwareOutcome() const {
  if (!note_ || places_.apps == nullptr || !running_) return "";
  const std::string to =
      "firmware " + note_->to + (IsOlder(note_->to, note_->from) ? ", older than " : " after ") + note_->from;
  if (running_->sha256 == note_->sha256) {
    return to + (places_.apps->on_trial() ? ", is on trial" : ", works and is kept");
  }
  if (places_.apps->other_failed()) return to + ", did not prove itself: " + running_->version + " is back";
  if (before_ && before_->sha256 == note_->sha256)
    return to + ", was not started: the power failed, or it was taken back";
  return "";
}

void Updates::Progress(uint64_t done) {
  const std::lock_guard guard(*lock_);
  busy_->done = done;
}

void Updates::ForgetSpare(Kind kind) {
  const std::lock_guard guard(*lock_);
  if (kind == Kind::kModel) models_.ForgetSpare();
  if (kind == Kind::kFirmware) before_.reset();
}

void Updates::Release(std::string said) {
  const std::lock_guard guard(*lock_);
  busy_.reset();
  said_ = std::move(said);
}

/// To be called with the lock held.
Result<void> Updates::CheckSignature(std::string_view hash, std::string_view base64) const {
  const auto signature = ParseSignature(base64);
  if (!signature) return Wrong("signature: " + signature.error());
  if (places_.signatures->Fits(*key_, DigestOf(hash), *signature)) return {};
  return Wrong("signature: it is not of the owner's key " + key_->fingerprint.substr(0, 16) + "…");
}

Result<void> Updates::StartOther(const FirmwareInfo& to) {
  const std::lock_guard guard(*lock_);
  if (const auto kept = KeepNote(to); !kept) return Failed("firmware: the choice cannot be noted: " + kept.error());
  models_.ForgetLast();
  if (const auto started = places_.apps->StartOther(); !started) {
    return Failed(Named(to) + " cannot be started: " + started.error());
  }
  said_ = Named(to) + " starts now";
  return {};
}

Result<void> Updates::SwitchBack() {
  const auto info = CheckModel(*models_.spare());
  if (!info) return std::unexpected(info.error());
  return SwitchModel(*info);
}

Result<void> Updates::SwitchModel(const ModelInfo& to) {
  const std::lock_guard guard(*lock_);
  if (auto switched = models_.Switch(to); !switched) return switched;
  note_.reset();
  (void)services_.settings().Forget(kNoteKey);
  said_ = models_.last();
  return {};
}

}  // namespace update
