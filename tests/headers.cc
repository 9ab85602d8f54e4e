// SPDX-License-Identifier: Apache-2.0
// A target needs a source; this one stands for the headers that the tests share (CMakeLists.txt).
