// SPDX-License-Identifier: Apache-2.0
// A directory with files for a command, for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace gatehouse::cli {

class CliFiles : public ::testing::Test {
 protected:
  CliFiles() {
    char name[] = "/tmp/gatehouse-cli-test-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~CliFiles() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, const std::string& text) {
    std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string directory_;
};

}  // namespace gatehouse::cli
