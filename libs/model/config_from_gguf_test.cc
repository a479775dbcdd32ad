#include "libs/model/config_from_gguf.h"

#include <functional>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/test_files.h"

namespace tessera::model {
namespace {

using ::testing::HasSubstr;

// A small file of `architecture`; `change` may add keys or tensors.
absl::StatusOr<ModelConfig> Read(
    const std::string& architecture,
    const std::function<void(GgufHeader&)>& change = [](GgufHeader&) {},
    const std::string& without = "") {
  GgufHeader header;
  header.AddString("general.architecture", architecture);
  const std::pair<const char*, uint32_t> sizes[] = {
      {"block_count", 2},
      {"embedding_length", 64},
      {"feed_forward_length", 96},
      {"attention.head_count", 4},
      {"attention.head_count_kv", 2},
      {"context_length", 128}};
  for (const auto& [key, value] : sizes) {
    if (key != without) header.AddUint32(architecture + "." + key, value);
  }
  header.AddFloat32(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
  EXPECT_TRUE(
      header.AddTensor("token_embd.weight", DType::kF32, {100, 64}).ok());
  change(header);
  const AlignedBytes bytes(FileBytes(header.Layout()));
  absl::StatusOr<std::unique_ptr<GgufFile>> file =
      GgufFile::Parse(bytes.span(), "test.gguf");
  EXPECT_TRUE(file.ok()) << file.status();
  return ReadGgufConfig(**file);
}

TEST(ConfigFromGgufTest, ReadsALlama) {
  const absl::StatusOr<ModelConfig> config = Read("llama");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->num_layers, 2);
  EXPECT_EQ(config->num_heads, 4);
  EXPECT_EQ(config->num_kv_heads, 2);
  EXPECT_EQ(config->head_dim, 16);
  EXPECT_EQ(config->vocab_size, 100);
  EXPECT_EQ(config->rope.rotary_dim, 16);
  EXPECT_FLOAT_EQ(config->rope.theta, 10000);
  EXPECT_TRUE(config->tied_output);
  EXPECT_TRUE(config->interleaved_rope);
  EXPECT_FALSE(config->qk_norm);
}

TEST(ConfigFromGgufTest, QwenRotatesHalvesAndQwen3NormsItsHeads) {
  EXPECT_FALSE(Read("qwen2")->interleaved_rope);
  EXPECT_FALSE(Read("qwen2")->qk_norm);
  EXPECT_TRUE(Read("qwen3")->qk_norm);
}

TEST(ConfigFromGgufTest, ReadsWindowHeadSizeAndScaling) {
  const absl::StatusOr<ModelConfig> config = Read("llama", [](GgufHeader&
                                                                  header) {
    header.AddUint32("llama.attention.sliding_window", 48);
    header.AddUint32("llama.attention.key_length", 32);
    header.AddUint32("llama.attention.value_length", 32);
    header.AddString("llama.rope.scaling.type", "linear");
    header.AddFloat32("llama.rope.scaling.factor", 4);
    EXPECT_TRUE(header.AddTensor("output.weight", DType::kF32, {100, 64}).ok());
  });
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->WindowOf(0), 48);
  EXPECT_EQ(config->head_dim, 32);
  EXPECT_FALSE(config->tied_output);
  EXPECT_EQ(std::get<kernels::LinearRopeScaling>(config->rope.scaling).factor,
            4);
}

TEST(ConfigFromGgufTest, NamesWhatIsMissing) {
  const auto without = [](const char* key) {
    return Read(
               "llama", [](GgufHeader&) {}, key)
        .status();
  };
  EXPECT_EQ(without("block_count").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(without("context_length").message(),
              HasSubstr("llama.context_length"));
}

TEST(ConfigFromGgufTest, RefusesByNameWhatIsNotSupported) {
  EXPECT_THAT(Read("mamba").status().message(),
              HasSubstr("\"mamba\" is not supported: llama, qwen2 and qwen3"));
  const auto with = [](const std::function<void(GgufHeader&)>& change) {
    return Read("llama", change).status();
  };
  EXPECT_THAT(with([](GgufHeader& header) {
                header.AddUint32("llama.expert_count", 8);
              }).message(),
              HasSubstr("8 experts"));
  EXPECT_THAT(with([](GgufHeader& header) {
                header.AddString("llama.rope.scaling.type", "longrope");
              }).message(),
              HasSubstr("longrope"));
  EXPECT_THAT(with([](GgufHeader& header) {
                header.AddUint32("llama.attention.value_length", 8);
              }).message(),
              HasSubstr("values of 8"));
}

TEST(ConfigFromGgufTest, RefusesAbsurdSizes) {
  const auto with = [](const char* key, uint32_t value) {
    return Read(
               "llama",
               [&](GgufHeader& header) { header.AddUint32(key, value); }, key)
        .status();
  };
  EXPECT_EQ(with("llama.rope.dimension_count", 4000000000u).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(with("llama.attention.key_length", 100000).code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status heads =
      Read(
          "llama",
          [](GgufHeader& header) {
            header.AddUint32("llama.attention.head_count_kv", 3);
          },
          "attention.head_count_kv")
          .status();
  EXPECT_THAT(heads.message(), HasSubstr("num_kv_heads is 3: must divide"));
}

}  // namespace
}  // namespace tessera::model
