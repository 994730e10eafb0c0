// SPDX-License-Identifier: Apache-2.0
#include "answers.h"

#include <algorithm>

namespace device_api {
namespace {

std::string_view Title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    default:
      return "Service Unavailable";
  }
}

}  // namespace

Response JsonAnswer(const std::function<void(base::JsonWriter&)>& write, int status) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = JsonObject(write);
  return response;
}

Response NothingToSay() {
  Response response;
  response.status = 204;
  return response;
}

Response Unsniffed(Response response) {
  constexpr const char* kName = "X-Content-Type-Options";
  if (std::ranges::find(response.headers, kName, &Response::Header::name) == response.headers.end()) {
    response.headers.push_back({kName, "nosniff"});
  }
  return response;
}

Response Problem(int status, std::string_view detail, std::string_view pointer) {
  Response response = JsonAnswer(
      [&](base::JsonWriter& json) {
        json.Field("type", "about:blank");
        json.Field("title", Title(status));
        json.Field("status", status);
        json.Field("detail", detail);
        if (pointer.data() != nullptr) json.Field("pointer", pointer);
      },
      status);
  response.headers[0].value = "application/problem+json";
  return response;
}

Response Problem(const listening::Error& error) {
  switch (error.code) {
    case listening::ErrorCode::kRefused:
      return Problem(422, error.message);
    case listening::ErrorCode::kConflict:
      return Problem(412, error.message);
    case listening::ErrorCode::kNotReady:
    case listening::ErrorCode::kBusy:
    case listening::ErrorCode::kFailed:
      break;
  }
  return Problem(503, error.message);
}

Response Problem(clip_store::StorageError error, std::string_view what) {
  const std::string prefix = std::string(what) + ": ";
  switch (error) {
    case clip_store::StorageError::kNotFound:
      return Problem(404, prefix + "there is no such one");
    case clip_store::StorageError::kBusy:
      return Problem(409, prefix + "it is being written, or storage is busy; try again");
    case clip_store::StorageError::kGone:
      return Problem(503, prefix + "there is no storage; status has the reason");
    default:
      return Problem(503, prefix + "storage: " + std::string(clip_store::StorageErrorName(error)));
  }
}

}  // namespace device_api
