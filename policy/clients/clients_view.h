// SPDX-License-Identifier: Apache-2.0
// Look-ups in the run-time table (page.h) while its writer changes it.
//
// Runs in: workers. Trusts: nothing that is in the page. Whatever its octets say, a look-up ends
// and reads nothing beyond it; from a writer that keeps page.h's invariants it gets what is true at
// some moment of the call. Pure: the time comes from the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "policy/clients/page.h"

namespace gatehouse::clients {

class ClientsView {
 public:
  // page outlives the view.
  explicit ClientsView(const Page* page) : page_(page) {}

  // now_ms, everywhere: milliseconds since 1970; what has expired by then is not there.
  // Of all networks that hold the client: for each key the value of the most specific one.
  void labels(const IpAddress& client, std::int64_t now_ms, std::vector<std::string>* labels) const;
  // The number of the bypass of the client; 0: there is none.
  std::uint64_t bypass(const IpAddress& client, std::int64_t now_ms) const;
  // Is there any grant that may be for this client?
  bool may_have_grants(const IpAddress& client) const;
  // The number of the client's grant for a host, in the form of policy::normal_name() or
  // to_string(IpAddress); 0: there is none.
  std::uint64_t grant(const IpAddress& client, std::string_view host, std::int64_t now_ms) const;
  bool has_client(const IpAddress& client, std::int64_t now_ms) const;

  // How many removals there were, and the network of each; nothing for one that is forgotten.
  std::uint64_t removals() const { return page_->removals.load(std::memory_order_acquire); }
  std::optional<Network> removal(std::uint64_t number) const;

 private:
  // Calls take(record) for what is there for a network of the client, the most specific first,
  // until it returns true. Whether it did.
  template <class Take>
  bool each(Kind kind, const IpAddress& client, std::string_view host, std::int64_t now_ms,
            Take take) const;
  const Table& table() const {
    return page_->tables[page_->active.load(std::memory_order_acquire) & 1];
  }
  bool find(const Record& key, Record* found) const;

  const Page* page_;
};

// The text of a record; bounds are the record's own.
inline std::string_view view_text(const Record& record) {
  return {record.text.data(), record.text_size < kMaxText ? record.text_size : kMaxText};
}

}  // namespace gatehouse::clients
