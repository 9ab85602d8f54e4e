// SPDX-License-Identifier: Apache-2.0
#include "worker/wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace gatehouse::worker {
namespace {

struct Probe final : Wheel::Timer {
  void on_deadline() override {
    ++fired;
    if (action) action();
  }
  int fired = 0;
  std::function<void()> action;
};

TEST(Wheel, FiresNeitherEarlyNorMoreThanATickLate) {
  Wheel wheel(1000);
  Probe probe;
  wheel.arm(&probe, 1000, 250);
  EXPECT_EQ(wheel.armed(), 1u);
  wheel.advance(1249);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(1350);
  EXPECT_EQ(probe.fired, 1);
  EXPECT_EQ(wheel.armed(), 0u);
  EXPECT_FALSE(probe.armed());
}

TEST(Wheel, LaterDeadlineIsAStoreAndEarlierOneMoves) {
  Wheel wheel(0);
  Probe probe;
  wheel.arm(&probe, 0, 1000);
  wheel.arm(&probe, 0, 5000);
  wheel.advance(1500);
  EXPECT_EQ(probe.fired, 0);
  wheel.arm(&probe, 1500, 500);
  wheel.advance(2100);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, DeadlinesBeyondOneRound) {
  Wheel wheel(0);
  Probe probe;
  const std::uint64_t hour = 3'600'000;
  wheel.arm(&probe, 0, hour);
  for (std::uint64_t now = 0; now < hour; now += Wheel::kTickMs) wheel.advance(now);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(hour + Wheel::kTickMs);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, LongSleepFiresEverything) {
  Wheel wheel(0);
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 3000; ++i) {
    probes.push_back(std::make_unique<Probe>());
    wheel.arm(probes.back().get(), 0, static_cast<std::uint64_t>(i) * 100);
  }
  wheel.advance(10'000'000);
  for (const auto& probe : probes) EXPECT_EQ(probe->fired, 1);
}

TEST(Wheel, TimeMayPassUnwatchedWhileNothingIsArmed) {
  Wheel wheel(0);
  Probe probe;
  wheel.arm(&probe, 1'000'000, 1000);
  wheel.advance(1'000'500);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(1'001'100);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, HandlerMayArmItselfAndDisarmOthers) {
  Wheel wheel(0);
  Probe a, b;
  a.action = [&] {
    wheel.disarm(&b);
    if (a.fired < 3) wheel.arm(&a, 300, 0);
  };
  wheel.arm(&a, 0, 200);
  wheel.arm(&b, 0, 200);
  wheel.advance(300);
  EXPECT_EQ(a.fired, 1);
  EXPECT_EQ(b.fired, 0);
  EXPECT_EQ(wheel.armed(), 1u);
  wheel.advance(400);
  wheel.advance(500);
  EXPECT_EQ(a.fired, 3);
  EXPECT_EQ(wheel.armed(), 0u);
}

TEST(Wheel, RandomDeadlinesAgreeWithAList) {
  std::mt19937 random(7);
  Wheel wheel(0);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::uint64_t> due(200, 0);
  for (int i = 0; i < 200; ++i) probes.push_back(std::make_unique<Probe>());
  for (std::uint64_t now = 0; now < 400'000; now += 100) {
    wheel.advance(now);
    for (std::size_t i = 0; i < probes.size(); ++i) {
      Probe& probe = *probes[i];
      if (due[i] != 0 && now >= due[i] + 100) {
        EXPECT_FALSE(probe.armed()) << i;
      }
      if (due[i] != 0 && now < due[i]) {
        EXPECT_TRUE(probe.armed()) << i;
      }
      if (random() % 20 == 0) {
        const std::uint64_t delay = random() % 150'000;
        wheel.arm(&probe, now, delay);
        due[i] = now + delay;
      } else if (random() % 100 == 0) {
        wheel.disarm(&probe);
        due[i] = 0;
      }
    }
  }
  for (auto& probe : probes) wheel.disarm(probe.get());
  EXPECT_EQ(wheel.armed(), 0u);
}

}  // namespace
}  // namespace gatehouse::worker
