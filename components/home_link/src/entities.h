// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "home_link/house.h"
#include "topics.h"

namespace home_link {

/// What decides which entities there are, and what is told of them.
struct Described {
  Identity identity;
  std::vector<HouseRule> rules;
  std::string board;
  std::string version;
  bool psram;
  bool wifi;
  bool firmware;  ///< Can be replaced over the air.
  bool model;

  static Described Of(const House& house);
  bool operator==(const Described&) const = default;
};

/// One thing that Home Assistant shows. Keys never change: unique ids are made of them.
struct Entity {
  std::string platform;
  std::string key;
  std::string config;  ///< Its fields as JSON, without braces.
};

/// An entity's name among those of a device: platform and key.
using EntityName = std::pair<std::string, std::string>;

std::vector<Entity> Entities(const Described& described, const Topics& topics);

/// The device-based form: one document.
/// @param gone  entities that there were, which it removes.
std::string DeviceDocument(const Described& described, const std::vector<Entity>& entities,
                           const std::set<EntityName>& gone, const Topics& topics);

/// The form for each entity.
std::string EntityDocument(const Described& described, const Entity& entity, const Topics& topics);

/// The entities of a device document that somebody may have damaged; those it removes are left out.
std::set<EntityName> NamesIn(std::string_view device_document);

/// Whether a topic may be made of it.
bool IsName(std::string_view text);

}  // namespace home_link
