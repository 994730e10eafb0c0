// SPDX-License-Identifier: Apache-2.0
#include "page.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "answers.h"

namespace device_api {
namespace {

struct PageFile {
  std::string_view name;
  const char* type;
  const char* tag;  ///< Its ETag.
  std::string_view gzip;
};

constexpr auto kFiles = std::to_array<PageFile>({
#include "page_files.inc"
});

constexpr char kPolicy[] =
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'";

}  // namespace

Response ServePage(const Request& request, std::span<const std::string> path) {
  const std::string_view name = path.empty() ? std::string_view("index.html") : path[0];
  const auto file = std::ranges::find(kFiles, name, &PageFile::name);
  if (path.size() > 1 || file == kFiles.end()) return Problem(404, "there is nothing of this name");
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = Problem(405, "this is not to be done with it; Allow has what is");
    response.headers.push_back({"Allow", "GET"});
    return response;
  }
  Response response;
  response.headers = {{"ETag", file->tag},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", kPolicy},
                      {"Referrer-Policy", "no-referrer"}};
  if (request.if_none_match == file->tag) {
    response.status = 304;
    return response;
  }
  response.headers.push_back({"Content-Type", file->type});
  response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = file->gzip;
  return response;
}

}  // namespace device_api
