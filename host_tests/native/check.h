// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the test program when `condition` does not hold; what follows is printed as by printf.
#define CHECK(condition, ...)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::printf("%s:%d: not true: %s:", __FILE__, __LINE__, #condition); \
      std::printf(" " __VA_ARGS__);                                        \
      std::printf("\n");                                                   \
      std::exit(1);                                                        \
    }                                                                      \
  } while (false)
