// SPDX-License-Identifier: Apache-2.0
// The C library's name service is not here. c-ares refers to it in functions that are never called;
// in a static executable it would load foreign libraries. So it would end the process.
#include <netdb.h>

#include "base/check.h"

extern "C" {

servent* getservbyname(const char*, const char*) { CHECK(false); }

int getservbyport_r(int, const char*, servent*, char*, size_t, servent**) { CHECK(false); }

}  // extern "C"
