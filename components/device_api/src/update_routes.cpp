// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "answers.h"
#include "base/base64.h"
#include "base/hex.h"
#include "body.h"
#include "device_api/api.h"
#include "target.h"
#include "update_busy.h"

namespace device_api {
namespace {

using listening::UpdateState;

constexpr size_t kMostSignatureBytes = 128;

Response Refused(const update::Error& error) {
  switch (error.code) {
    case update::ErrorCode::kWrong:
      return Problem(422, error.message);
    case update::ErrorCode::kTooLarge:
      return Problem(413, error.message);
    case update::ErrorCode::kConflict:
      return Problem(409, error.message);
    case update::ErrorCode::kFailed:
      break;
  }
  return Problem(503, error.message);
}

/// 202: it runs from the restart that follows.
Response Accepted() {
  Response response = NothingToSay();
  response.status = 202;
  return response;
}

/// The SHA-256 in a Content-Digest field (RFC 9530, section 2), 64 digits; empty when the field is.
std::expected<std::string, Response> DigestOf(std::string_view field) {
  constexpr std::string_view kName = "sha-256=:";
  std::array<uint8_t, 32> hash;
  if (field.empty()) return "";
  const size_t begin = field.find(kName);
  const std::string_view rest = begin == field.npos ? "" : field.substr(begin + kName.size());
  if (rest.contains(':') && rest.find(':') == base::Base64Length(hash.size()) &&
      base::DecodeBase64(rest.substr(0, rest.find(':')), hash) == hash.size()) {
    return base::HexText(hash);
  }
  return std::unexpected(Problem(400, "Content-Digest: there is no sha-256=:…: in it"));
}

/// Of /api/v1/update/firmware and update/model, and what is below them.
std::optional<UpdateState::Kind> KindOf(const Request& request) {
  const auto target = Target::Parse(request.target);
  if (!target || target->path.size() < 4 || target->path[0] != "api" || target->path[1] != "v1" ||
      target->path[2] != "update") {
    return std::nullopt;
  }
  if (target->path[3] == "firmware") return UpdateState::Kind::kFirmware;
  if (target->path[3] == "model") return UpdateState::Kind::kModel;
  return std::nullopt;
}

class ImageIntake final : public Intake {
 public:
  ImageIntake(std::unique_ptr<update::Upload> upload, std::atomic<bool>& restart)
      : upload_(std::move(upload)), restart_(restart) {}

  std::optional<Response> Take(std::string_view piece) override {
    const auto taken = upload_->Take({reinterpret_cast<const uint8_t*>(piece.data()), piece.size()});
    if (taken) return std::nullopt;
    return Unsniffed(Refused(taken.error()));
  }

  Response Finish() override {
    if (const auto finished = upload_->Finish(); !finished) return Unsniffed(Refused(finished.error()));
    restart_ = true;
    return Unsniffed(Accepted());
  }

 private:
  std::unique_ptr<update::Upload> upload_;
  std::atomic<bool>& restart_;
};

void WriteImage(const UpdateState::Image& image, const char* name, base::JsonWriter& json) {
  json.Field(name, std::string_view(image.name));
  json.Field("sha256", std::string_view(image.sha256));
}

void WritePrevious(const std::optional<UpdateState::Image>& image, const char* name, base::JsonWriter& json) {
  json.Key("previous");
  if (!image) return json.Value(nullptr);
  json.BeginObject();
  WriteImage(*image, name, json);
  json.EndObject();
}

void WriteTrial(bool on_trial, base::JsonWriter& json) { json.Field("state", on_trial ? "trial" : "confirmed"); }

void WriteText(const char* name, const std::string& text, base::JsonWriter& json) {
  json.Field(name, text.empty() ? std::nullopt : std::optional<std::string_view>(text));
}

}  // namespace

void WriteBusy(const std::optional<UpdateState::Busy>& busy, base::JsonWriter& json) {
  if (!busy) return json.Value(nullptr);
  json.BeginObject();
  json.Field("what", listening::UpdateKindName(busy->what));
  json.Field("done", busy->done);
  json.Field("of", busy->of);
  json.EndObject();
}

Response Api::GetUpdate(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const UpdateState state = updates_.state();
  return JsonAnswer([&](base::JsonWriter& json) {
    json.Key("firmware");
    json.BeginObject();
    const bool known = !state.firmware.name.empty();
    WriteImage(known ? state.firmware : UpdateState::Image{device_.state().firmware.version, ""}, "version", json);
    json.Field("partition", std::string_view(state.partition));
    WriteTrial(state.on_trial, json);
    WritePrevious(state.firmware_before, "version", json);
    json.EndObject();
    json.Key("model");
    if (state.model) {
      json.BeginObject();
      WriteImage(*state.model, "name", json);
      WriteTrial(state.model_on_trial, json);
      WritePrevious(state.model_before, "name", json);
      json.EndObject();
    } else {
      json.Value(nullptr);
    }
    json.Key("busy");
    WriteBusy(state.busy, json);
    WriteText("last", state.last, json);
    WriteText("owner_key", state.owner_key, json);
    WriteText("no_firmware", state.no_firmware, json);
    WriteText("no_model", state.no_model, json);
  });
}

bool Api::ComesInPieces(const Request& request) {
  return request.method == "PUT" && KindOf(request).has_value() && Target::Parse(request.target)->path.size() == 4;
}

std::expected<std::unique_ptr<Intake>, Response> Api::Open(const Request& request) {
  const auto open = [&]() -> std::expected<std::unique_ptr<Intake>, Response> {
    if (auto refusal = access_.Refusal(request, Wish::kChange)) return std::unexpected(*std::move(refusal));
    if (!request.content_length) {
      return std::unexpected(Problem(411, "Content-Length: how long the image is must be known before it comes"));
    }
    if (request.target.contains('?')) return std::unexpected(Problem(400, "there are no parameters"));
    auto digest = DigestOf(request.content_digest);
    if (!digest) return std::unexpected(std::move(digest.error()));
    auto upload = updates_.Begin({.kind = *KindOf(request),
                                  .bytes = *request.content_length,
                                  .digest = *std::move(digest),
                                  .signature = request.signature});
    if (!upload) return std::unexpected(Refused(upload.error()));
    return std::make_unique<ImageIntake>(*std::move(upload), restart_requested_);
  };
  auto opened = open();
  if (!opened) return std::unexpected(Unsniffed(std::move(opened.error())));
  return opened;
}

/// For a body that was held in memory.
Response Api::PutUpdate(const Call& call) {
  auto intake = Open(call.request);
  if (!intake) return std::move(intake.error());
  if (auto answer = (*intake)->Take(call.request.body)) return *std::move(answer);
  return (*intake)->Finish();
}

Response Api::PostBack(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  if (const auto gone = updates_.GoBack(*KindOf(call.request)); !gone) return Refused(gone.error());
  restart_requested_ = true;
  return Accepted();
}

Response Api::PutUpdateKey(const Call& call) {
  std::string key, signature;
  if (auto read = ReadBody(call.request.body, {{"key", &key, update::OwnerKey::kMostBytes},
                                               {"signature", &signature, kMostSignatureBytes}});
      !read) {
    return std::move(read.error());
  }
  if (const auto set = updates_.SetKey(key, signature); !set) return Refused(set.error());
  return NothingToSay();
}

}  // namespace device_api
