// SPDX-License-Identifier: Apache-2.0
#include "home_link/house_view.h"

#include <algorithm>

#include "device_classes.h"

namespace home_link {
namespace {

using listening::UpdateState;

constexpr size_t kHashDigits = 8;  ///< Enough for people to tell models of one name from each other.

Updatable Of(const UpdateState& update, UpdateState::Kind kind, std::string installed) {
  Updatable updatable{.installed = std::move(installed), .percent = std::nullopt, .summary = update.last};
  if (update.busy && update.busy->what == kind)
    updatable.percent = static_cast<int>(100 * update.busy->done / std::max<uint64_t>(update.busy->of, 1));
  return updatable;
}

}  // namespace

House HouseView::Look() {
  HomeSettings::Naming naming = settings_.naming();
  House house{.identity = {site_.id(), std::move(naming.name), std::move(naming.place), site_.url()},
              .rules = {},
              .armed = {},
              .state = device_.state()};
  if (const auto& update = house.state.update) {
    house.firmware = Of(*update, UpdateState::Kind::kFirmware, update->firmware.name);
    if (const auto& model = update->model)
      house.model = Of(*update, UpdateState::Kind::kModel, model->name + " " + model->sha256.substr(0, kHashDigits));
  }
  const auto rules = device_.rules();
  const auto classes = device_.classes();
  if (!rules || !classes) return house;
  for (const auto& each : (*rules)->switches()) {
    if (each.on) house.armed.push_back(each.name);
  }
  if (const uint32_t tag = (*rules)->tag(); !rules_ || rules_->tag != tag) {
    rules_ = Rules{tag, {}};
    const auto parsed = (*rules)->Parse((*rules)->document());
    if (parsed) {
      for (const sound_events::Rule& rule : parsed->rules())
        rules_->rules.push_back({rule.name, rule.title, DeviceClassOf(rule, **classes)});
    }
  }
  house.rules = rules_->rules;
  return house;
}

}  // namespace home_link
