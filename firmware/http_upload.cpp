// SPDX-License-Identifier: Apache-2.0
#include "http_upload.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "http_answer.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr size_t kPieceBytes = 4096;
constexpr size_t kMostUnwantedBytes = 8 << 20;  // of an image that is refused before its end
constexpr int kPatience = 2;                    // times the server's own, of 5 s

std::atomic<bool> taken = false;  ///< Somebody sends one already.

struct Upload {
  App& app;
  device_api::Api& api;
  httpd_req_t* request;
  std::unique_ptr<device_api::Intake> intake;  ///< nullptr: nothing is wanted of it any more.
  std::optional<device_api::Response> answer;
};

/// @return how many bytes came; 0 when no more will.
size_t Receive(httpd_req_t* request, std::span<char> piece) {
  for (int i = 0; i < kPatience; ++i) {
    const int got = httpd_req_recv(request, piece.data(), piece.size());
    if (got != HTTPD_SOCK_ERR_TIMEOUT) return got > 0 ? static_cast<size_t>(got) : 0;
  }
  return 0;
}

/// Whoever sends what is not wanted hears why when he has sent it: many do not listen before.
/// @return whether all of it came.
bool TakeBody(Upload& upload) {
  std::vector<char> piece(kPieceBytes);
  size_t left = upload.request->content_len, unwanted = 0;
  while (left > 0 && unwanted < kMostUnwantedBytes) {
    const size_t got = Receive(upload.request, std::span(piece).first(std::min(left, piece.size())));
    if (got == 0) return false;
    left -= got;
    if (upload.answer) {
      unwanted += got;
    } else {
      upload.answer = upload.intake->Take({piece.data(), got});
    }
  }
  if (!upload.answer) upload.answer = upload.intake->Finish();
  return left == 0;
}

void Serve(Upload& upload) {
  const bool whole = TakeBody(upload);
  upload.intake.reset();
  const bool sent =
      upload.answer && SendAll(upload.request, Head(*upload.answer)) && SendAll(upload.request, upload.answer->body);
  if (upload.api.restart_requested()) ShutDown(upload.app);
  const httpd_handle_t server = upload.request->handle;
  const int socket = httpd_req_to_sockfd(upload.request);
  httpd_req_async_handler_complete(upload.request);
  if (!whole || !sent) httpd_sess_trigger_close(server, socket);
}

void Run(void* argument) {
  {
    const std::unique_ptr<Upload> upload(static_cast<Upload*>(argument));
    Serve(*upload);
  }
  taken = false;
  vTaskDelete(nullptr);
}

esp_err_t Refuse(httpd_req_t* request, const device_api::Response& answer) {
  SendAll(request, Head(answer)) && SendAll(request, answer.body);
  return ESP_FAIL;  // what was not read must not be taken for the next request
}

}  // namespace

esp_err_t TakeUpload(App& app, device_api::Api& api, const device_api::Request& asked, httpd_req_t* request) {
  if (taken.exchange(true)) return Refuse(request, device_api::Api::Busy("somebody sends an update already"));
  auto upload = std::make_unique<Upload>(Upload{app, api, nullptr, nullptr, std::nullopt});
  if (auto opened = api.Open(asked)) {
    upload->intake = *std::move(opened);
  } else {
    upload->answer = std::move(opened.error());
  }
  if (httpd_req_async_handler_begin(request, &upload->request) == ESP_OK) {
    Upload* const given = upload.release();
    if (TryStartTask(kUploadTask, Run, given, nullptr)) return ESP_OK;
    upload.reset(given);
    httpd_req_async_handler_complete(upload->request);
  }
  upload.reset();
  taken = false;
  return Refuse(request, device_api::Api::Busy("there is no memory to take an update now"));
}

}  // namespace firmware
