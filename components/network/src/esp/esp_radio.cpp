// SPDX-License-Identifier: Apache-2.0
#include "network/esp/esp_radio.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>

#include "esp_event.h"
#include "esp_netif.h"
#include "esp_timer.h"
#include "esp_wifi.h"
#include "portal_dns.h"

namespace network::esp {
namespace {

using Input = Radio::Input;
using Kind = Input::Kind;

constexpr char kTag[] = "network";
constexpr char kSetupMask[] = "255.255.255.0";
constexpr char kSetupPrefix[] = "192.168.217.";
constexpr uint8_t kMostGuests = 4;
constexpr uint16_t kMostRecords = 32;
constexpr size_t kMostWaiting = 16;
constexpr int64_t kLeaveUs = 2'000'000;  ///< So long for the driver to tell that it has left.

const char* Reason(uint8_t reason) {
  switch (reason) {
    case WIFI_REASON_NO_AP_FOUND:
    case WIFI_REASON_NO_AP_FOUND_IN_RSSI_THRESHOLD:
      return "it is out of reach";
    case WIFI_REASON_MIC_FAILURE:
    case WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT:
    case WIFI_REASON_AUTH_FAIL:
    case WIFI_REASON_HANDSHAKE_TIMEOUT:
      return "the password is wrong";
    case WIFI_REASON_NO_AP_FOUND_W_COMPATIBLE_SECURITY:
    case WIFI_REASON_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD:
      return "it is not protected as is expected: with WPA2 or WPA3 where there is a password, else openly";
    case WIFI_REASON_BEACON_TIMEOUT:
      return "its signal is gone";
    case WIFI_REASON_ASSOC_TOOMANY:
      return "it has no place for one more";
    case WIFI_REASON_AUTH_LEAVE:
    case WIFI_REASON_ASSOC_LEAVE:
    case WIFI_REASON_AP_INITIATED:
      return "it has ended the connection";
    default:
      return nullptr;
  }
}

std::string Said(const char* what, esp_err_t error) { return std::string(what) + ": " + esp_err_to_name(error); }

esp_ip4_addr_t Address(const std::string& text) { return {text.empty() ? 0 : esp_ip4addr_aton(text.c_str())}; }

class ChipRadio final : public EspRadio {
 public:
  ChipRadio(listening::Services& services, std::string hostname, std::string portal)
      : services_(services), lock_(services.MakeLock()), hostname_(std::move(hostname)), portal_(std::move(portal)) {}

  std::expected<void, std::string> Start() override {
    if (station_ == nullptr) station_ = esp_netif_create_default_wifi_sta();
    esp_netif_set_hostname(station_, hostname_.c_str());
    wifi_init_config_t settings = WIFI_INIT_CONFIG_DEFAULT();
    settings.nvs_enable = 0;  // what is known is kept by WifiSettings
    if (const esp_err_t made = esp_wifi_init(&settings); made != ESP_OK) return std::unexpected(Said("no Wi-Fi", made));
    esp_err_t error = esp_wifi_set_storage(WIFI_STORAGE_RAM);
    if (error == ESP_OK) error = esp_wifi_set_mode(WIFI_MODE_STA);
    if (error == ESP_OK) error = esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, OnEvent, this);
    if (error == ESP_OK) error = esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, OnEvent, this);
    if (error == ESP_OK) error = esp_wifi_start();
    if (error == ESP_OK) return {};
    esp_event_handler_unregister(WIFI_EVENT, ESP_EVENT_ANY_ID, OnEvent);
    esp_event_handler_unregister(IP_EVENT, ESP_EVENT_ANY_ID, OnEvent);
    esp_wifi_deinit();
    return std::unexpected(Said("Wi-Fi does not start", error));
  }

  void SetCountry(const std::string& country) override {
    if (const esp_err_t set = esp_wifi_set_country_code(country.c_str(), true); set != ESP_OK)
      services_.Log(listening::LogLevel::kError, kTag, Said("the country is not set", set));
  }

  void Scan() override {
    wifi_scan_config_t settings{};
    if (esp_wifi_scan_start(&settings, false) != ESP_OK) Tell({.kind = Kind::kSeen, .text = {}});
  }

  void Join(const KnownNetwork& network) override {
    Leave();
    next_ = network;
    JoinNext();
  }

  void Leave() override {
    next_.reset();
    if (active_.exchange(false)) {
      left_until_us_ = esp_timer_get_time() + kLeaveUs;
      leaving_ = esp_wifi_disconnect() == ESP_OK;
    }
    const std::lock_guard guard(*lock_);
    std::erase_if(inputs_, [](const Input& input) { return input.kind != Kind::kSeen; });
  }

  std::expected<void, std::string> OpenSetup(const AccessPoint& setup) override {
    if (setup_ == nullptr) setup_ = esp_netif_create_default_wifi_ap();
    wifi_config_t settings{};
    wifi_ap_config_t& ap = settings.ap;
    ap.ssid_len = static_cast<uint8_t>(setup.ssid.copy(reinterpret_cast<char*>(ap.ssid), sizeof(ap.ssid)));
    setup.password.copy(reinterpret_cast<char*>(ap.password), sizeof(ap.password) - 1);
    ap.authmode = WIFI_AUTH_WPA2_PSK;
    ap.pmf_cfg.capable = true;
    ap.channel = 1;
    ap.max_connection = kMostGuests;
    ap.beacon_interval = 100;
    esp_err_t error = GiveAddresses();
    if (error == ESP_OK) error = esp_wifi_set_mode(WIFI_MODE_APSTA);
    if (error == ESP_OK) error = esp_wifi_set_config(WIFI_IF_AP, &settings);
    std::expected<void, std::string> opened;
    if (error != ESP_OK) {
      opened = std::unexpected(esp_err_to_name(error));
    } else {
      opened = dns_.Open(Address(kSetupAddress));
    }
    if (!opened) CloseSetup();
    return opened;
  }

  void CloseSetup() override {
    dns_.Close();
    esp_wifi_set_mode(WIFI_MODE_STA);
  }

  int guests() const override {
    wifi_sta_list_t list{};
    return esp_wifi_ap_get_sta_list(&list) == ESP_OK ? list.num : 0;
  }

  std::optional<int> rssi_dbm() const override {
    int rssi = 0;
    return esp_wifi_sta_get_rssi(&rssi) == ESP_OK ? std::optional(rssi) : std::nullopt;
  }

  bool IsGuest(std::string_view peer) const override {
    if (const size_t mapped = peer.rfind(':'); mapped != std::string_view::npos) peer.remove_prefix(mapped + 1);
    if (!peer.starts_with(kSetupPrefix)) return false;
    esp_netif_ip_info_t own{};
    // Of a network that has the same addresses nobody can be told from a guest.
    const uint32_t mask = Address(kSetupMask).addr;
    return esp_netif_get_ip_info(station_, &own) == ESP_OK &&
           (own.ip.addr & mask) != (Address(kSetupAddress).addr & mask);
  }

  std::string portal() const override { return portal_; }

  std::optional<Input> Poll() override {
    dns_.Serve();
    if (next_) JoinNext();
    std::optional<Input> input;
    {
      const std::lock_guard guard(*lock_);
      if (inputs_.empty()) return std::nullopt;
      input = std::move(inputs_.front());
      inputs_.pop_front();
    }
    if (input->kind == Kind::kSeen) input->seen = TakeRecords();
    return input;
  }

 private:
  static void OnEvent(void* self, esp_event_base_t base, int32_t id, void* data) {
    static_cast<ChipRadio*>(self)->Take(base, id, data);
  }

  /// In the event loop's task.
  void Take(esp_event_base_t base, int32_t id, const void* data) {
    if (base == IP_EVENT && id == IP_EVENT_STA_GOT_IP) {
      if (!active_) return;
      std::array<char, IP4ADDR_STRLEN_MAX> text{};
      esp_ip4addr_ntoa(&static_cast<const ip_event_got_ip_t*>(data)->ip_info.ip, text.data(), text.size());
      return Tell({.kind = Kind::kUp, .text = text.data()});
    }
    if (base == IP_EVENT && id == IP_EVENT_STA_LOST_IP && active_)
      return Tell({.kind = Kind::kDown, .text = "its address is gone"});
    if (base != WIFI_EVENT) return;
    if (id == WIFI_EVENT_SCAN_DONE) return Tell({.kind = Kind::kSeen, .text = {}});
    if (id != WIFI_EVENT_STA_DISCONNECTED) return;
    if (leaving_.exchange(false) || !active_.exchange(false)) return;
    const uint8_t code = static_cast<const wifi_event_sta_disconnected_t*>(data)->reason;
    const char* const reason = Reason(code);
    Tell({.kind = Kind::kDown, .text = reason != nullptr ? reason : "Wi-Fi's reason " + std::to_string(code)});
  }

  void Tell(Input input) {
    const std::lock_guard guard(*lock_);
    if (inputs_.size() < kMostWaiting) inputs_.push_back(std::move(input));
  }

  /// Once the network before is left: what the driver tells of it then is not taken for the next one's.
  void JoinNext() {
    if (leaving_ && esp_timer_get_time() < left_until_us_) return;
    leaving_ = false;
    const KnownNetwork network = *std::exchange(next_, std::nullopt);
    wifi_config_t settings{};
    wifi_sta_config_t& sta = settings.sta;
    network.ssid.copy(reinterpret_cast<char*>(sta.ssid), sizeof(sta.ssid));
    network.password.copy(reinterpret_cast<char*>(sta.password), sizeof(sta.password));
    sta.scan_method = WIFI_ALL_CHANNEL_SCAN;
    sta.sort_method = WIFI_CONNECT_AP_BY_SIGNAL;
    sta.threshold.authmode = network.password.empty() ? WIFI_AUTH_OPEN : WIFI_AUTH_WPA2_PSK;
    sta.sae_pwe_h2e = WPA3_SAE_PWE_BOTH;
    sta.pmf_cfg.capable = true;
    active_ = true;
    esp_err_t error = esp_wifi_set_config(WIFI_IF_STA, &settings);
    if (error == ESP_OK) error = SetAddress(network.static_address);
    if (error == ESP_OK) error = esp_wifi_connect();
    if (error == ESP_OK) return;
    active_ = false;
    Tell({.kind = Kind::kDown, .text = esp_err_to_name(error)});
  }

  esp_err_t SetAddress(const std::optional<StaticAddress>& fixed) {
    esp_netif_dhcpc_stop(station_);
    esp_netif_ip_info_t info{};
    if (fixed) {
      info = {.ip = Address(fixed->address), .netmask = Address(fixed->netmask), .gw = Address(fixed->gateway)};
      esp_netif_dns_info_t dns{};
      dns.ip.u_addr.ip4 = Address(fixed->dns);
      dns.ip.type = ESP_IPADDR_TYPE_V4;
      esp_netif_set_dns_info(station_, ESP_NETIF_DNS_MAIN, &dns);
    }
    const esp_err_t set = esp_netif_set_ip_info(station_, &info);
    return set != ESP_OK || fixed ? set : esp_netif_dhcpc_start(station_);
  }

  /// The addresses of the access point, which is closed yet, and of its guests, and where they find the page. The DHCP
  /// server names itself as the DNS server.
  esp_err_t GiveAddresses() {
    esp_netif_dhcps_stop(setup_);
    const esp_netif_ip_info_t info = {
        .ip = Address(kSetupAddress), .netmask = Address(kSetupMask), .gw = Address(kSetupAddress)};
    esp_err_t error = esp_netif_set_ip_info(setup_, &info);
    if (error == ESP_OK) {
      error =
          esp_netif_dhcps_option(setup_, ESP_NETIF_OP_SET, ESP_NETIF_CAPTIVEPORTAL_URI, portal_.data(), portal_.size());
    }
    return error == ESP_OK ? esp_netif_dhcps_start(setup_) : error;
  }

  static std::vector<Seen> TakeRecords() {
    uint16_t count = kMostRecords;
    std::vector<wifi_ap_record_t> records(count);
    if (esp_wifi_scan_get_ap_records(&count, records.data()) != ESP_OK) return {};
    records.resize(count);
    std::vector<Seen> seen;
    for (const wifi_ap_record_t& record : records) {
      const auto* const ssid = reinterpret_cast<const char*>(record.ssid);
      seen.push_back({.ssid = std::string(ssid, strnlen(ssid, KnownNetwork::kMostSsidBytes)),
                      .rssi_dbm = record.rssi,
                      .secure = record.authmode != WIFI_AUTH_OPEN && record.authmode != WIFI_AUTH_OWE,
                      .channel = record.primary});
    }
    return seen;
  }

  listening::Services& services_;
  std::unique_ptr<base::Lock> lock_;
  const std::string hostname_;
  std::string portal_;  ///< The DHCP server keeps a pointer to it.
  esp_netif_t* station_ = nullptr;
  esp_netif_t* setup_ = nullptr;
  PortalDns dns_;
  std::optional<KnownNetwork> next_;
  int64_t left_until_us_ = 0;
  std::atomic<bool> active_ = false;   ///< A network is joined, or tried.
  std::atomic<bool> leaving_ = false;  ///< The driver has not told yet that it has left the one before.
  std::deque<Input> inputs_;           ///< Under the lock.
};

}  // namespace

std::unique_ptr<EspRadio> MakeEspRadio(listening::Services& services, std::string hostname, std::string portal) {
  return std::make_unique<ChipRadio>(services, std::move(hostname), std::move(portal));
}

}  // namespace network::esp
