// SPDX-License-Identifier: Apache-2.0
#include "update_places.h"

#include "sdkconfig.h"
#include "update/esp/places.h"

namespace firmware {

update::Updates::Places FindUpdatePlaces() {
#if CONFIG_SOUND_MODEL_MAPPED
  return update::esp::FindPlaces(false);
#else
  return update::esp::FindPlaces(true);
#endif
}

const char* ModelLabel(int slot) { return update::esp::kModelLabels[slot]; }

}  // namespace firmware
