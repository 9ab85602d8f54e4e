// SPDX-License-Identifier: Apache-2.0
#include "worker/http/head.h"

namespace gatehouse::worker::http {

std::string_view Head::find(FieldId id) const {
  for (const Field& field : fields()) {
    if (field.id == id) return value(field);
  }
  return {};
}

bool Head::has(FieldId id) const {
  for (const Field& field : fields()) {
    if (field.id == id) return true;
  }
  return false;
}

}  // namespace gatehouse::worker::http
