#include "libs/model/config_from_huggingface.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tessera::model {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

Json Small(const std::string& type) {
  return {{"model_type", type},       {"num_hidden_layers", 2},
          {"hidden_size", 64},        {"intermediate_size", 96},
          {"num_attention_heads", 4}, {"num_key_value_heads", 2},
          {"vocab_size", 100},        {"max_position_embeddings", 128}};
}

absl::StatusOr<ModelConfig> Read(const Json& json) {
  ModelDirectory directory;
  directory.path = "dir";
  directory.config = json;
  return ReadHuggingFaceConfig(directory);
}

TEST(ConfigFromHuggingFaceTest, TakesTransformersDefaults) {
  const absl::StatusOr<ModelConfig> llama = Read(Small("llama"));
  ASSERT_TRUE(llama.ok()) << llama.status();
  EXPECT_EQ(llama->head_dim, 16);
  EXPECT_FLOAT_EQ(llama->rms_norm_epsilon, 1e-6f);
  EXPECT_FALSE(llama->tied_output);
  EXPECT_FALSE(llama->interleaved_rope);
  EXPECT_EQ(Read(Small("qwen3"))->head_dim, 128);
  EXPECT_TRUE(Read(Small("qwen3"))->qk_norm);
}

TEST(ConfigFromHuggingFaceTest, ReadsEveryScaling) {
  Json json = Small("llama");
  json["rope_scaling"] = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 64}};
  EXPECT_EQ(
      std::get<kernels::Llama3RopeScaling>(Read(json)->rope.scaling).factor, 8);
  json["rope_scaling"] = {{"type", "linear"}, {"factor", 2}};
  EXPECT_EQ(
      std::get<kernels::LinearRopeScaling>(Read(json)->rope.scaling).factor, 2);
  json["rope_scaling"] = {{"type", "yarn"}, {"factor", 4.0}};
  EXPECT_EQ(std::get<kernels::YarnRopeScaling>(Read(json)->rope.scaling)
                .original_context,
            128);
  json.erase("rope_scaling");
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5000.0}};
  EXPECT_FLOAT_EQ(Read(json)->rope.theta, 5000);
}

TEST(ConfigFromHuggingFaceTest, WindowsAreMistralsOrAskedFor) {
  Json json = Small("mistral");
  json["sliding_window"] = 32;
  EXPECT_EQ(Read(json)->WindowOf(0), 32);
  json["sliding_window"] = nullptr;
  EXPECT_EQ(Read(json)->WindowOf(0), 0);
  json = Small("qwen2");
  json["sliding_window"] = 32;
  EXPECT_EQ(Read(json)->WindowOf(1), 0);
  json["use_sliding_window"] = true;
  json["max_window_layers"] = 1;
  EXPECT_EQ(Read(json)->WindowOf(0), 0);
  EXPECT_EQ(Read(json)->WindowOf(1), 32);
  EXPECT_EQ(Read(Small("mistral"))->WindowOf(0), 4096);
}

TEST(ConfigFromHuggingFaceTest, LayerTypesHaveTheLastWord) {
  const char* full = "full_attention";
  const char* sliding = "sliding_attention";
  Json json = Small("qwen3");
  json["sliding_window"] = 32;
  json["use_sliding_window"] = true;
  json["max_window_layers"] = 2;
  json["layer_types"] = {full, sliding};
  EXPECT_EQ(Read(json)->WindowOf(0), 0);
  EXPECT_EQ(Read(json)->WindowOf(1), 32);
  json["layer_types"] = {full, full};
  EXPECT_EQ(Read(json)->WindowOf(1), 0);
  json["layer_types"] = {sliding, full};
  EXPECT_THAT(Read(json).status().message(), HasSubstr("layer_types is not"));
  json["layer_types"] = {full, "chunked_attention"};
  EXPECT_THAT(Read(json).status().message(), HasSubstr("layer_types is not"));
  json["layer_types"] = {full};
  EXPECT_THAT(Read(json).status().message(), HasSubstr("layer_types must be"));
}

TEST(ConfigFromHuggingFaceTest, NamesTheFieldThatIsWrong) {
  const Json small = Small("llama");
  for (const auto& [key, value] : small.items()) {
    for (const Json& wrong :
         {Json(nullptr), Json(-1), Json(1e300), Json("x"), Json::array()}) {
      Json json = small;
      json[key] = wrong;
      const absl::Status status = Read(json).status();
      if (key == "num_key_value_heads" && wrong.is_null()) continue;  // default
      EXPECT_THAT(status.message(), HasSubstr(key)) << wrong;
    }
  }
}

TEST(ConfigFromHuggingFaceTest, RefusesByNameWhatIsNotSupported) {
  EXPECT_THAT(Read(Small("bert")).status().message(), HasSubstr("\"bert\""));
  const auto with = [](const char* key, const Json& value) {
    Json json = Small("llama");
    json[key] = value;
    return Read(json).status();
  };
  EXPECT_THAT(with("hidden_act", "gelu").message(), HasSubstr("gelu"));
  EXPECT_THAT(with("mlp_bias", true).message(), HasSubstr("mlp_bias"));
  EXPECT_THAT(with("quantization_config", Json::object()).message(),
              HasSubstr("quantization_config"));
  EXPECT_THAT(with("rope_scaling", {{"rope_type", "dynamic"}}).message(),
              HasSubstr("dynamic"));
  EXPECT_THAT(with("rope_scaling", "linear").message(),
              HasSubstr("rope_scaling must be an object"));
  EXPECT_EQ(Read(Json()).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tessera::model
