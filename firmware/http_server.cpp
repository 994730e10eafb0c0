// SPDX-License-Identifier: Apache-2.0
#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "app.h"
#include "device_api/api.h"
#include "esp_http_server.h"
#include "http_answer.h"
#include "http_transport.h"
#include "http_upload.h"
#include "large_memory.h"
#include "log_tee.h"
#include "network_interface.h"
#include "sdkconfig.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr TickType_t kStreamPeriod = pdMS_TO_TICKS(30);
constexpr size_t kMostStreams = CONFIG_FIRMWARE_HTTP_SOCKETS - 4;  ///< The others are for requests that end.
constexpr int kPiecesATurn = 8;  ///< Of a stream, so that a download leaves the others their turn.
constexpr std::array kMethods = {HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_POST, HTTP_DELETE};

std::string Field(httpd_req_t* request, const char* name) {
  const size_t length = httpd_req_get_hdr_value_len(request, name);
  if (length == 0 || length > device_api::Request::kMostTargetBytes) return "";
  std::string value(length + 1, '\0');
  if (httpd_req_get_hdr_value_str(request, name, value.data(), value.size()) != ESP_OK) return "";
  value.resize(length);
  return value;
}

std::string PeerOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6&>(address).sin6_addr, text.data(), text.size());
  } else {
    inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in&>(address).sin_addr, text.data(), text.size());
  }
  return text.data();
}

/// @return false when the client has gone or is too slow.
bool ReadBody(httpd_req_t* request, std::string& body) {
  // A byte more than it takes, so that the API says that it is too much.
  body.resize(std::min(request->content_len, device_api::Request::kMostBodyBytes + 1));
  for (size_t done = 0; done < body.size();) {
    const int got = httpd_req_recv(request, body.data() + done, body.size() - done);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

/// Answers whose bodies come while the device listens. A task of its own asks all of them in turn and never waits for a
/// client: what a socket does not take stays here, and nothing more is made until it is gone.
class Streams {
 public:
  explicit Streams(std::unique_ptr<base::Lock> lock) : lock_(std::move(lock)) {}

  /// @return false when there are too many.
  bool Add(httpd_req_t* request, device_api::Response response) {
    const std::lock_guard guard(*lock_);
    if (open_.size() >= kMostStreams) return false;
    httpd_req_t* copy = nullptr;
    if (httpd_req_async_handler_begin(request, &copy) != ESP_OK) return false;
    std::string head = Head(response);
    open_.push_back({copy, httpd_req_to_sockfd(copy), response.length, std::move(head), std::move(response.stream)});
    return true;
  }

  void Run() {
    for (;;) {
      vTaskDelay(kStreamPeriod);
      const std::lock_guard guard(*lock_);
      std::erase_if(open_, [](Open& each) { return !Serve(each); });
    }
  }

 private:
  struct Open {
    httpd_req_t* request;
    int socket;
    std::optional<uint64_t> left;  ///< Of a body whose length was told.
    std::string pending;
    std::unique_ptr<device_api::Stream> stream;  ///< nullptr once it has ended.
  };

  static bool Serve(Open& each) {
    // A client that has gone is seen by reading; one that speaks meanwhile is none of ours.
    std::array<char, 1> byte;
    const auto got = recv(each.socket, byte.data(), byte.size(), MSG_PEEK | MSG_DONTWAIT);
    bool open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    for (int piece = 0; open && piece < kPiecesATurn; ++piece) {
      if (each.pending.empty() && each.stream != nullptr) Refill(each);
      if (each.pending.empty()) break;
      const int sent = SendNow(each.request->handle, each.socket, each.pending);
      open = sent >= 0;
      if (sent <= 0) break;
      each.pending.erase(0, static_cast<size_t>(sent));
    }
    if (open && (each.stream != nullptr || !each.pending.empty())) return true;
    const httpd_handle_t server = each.request->handle;
    httpd_req_async_handler_complete(each.request);
    // The end of a body that is shorter than was told, or whose length was not told, is the connection's.
    if (!open || each.left != 0) httpd_sess_trigger_close(server, each.socket);
    return false;
  }

  static void Refill(Open& each) {
    if (!each.stream->Next(each.pending)) each.stream.reset();
    if (each.left) *each.left -= std::min<uint64_t>(*each.left, each.pending.size());
  }

  std::unique_ptr<base::Lock> lock_;
  std::list<Open> open_;
};

}  // namespace

struct HttpServer {
  HttpServer(App& app, listening::OwnerToken& owner)
      : app(app),
        log(app.services.MakeLock()),
        api(app.device, owner, log, TheNetwork(app.services), app.updates,
            {AllocateLarge<device_api::PatchHistory::Patch>(device_api::Api::kHourOfPatches),
             AllocateLarge<device_api::LevelHistory::Step>(device_api::Api::kDayOfLevels)}),
        streams(app.services.MakeLock()) {
    KeepLogLines(log);
  }

  App& app;
  listening::LogLines log;
  device_api::Api api;
  Streams streams;
};

namespace {

esp_err_t Serve(httpd_req_t* request) {
  HttpServer& server = *static_cast<HttpServer*>(request->user_ctx);
  const int socket = httpd_req_to_sockfd(request);
  device_api::Request asked{.method = http_method_str(static_cast<http_method>(request->method)),
                            .target = request->uri,
                            .body = {},
                            .peer = PeerOf(socket),
                            .authorization = Field(request, "Authorization"),
                            .cookie = Field(request, "Cookie"),
                            .host = Field(request, "Host"),
                            .origin = Field(request, "Origin"),
                            .if_match = Field(request, "If-Match"),
                            .if_none_match = Field(request, "If-None-Match"),
                            .if_range = Field(request, "If-Range"),
                            .range = Field(request, "Range"),
                            .last_event_id = Field(request, "Last-Event-ID"),
                            .content_length = std::nullopt,
                            .content_digest = Field(request, "Content-Digest"),
                            .signature = Field(request, "X-Signature")};
  if (request->content_len != 0) asked.content_length = request->content_len;
  if (device_api::Api::ComesInPieces(asked)) return TakeUpload(server.app, server.api, asked, request);
  if (!ReadBody(request, asked.body)) return ESP_FAIL;
  device_api::Response response = server.api.Handle(asked);
  if (response.stream) {
    if (server.streams.Add(request, std::move(response))) return ESP_OK;
    response = device_api::Api::Busy("too many listen already");
  }
  const bool sent = SendAll(request, Head(response)) && SendAll(request, response.body);
  if (server.api.restart_requested()) ShutDown(server.app);
  // What was not read of a body that is too long must not be taken for the next request.
  return sent && asked.body.size() == request->content_len ? ESP_OK : ESP_FAIL;
}

/// $YAMNET_HTTP_PORT, for several processes on one computer.
uint16_t Port() {
  const char* const port = std::getenv("YAMNET_HTTP_PORT");
  return port == nullptr ? CONFIG_FIRMWARE_HTTP_PORT : static_cast<uint16_t>(std::strtoul(port, nullptr, 10));
}

/// The server's own parser says 500 to some bytes that are no request.
esp_err_t RefuseWhatIsNone(httpd_req_t* request, httpd_err_code_t) {
  return httpd_resp_send_err(request, HTTPD_400_BAD_REQUEST, "this is no request");
}

void RunStreams(void* argument) { static_cast<HttpServer*>(argument)->streams.Run(); }

}  // namespace

std::expected<HttpServer*, std::string> MakeHttpServer(App& app) {
  const auto owner = app.device.owner();
  if (!owner) return std::unexpected(owner.error().message);
  return new HttpServer(app, **owner);
}

device_api::Api& ApiOf(HttpServer& server) { return server.api; }

std::expected<std::string, std::string> StartHttpServer(HttpServer& server) {
  httpd_config_t configuration = HTTPD_DEFAULT_CONFIG();
  configuration.server_port = Port();
  configuration.ctrl_port = configuration.server_port;  // UDP; no two servers of a computer may share it
  configuration.task_priority = kHttpTask.priority;
  configuration.stack_size = kHttpTask.stack_bytes;
  configuration.core_id = kHttpTask.core;
  configuration.max_open_sockets = CONFIG_FIRMWARE_HTTP_SOCKETS;
  configuration.max_uri_handlers = kMethods.size();
  configuration.lru_purge_enable = true;
  configuration.uri_match_fn = httpd_uri_match_wildcard;
  const auto handle = StartServer(configuration, server.app.services);
  if (!handle) return std::unexpected(handle.error());
  for (const httpd_method_t method : kMethods) {
    httpd_uri_t route{};
    route.uri = "/*";
    route.method = method;
    route.handler = Serve;
    route.user_ctx = &server;
    httpd_register_uri_handler(*handle, &route);
  }
  httpd_register_err_handler(*handle, HTTPD_500_INTERNAL_SERVER_ERROR, RefuseWhatIsNone);
  StartTask(kStreamTask, RunStreams, &server, nullptr);
  return "port " + std::to_string(configuration.server_port);
}

}  // namespace firmware
