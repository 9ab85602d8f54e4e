// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/public_suffix.h"

#include <libpsl.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "policy/lists/blob_format.h"

namespace gatehouse::lists {
namespace {

const psl_ctx_t* suffixes() {
  const psl_ctx_t* list = psl_builtin();
  CHECK(list != nullptr);  // a libpsl that was built without its list is of no use here
  return list;
}

}  // namespace

bool is_public_suffix(std::string_view host) {
  static const psl_ctx_t* const list = suffixes();
  std::array<char, kMaxName + 1> text;
  if (host.size() > kMaxName) return false;
  *std::copy(host.begin(), host.end(), text.begin()) = '\0';
  return psl_is_public_suffix(list, text.data()) != 0;
}

}  // namespace gatehouse::lists
