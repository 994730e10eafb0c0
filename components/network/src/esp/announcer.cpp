// SPDX-License-Identifier: Apache-2.0
#include "network/esp/announcer.h"

#include "mdns.h"

namespace network::esp {
namespace {

constexpr char kService[] = "_yamnet";
constexpr char kProtocol[] = "_tcp";

}  // namespace

std::expected<void, std::string> Announcer::Start(const std::string& hostname) {
  esp_err_t error = mdns_init();
  if (error == ESP_OK) error = mdns_hostname_set(hostname.c_str());
  if (error != ESP_OK) return std::unexpected(std::string("no mDNS: ") + esp_err_to_name(error));
  started_ = true;
  return {};
}

void Announcer::Tell(const Announcement& announcement) {
  if (!started_ || (told_ && announcement == last_)) return;
  const char* const web = announcement.tls ? "_https" : "_http";
  std::vector<mdns_txt_item_t> items;
  for (const auto& [key, value] : announcement.items) items.push_back({key, value.c_str()});
  mdns_instance_name_set(announcement.name.c_str());
  if (told_) {
    told_ = mdns_service_txt_set(kService, kProtocol, items.data(), static_cast<uint8_t>(items.size())) == ESP_OK;
  } else {
    mdns_service_remove_all();
    told_ = mdns_service_add(nullptr, web, kProtocol, announcement.port, nullptr, 0) == ESP_OK &&
            mdns_service_add(nullptr, kService, kProtocol, announcement.port, items.data(), items.size()) == ESP_OK;
  }
  last_ = announcement;
}

}  // namespace network::esp
