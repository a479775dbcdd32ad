#include "tools/accuracy/accuracy_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::accuracy {
namespace {

using testing::ElementsAre;

device::CpuFeatures Avx2Only() { return {.avx2 = true}; }

device::CpuFeatures Everything() {
  return {
      .avx2 = true, .avx512 = true, .avx512_vnni = true, .avx512_bf16 = true};
}

std::vector<std::string> Names(const AccuracyOptions& options,
                               const device::CpuFeatures& features) {
  const auto candidates = options.Candidates(features);
  if (!candidates.ok()) return {std::string(candidates.status().message())};
  std::vector<std::string> names;
  for (const CandidateSpec& spec : *candidates) names.push_back(spec.Name());
  return names;
}

TEST(AccuracyOptionsTest, ByDefaultEveryFastSetWithEveryServingCache) {
  EXPECT_THAT(Names({}, Everything()), ElementsAre("avx512+bf16", "avx512+int8",
                                                   "avx2+bf16", "avx2+int8"));
  EXPECT_THAT(Names({}, Avx2Only()), ElementsAre("avx2+bf16", "avx2+int8"));
  EXPECT_THAT(Names({}, {}),
              ElementsAre("this processor runs the reference kernels only: "
                          "nothing to compare"));
}

TEST(AccuracyOptionsTest, FlagsChooseTheCandidates) {
  AccuracyOptions options;
  options::Flags flags("accuracy", "");
  AddAccuracyFlags(&flags, &options);
  ASSERT_TRUE(
      flags.Parse({"--kernels=reference,avx2", "--kv-dtype", "int8"}).ok());
  EXPECT_THAT(Names(options, Avx2Only()),
              ElementsAre("reference+int8", "avx2+int8"));
  options.kv_dtypes = "int4";
  EXPECT_THAT(Names(options, Avx2Only()),
              ElementsAre("--kv-dtype: \"int4\" is none of bf16, int8 and "
                          "f32"));
  options.kernels = "avx512";
  EXPECT_EQ(options.Candidates(Avx2Only()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(AccuracyOptionsTest, AsksForAModelAndAText) {
  EXPECT_EQ(AccuracyOptions().Validate().message(), "--model: a checkpoint");
  EXPECT_EQ(AccuracyOptions{.model = "m"}.Validate().message(),
            "--text: a file of text");
  EXPECT_TRUE((AccuracyOptions{.model = "m", .text = "t"}.Validate().ok()));
}

}  // namespace
}  // namespace tessera::accuracy
