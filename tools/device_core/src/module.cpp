// SPDX-License-Identifier: Apache-2.0
#include "bindings.h"

NB_MODULE(_core, module) {
  module.doc() = "The device's portable C++ components.";
  device_core::BindAudioInput(module);
  device_core::BindBase(module);
  device_core::BindLogMel(module);
  device_core::BindListening(module);
  device_core::BindSoundEvents(module);
  device_core::BindClipStore(module);
  device_core::BindSoundModel(module);
}
