// SPDX-License-Identifier: Apache-2.0
#include "worker/wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace gatehouse::worker {
namespace {

constexpr std::size_t kAll = 1'000'000;

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
  wheel.advance(1249, kAll);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(1350, kAll);
  EXPECT_EQ(probe.fired, 1);
  EXPECT_EQ(wheel.armed(), 0u);
  EXPECT_FALSE(probe.armed());
}

TEST(Wheel, LaterDeadlineIsAStoreAndEarlierOneMoves) {
  Wheel wheel(0);
  Probe probe;
  wheel.arm(&probe, 0, 1000);
  wheel.arm(&probe, 0, 5000);
  wheel.advance(1500, kAll);
  EXPECT_EQ(probe.fired, 0);
  wheel.arm(&probe, 1500, 500);
  wheel.advance(2100, kAll);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, DeadlinesBeyondOneRound) {
  Wheel wheel(0);
  Probe probe;
  const std::uint64_t hour = 3'600'000;
  wheel.arm(&probe, 0, hour);
  for (std::uint64_t now = 0; now < hour; now += Wheel::kTickMs) wheel.advance(now, kAll);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(hour + Wheel::kTickMs, kAll);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, LongSleepFiresEverything) {
  Wheel wheel(0);
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 3000; ++i) {
    probes.push_back(std::make_unique<Probe>());
    wheel.arm(probes.back().get(), 0, static_cast<std::uint64_t>(i) * 100);
  }
  wheel.advance(10'000'000, kAll);
  for (const auto& probe : probes) EXPECT_EQ(probe->fired, 1);
}

TEST(Wheel, TimeMayPassUnwatchedWhileNothingIsArmed) {
  Wheel wheel(0);
  Probe probe;
  wheel.arm(&probe, 1'000'000, 1000);
  wheel.advance(1'000'500, kAll);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(1'001'100, kAll);
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
  wheel.advance(300, kAll);
  EXPECT_EQ(a.fired, 1);
  EXPECT_EQ(b.fired, 0);
  EXPECT_EQ(wheel.armed(), 1u);
  wheel.advance(400, kAll);
  wheel.advance(500, kAll);
  EXPECT_EQ(a.fired, 3);
  EXPECT_EQ(wheel.armed(), 0u);
}

// The rest stays due, whatever becomes of it meanwhile.
TEST(Wheel, FiresNoMoreThanItIsTold) {
  Wheel wheel(0);
  std::array<Probe, 20> probes;
  for (Probe& probe : probes) wheel.arm(&probe, 0, 200);
  const auto fired = [&] {
    return std::count_if(probes.begin(), probes.end(), [](const Probe& p) { return p.fired == 1; });
  };
  EXPECT_TRUE(wheel.advance(200, 8));
  EXPECT_EQ(fired(), 8);
  EXPECT_EQ(wheel.armed(), 12u);
  wheel.disarm(&probes[10]);
  wheel.arm(&probes[11], 200, 300);  // to 500
  EXPECT_TRUE(wheel.advance(200, 8));
  EXPECT_EQ(fired(), 16);
  EXPECT_FALSE(wheel.advance(200, 8));
  EXPECT_EQ(fired(), 18);
  EXPECT_EQ(probes[10].fired, 0);
  EXPECT_FALSE(wheel.advance(499, 8));
  EXPECT_EQ(probes[11].fired, 0);
  EXPECT_FALSE(wheel.advance(500, 8));
  EXPECT_EQ(probes[11].fired, 1);
  EXPECT_EQ(wheel.armed(), 0u);
}

// What was due long ago comes before what is due now, and nothing is lost between.
TEST(Wheel, FallsBehindAndCatchesUp) {
  Wheel wheel(0);
  std::vector<std::unique_ptr<Probe>> probes;
  for (std::uint64_t i = 0; i < 300; ++i) {
    probes.push_back(std::make_unique<Probe>());
    wheel.arm(probes.back().get(), 0, 100 * (1 + i / 100));
  }
  for (std::size_t turn = 1; turn <= 30; ++turn) {
    EXPECT_EQ(wheel.advance(300, 10), turn < 30) << turn;
    for (std::size_t i = 0; i < probes.size(); ++i) {
      EXPECT_EQ(probes[i]->fired, i < 10 * turn ? 1 : 0) << i;
    }
  }
}

TEST(Wheel, RandomDeadlinesAgreeWithAList) {
  std::mt19937 random(7);
  Wheel wheel(0);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::uint64_t> due(200, 0);
  for (int i = 0; i < 200; ++i) probes.push_back(std::make_unique<Probe>());
  for (std::uint64_t now = 0; now < 400'000; now += 100) {
    wheel.advance(now, kAll);
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
