// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace device_core {

/// Each component's bindings, one file each.
void BindAudioInput(nanobind::module_& module);
void BindBase(nanobind::module_& module);
void BindClipStore(nanobind::module_& module);
void BindListening(nanobind::module_& module);
void BindLogMel(nanobind::module_& module);
void BindSoundEvents(nanobind::module_& module);
void BindSoundModel(nanobind::module_& module);

}  // namespace device_core
