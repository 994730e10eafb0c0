// SPDX-License-Identifier: Apache-2.0
#pragma once  // the test's build sets what it would
