// SPDX-License-Identifier: Apache-2.0
#include "home_link/house_view.h"

#include "device_classes.h"

namespace home_link {

House HouseView::Look() {
  HomeSettings::Naming naming = settings_.naming();
  House house{.identity = {site_.id(), std::move(naming.name), std::move(naming.place), site_.url()},
              .rules = {},
              .armed = {},
              .state = device_.state()};
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
