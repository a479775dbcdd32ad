#include "tools/convert/huggingface_config.h"

#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tessera::convert {

using Json = nlohmann::json;

namespace {

// The Python class and the name of the architecture.
struct Family {
  const char* model_class;
  const char* model_type;
};

Family FamilyOf(const model::ModelConfig& config) {
  if (config.architecture == "qwen2") return {"Qwen2ForCausalLM", "qwen2"};
  if (config.architecture == "qwen3") return {"Qwen3ForCausalLM", "qwen3"};
  if (config.sliding_window > 0) return {"MistralForCausalLM", "mistral"};
  return {"LlamaForCausalLM", "llama"};
}

// 1e-05, where the nearest double to the float would be 9.999999747378752e-06.
double Decimal(float value) {
  double decimal = value;
  (void)absl::SimpleAtod(absl::StrCat(value), &decimal);
  return decimal;
}

absl::StatusOr<Json> RopeScaling(const model::ModelConfig& config) {
  const kernels::RopeScaling& scaling = config.rope.scaling;
  if (const auto* linear = std::get_if<kernels::LinearRopeScaling>(&scaling)) {
    return Json{{"rope_type", "linear"}, {"factor", linear->factor}};
  }
  if (const auto* llama3 = std::get_if<kernels::Llama3RopeScaling>(&scaling)) {
    return Json{{"rope_type", "llama3"},
                {"factor", llama3->factor},
                {"low_freq_factor", llama3->low_freq_factor},
                {"high_freq_factor", llama3->high_freq_factor},
                {"original_max_position_embeddings", llama3->original_context}};
  }
  if (const auto* yarn = std::get_if<kernels::YarnRopeScaling>(&scaling)) {
    return Json{{"rope_type", "yarn"},
                {"factor", yarn->factor},
                {"original_max_position_embeddings", yarn->original_context},
                {"beta_fast", yarn->beta_fast},
                {"beta_slow", yarn->beta_slow}};
  }
  if (std::holds_alternative<kernels::ExplicitRopeScaling>(scaling)) {
    return absl::UnimplementedError(
        "rope_freqs.weight has no counterpart in config.json");
  }
  return Json();
}

}  // namespace

absl::StatusOr<Json> ToHuggingFaceConfig(
    const model::ModelConfig& config, DType dtype, bool attention_bias,
    const tokenizer::Vocabulary& vocabulary) {
  const absl::StatusOr<Json> rope_scaling = RopeScaling(config);
  if (!rope_scaling.ok()) return rope_scaling.status();
  const Family family = FamilyOf(config);
  Json json = {{"architectures", Json::array({family.model_class})},
               {"model_type", family.model_type},
               {"hidden_act", "silu"},
               {"hidden_size", config.hidden_dim},
               {"intermediate_size", config.feed_forward_dim},
               {"num_hidden_layers", config.num_layers},
               {"num_attention_heads", config.num_heads},
               {"num_key_value_heads", config.num_kv_heads},
               {"head_dim", config.head_dim},
               {"vocab_size", config.vocab_size},
               {"max_position_embeddings", config.context_len},
               {"rms_norm_eps", Decimal(config.rms_norm_epsilon)},
               {"rope_theta", Decimal(config.rope.theta)},
               {"rope_scaling", *rope_scaling},
               {"tie_word_embeddings", config.tied_output},
               {"attention_bias", attention_bias},
               {"torch_dtype", dtype == DType::kF32   ? "float32"
                               : dtype == DType::kF16 ? "float16"
                                                      : "bfloat16"}};
  if (config.sliding_window > 0) {
    json["sliding_window"] = config.sliding_window;
    if (config.architecture != "mistral" && config.architecture != "llama") {
      json["use_sliding_window"] = true;
      json["max_window_layers"] = config.first_window_layer;
    }
  }
  if (vocabulary.bos.has_value()) json["bos_token_id"] = *vocabulary.bos;
  if (vocabulary.eos.has_value()) json["eos_token_id"] = *vocabulary.eos;
  if (vocabulary.padding.has_value()) {
    json["pad_token_id"] = *vocabulary.padding;
  }
  return json;
}

}  // namespace tessera::convert
