// SPDX-License-Identifier: Apache-2.0
#include "cli/json.h"

namespace gatehouse::cli {

std::string json_string(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet > 0x7e) {
      result.append({'\\', 'u', '0', '0', kHex[octet >> 4], kHex[octet & 15]});
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "\"";
}

std::string json_array(const std::vector<std::string>& items) {
  std::string result = "[";
  for (const std::string& item : items) {
    if (result.size() > 1) result += ',';
    result += item;
  }
  return result + "]";
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  if (!text_.empty()) text_ += ',';
  text_.append(json_string(key)).append(":").append(json);
  return *this;
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
  return raw(key, json_string(value));
}

JsonObject& JsonObject::number(std::string_view key, long long value) {
  return raw(key, std::to_string(value));
}

JsonObject& JsonObject::flag(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

}  // namespace gatehouse::cli
