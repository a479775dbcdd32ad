#include "libs/model/tensor_names.h"

#include "gtest/gtest.h"

namespace tessera::model {
namespace {

TEST(TensorNamesTest, TranslatesBothWays) {
  const char* const names[][2] = {
      {"token_embd.weight", "model.embed_tokens.weight"},
      {"output_norm.weight", "model.norm.weight"},
      {"output.weight", "lm_head.weight"},
      {"blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight"},
      {"blk.12.attn_k.bias", "model.layers.12.self_attn.k_proj.bias"},
      {"blk.7.ffn_down.weight", "model.layers.7.mlp.down_proj.weight"},
  };
  for (const auto& [gguf, huggingface] : names) {
    EXPECT_EQ(*HuggingFaceTensorName(gguf), huggingface);
    EXPECT_EQ(*GgufTensorName(huggingface), gguf);
  }
}

TEST(TensorNamesTest, RefusesOthers) {
  for (const char* name :
       {"", "output", "blk.0", "blk..attn_q.weight", "blk.x.attn_q.weight",
        "blk.0.attn_z.weight", "rope_freqs.weight", ".weight"}) {
    EXPECT_TRUE(absl::IsNotFound(HuggingFaceTensorName(name).status())) << name;
  }
}

}  // namespace
}  // namespace tessera::model
