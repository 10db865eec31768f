// Which sanitizers this is built with, however the compiler says so.
// SPDX-License-Identifier: MIT
#pragma once

// gcc defines a macro, clang answers a question.
#if defined(__SANITIZE_ADDRESS__)
#define HYALITE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HYALITE_ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(HYALITE_ADDRESS_SANITIZER)
#define HYALITE_ADDRESS_SANITIZER 0
#endif
