#include "libs/kernels/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/kernels/attention/attention_test_scene.h"

namespace tessera::attention {
namespace {

using device::KernelSet;
using device::WorkerTeam;

std::vector<KernelSet> KernelSetsHere() {
  std::vector<KernelSet> sets = {KernelSet::kReference};
  const device::CpuFeatures& features = device::HostCpuFeatures();
  if (features.avx2) sets.push_back(KernelSet::kAvx2);
  if (device::VectorKernels(device::BestKernelSet(features)) ==
      device::KernelSet::kAvx512) {
    sets.push_back(KernelSet::kAvx512);
  }
  if (device::BestKernelSet(features) == KernelSet::kAmx) {
    sets.push_back(KernelSet::kAmx);
  } else {
    std::cout << "this processor lacks AMX: its kernels are not tested\n";
  }
  return sets;
}

std::unique_ptr<WorkerTeam> Team(int num_threads, KernelSet kernels) {
  device::WorkerTeamOptions options;
  options.num_threads = num_threads;
  options.kernels = kernels;
  return *WorkerTeam::Create(options);
}

void RunAtOnce(Scene& scene, int num_sequences, WorkerTeam& team) {
  std::vector<ScenePart> parts;
  for (int s = 0; s < num_sequences; ++s) {
    parts.push_back({s, 0, scene.length(s)});
  }
  scene.Pass(team, parts);
}

// Sequences advance in random steps, in random company, by random tiles.
void RunInRandomCuts(Scene& scene, int num_sequences, std::mt19937& random,
                     WorkerTeam& team) {
  std::vector<int> done(num_sequences, 0);
  const auto draw = [&](int n) { return static_cast<int>(random() % n); };
  while (true) {
    std::vector<ScenePart> parts;
    bool unfinished = false;
    for (int s = 0; s < num_sequences; ++s) {
      const int left = scene.length(s) - done[s];
      unfinished |= left > 0;
      if (left == 0 || draw(4) == 0) continue;
      static constexpr int kSteps[] = {1, 17, 200, 3000};
      const int step = std::min(left, 1 + draw(kSteps[draw(4)]));
      parts.push_back({s, done[s], done[s] + step});
      done[s] += step;
    }
    if (!unfinished) return;
    std::shuffle(parts.begin(), parts.end(), random);
    static constexpr int kTileQueries[] = {0, 1, 5, 40};
    if (!parts.empty()) scene.Pass(team, parts, kTileQueries[draw(4)]);
  }
}

// Relative to the largest value; the bounds stand in AgreesWithFloat64.
double LargestError(const Scene& scene, int sequence, int step) {
  double largest = 0;
  for (int t = 0; t < scene.length(sequence); t += step) {
    const std::vector<double> expected = scene.Oracle(sequence, t);
    const float* got = &scene.output(sequence)[t * expected.size()];
    for (size_t i = 0; i < expected.size(); ++i) {
      const double error = std::fabs(got[i] - expected[i]);
      if (!(error <= largest)) largest = error;  // NaN too
    }
  }
  return largest / Scene::kLargestValue;
}

double Tolerance(KvDType dtype) {
  switch (dtype) {
    case KvDType::kF32:
      return 1e-6;
    case KvDType::kBF16:
      return 6e-3;
    case KvDType::kI8:
      return 1e-2;
  }
  return 0;
}

constexpr KvDType kDTypes[] = {KvDType::kF32, KvDType::kBF16, KvDType::kI8};

TEST(AttentionTest, AgreesWithFloat64) {
  const AttentionShape shapes[] = {{9, 3, 64}, {4, 4, 80},  {8, 1, 128},
                                   {6, 2, 96}, {16, 1, 16}, {3, 1, 256},
                                   {2, 2, 36}};
  for (const KernelSet kernels : KernelSetsHere()) {
    const auto team = Team(2, kernels);
    for (const AttentionShape& shape : shapes) {
      for (const KvDType dtype : kDTypes) {
        for (const int64_t window : {0, 100}) {
          Scene scene({shape, dtype, {1, 31, 300}, window, 11});
          RunAtOnce(scene, 3, *team);
          for (int s = 0; s < 3; ++s) {
            EXPECT_LT(LargestError(scene, s, 19), Tolerance(dtype))
                << device::KernelSetName(kernels) << " " << KvDTypeName(dtype)
                << " D " << shape.head_dim << " window " << window
                << " sequence " << s;
          }
        }
      }
    }
  }
}

TEST(AttentionTest, BitsDoNotDependOnCutsCompanyTilesOrThreads) {
  uint32_t seed = 100;
  for (const KernelSet kernels : KernelSetsHere()) {
    for (const KvDType dtype : kDTypes) {
      const bool slow =
          kernels == KernelSet::kReference || dtype == KvDType::kF32;
      for (const int64_t window : {0, 300}) {
        const int longest = slow ? 300 : 1500;
        Scene scene({{9, 3, 64}, dtype, {longest, 1, 97, 290}, window, ++seed});
        const auto alone = Team(1, kernels);
        RunAtOnce(scene, 4, *alone);
        std::vector<std::vector<float>> expected;
        for (int s = 0; s < 4; ++s) expected.push_back(scene.output(s));
        for (int threads = 1; threads <= 4; threads += slow ? 3 : 1) {
          const auto team = Team(threads, kernels);
          std::mt19937 random(++seed);
          scene.Reset();
          RunInRandomCuts(scene, 4, random, *team);
          for (int s = 0; s < 4; ++s) {
            EXPECT_EQ(std::memcmp(scene.output(s).data(), expected[s].data(),
                                  expected[s].size() * sizeof(float)),
                      0)
                << device::KernelSetName(kernels) << " " << KvDTypeName(dtype)
                << " window " << window << " threads " << threads << " seed "
                << seed << " sequence " << s;
          }
        }
      }
    }
  }
}

TEST(AttentionTest, ShapesThatCannotWorkAreRefusedByName) {
  EXPECT_TRUE(ValidateAttentionShape({9, 3, 64}, KvDType::kBF16).ok());
  for (const AttentionShape& shape : {AttentionShape{9, 2, 64},
                                      {0, 1, 64},
                                      {4, 0, 64},
                                      {4, 4, 63},
                                      {4, 4, 1024},
                                      {4, -2, 64}}) {
    EXPECT_EQ(ValidateAttentionShape(shape, KvDType::kBF16).code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_FALSE(ValidateAttentionShape({4, 4, 66}, KvDType::kI8).ok());
  EXPECT_EQ(KvHeadBytes(KvDType::kBF16, 64), 8192);
  EXPECT_EQ(KvHeadBytes(KvDType::kI8, 64), 4352);
}

}  // namespace
}  // namespace tessera::attention
