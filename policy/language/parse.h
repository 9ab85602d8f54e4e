// SPDX-License-Identifier: Apache-2.0
// The grammar of rule files (docs/policy.md) by PEGTL: text to statements, includes followed.
//
// Trusts: nothing; the text is hostile. After a mistake it goes on with the next line.
#pragma once

#include <string>

#include "policy/language/document.h"
#include "policy/language/files.h"
#include "policy/language/findings.h"

namespace gatehouse::policy {

inline constexpr std::size_t kMaxFile = std::size_t{1} << 20;      // octets of one file
inline constexpr std::size_t kMaxAllFiles = std::size_t{4} << 20;  // of all
inline constexpr std::size_t kMaxFiles = 64;
inline constexpr std::size_t kMaxLine = 4096;  // octets
inline constexpr std::size_t kMaxDepth = 8;    // files that include each other

// The file named path and what it includes.
Document parse(const std::string& path, Files* files, Findings* errors);

}  // namespace gatehouse::policy
