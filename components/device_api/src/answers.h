// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json_object.h"
#include "clip_store/storage.h"
#include "device_api/http.h"
#include "listening/error.h"

namespace device_api {

using base::JsonObject;

/// A JSON object of whatever fields `write` writes, as an answer.
Response JsonAnswer(const std::function<void(base::JsonWriter&)>& write, int status = 200);

/// 204.
Response NothingToSay();

/// A browser is to take the content's type for what it is said to be.
Response Unsniffed(Response response);

/// A problem document (RFC 9457): what is wrong, and where in the request's body as a JSON pointer.
Response Problem(int status, std::string_view detail, std::string_view pointer = {});
Response Problem(const listening::Error& error);
/// @param what  the clip or what else storage was asked for.
Response Problem(clip_store::StorageError error, std::string_view what);

}  // namespace device_api
