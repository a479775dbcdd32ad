// Synthetic checkpoints of every architecture and type give the logits that
// transformers computes in float32 (goldens/make_goldens.py, which holds
// llama.cpp against the same numbers).
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "libs/tensor/quantize.h"
#include "tests/model/checkpoint_logits.h"
#include "tests/model/synthetic_checkpoint.h"

namespace tessera::model {
namespace {

using attention::KvDType;
using device::KernelSet;

std::string golden_path;  // the first argument

// By checkpoint and position.
using Goldens = std::map<std::string, std::map<int, std::vector<float>>>;

Goldens ReadGoldens() {
  Goldens goldens;
  std::ifstream file(golden_path);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    int position = 0;
    words >> name >> position;
    float value = 0;
    while (words >> value) goldens[name][position].push_back(value);
  }
  return goldens;
}

// Root mean square of the difference over that of the golden's deviation from
// its mean; the largest over the positions.
double Difference(const std::vector<float>& logits,
                  const std::map<int, std::vector<float>>& golden) {
  double largest = 0;
  for (const auto& [position, row] : golden) {
    double mean = 0, error = 0, size = 0;
    for (const float value : row) mean += value / row.size();
    for (size_t i = 0; i < row.size(); ++i) {
      error += std::pow(logits[position * row.size() + i] - row[i], 2.0);
      size += std::pow(row[i] - mean, 2.0);
    }
    largest = std::max(largest, std::sqrt(error / size));
  }
  return largest;
}

// Measured: 2.4e-6 (the goldens have six digits), 0.016 and 0.022. The fast
// kernels round activations, to BF16 or (for quantized weights) to eight bits;
// the cache is BF16 or int8.
constexpr double kOracleLimit = 1e-5;
constexpr double kFloatLimit = 0.02;
constexpr double kQuantizedLimit = 0.03;

struct Case {
  std::string name;  // in the goldens
  std::string path;
  bool is_quantized = false;
};

// Writes all synthetic checkpoints, in both formats.
std::vector<Case> WriteCases() {
  const std::string directory = testing::TempDir();
  std::vector<Case> cases;
  for (const SyntheticCheckpoint& checkpoint : SyntheticArchitectures()) {
    const std::string path = absl::StrCat(directory, "/", checkpoint.name);
    WriteSafetensors(checkpoint, DType::kBF16, path);
    cases.push_back({checkpoint.name, path});
    if (!checkpoint.fits_gguf) continue;
    WriteGguf(checkpoint, DType::kBF16, path + ".gguf");
    cases.push_back({checkpoint.name, path + ".gguf"});
  }
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!CanQuantizeTo(dtype)) continue;
    const std::string name = absl::StrCat("type_", DTypeName(dtype));
    const std::string path = absl::StrCat(directory, "/", name, ".gguf");
    WriteGguf(SyntheticForTypes(), dtype, path);
    cases.push_back({name, path, IsQuantized(dtype)});
  }
  return cases;
}

class GoldenLogitsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    goldens_ = new Goldens(ReadGoldens());
    cases_ = new std::vector<Case>(WriteCases());
  }
  static Goldens* goldens_;
  static std::vector<Case>* cases_;
};
Goldens* GoldenLogitsTest::goldens_;
std::vector<Case>* GoldenLogitsTest::cases_;

TEST_F(GoldenLogitsTest, OracleAgreesToRounding) {
  EXPECT_EQ(goldens_->size(), 22);
  for (const Case& c : *cases_) {
    ASSERT_TRUE(goldens_->contains(c.name)) << c.name;
    EXPECT_LT(Difference(OracleLogits(c.path), goldens_->at(c.name)),
              kOracleLimit)
        << c.path;
  }
}

TEST_F(GoldenLogitsTest, EveryKernelSetAgreesToItsPrecision) {
  for (const Case& c : *cases_) {
    for (const KernelSet kernels : HostKernelSets()) {
      for (const KvDType kv_dtype : {KvDType::kBF16, KvDType::kI8}) {
        EXPECT_LT(Difference(LogitsOf(c.path, kernels, kv_dtype),
                             goldens_->at(c.name)),
                  c.is_quantized ? kQuantizedLimit : kFloatLimit)
            << c.path << " " << device::KernelSetName(kernels) << " "
            << attention::KvDTypeName(kv_dtype);
      }
    }
  }
}

// The goldens can tell: a model that leaves its own feature out is far off.
TEST_F(GoldenLogitsTest, FeaturesMatter) {
  const Goldens& goldens = *goldens_;
  const std::string plain = testing::TempDir() + "/llama_gqa";
  for (const char* name : {"llama_rope_llama3", "llama_rope_linear",
                           "llama_rope_yarn", "mistral_window"}) {
    EXPECT_GT(Difference(OracleLogits(plain), goldens.at(name)), 0.3) << name;
  }
}

}  // namespace
}  // namespace tessera::model

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 2) tessera::model::golden_path = argv[1];
  return RUN_ALL_TESTS();
}
