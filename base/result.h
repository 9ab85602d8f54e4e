// SPDX-License-Identifier: Apache-2.0
// The outcome of a function that may fail: a value, or one sentence that says what failed.
//
// Not here: refusals (an enum of their own in the protocol) and violations (they end the sender).
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace gatehouse {

// number is an errno value, or 0 where no system call was involved. what is a sentence without a
// final full stop that names the thing and, where one is known, the remedy.
struct Error {
  int number = 0;
  std::string what;
};

// The error of the system call that has just failed: "WHAT: strerror(errno)".
inline Error errno_error(const std::string& what) {
  const int number = errno;
  return Error{number, what + ": " + std::strerror(number)};
}

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return std::holds_alternative<T>(state_); }
  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Unit {};
using Status = Result<Unit>;
inline Status ok() { return Unit{}; }

}  // namespace gatehouse
