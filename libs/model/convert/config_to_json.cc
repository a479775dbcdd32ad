#include "libs/model/convert/config_to_json.h"

#include <string>

#include "absl/strings/charconv.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/convert/llama3_factors.h"

namespace tessera::model {
namespace {

using Json = nlohmann::json;

// 1e-05 and not 9.999999747378752e-06: the shortest decimal of the float.
double Shortest(float value) {
  char text[32];
  for (int digits = 6; digits <= 9; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, double{value});
    double shortest = 0;
    absl::from_chars(text, text + sizeof(text), shortest);
    if (static_cast<float>(shortest) == value) return shortest;
  }
  return value;
}

struct Names {
  const char* model_type;
  const char* class_name;
};

Names NamesOf(const ModelConfig& config) {
  if (config.architecture == "qwen2") return {"qwen2", "Qwen2ForCausalLM"};
  if (config.architecture == "qwen3") return {"qwen3", "Qwen3ForCausalLM"};
  // GGUF calls both llama.
  if (config.sliding_window > 0) return {"mistral", "MistralForCausalLM"};
  return {"llama", "LlamaForCausalLM"};
}

// rope_scaling's object; null for none.
struct ScalingToJson {
  const kernels::RopeConfig& rope;

  absl::StatusOr<Json> operator()(std::monostate) const { return Json(); }
  absl::StatusOr<Json> operator()(
      const kernels::LinearRopeScaling& linear) const {
    return Json{{"rope_type", "linear"}, {"factor", Shortest(linear.factor)}};
  }
  absl::StatusOr<Json> operator()(
      const kernels::Llama3RopeScaling& llama3) const {
    return Json{{"rope_type", "llama3"},
                {"factor", Shortest(llama3.factor)},
                {"low_freq_factor", Shortest(llama3.low_freq_factor)},
                {"high_freq_factor", Shortest(llama3.high_freq_factor)},
                {"original_max_position_embeddings", llama3.original_context}};
  }
  absl::StatusOr<Json> operator()(const kernels::YarnRopeScaling& yarn) const {
    Json json = {{"rope_type", "yarn"},
                 {"factor", Shortest(yarn.factor)},
                 {"original_max_position_embeddings", yarn.original_context},
                 {"beta_fast", Shortest(yarn.beta_fast)},
                 {"beta_slow", Shortest(yarn.beta_slow)},
                 {"truncate", yarn.truncate}};
    if (yarn.attention_factor) {
      json["attention_factor"] = Shortest(*yarn.attention_factor);
    }
    if (yarn.mscale) json["mscale"] = Shortest(*yarn.mscale);
    if (yarn.mscale_all_dim) {
      json["mscale_all_dim"] = Shortest(*yarn.mscale_all_dim);
    }
    return json;
  }
  absl::StatusOr<Json> operator()(
      const kernels::ExplicitRopeScaling& factors) const {
    const std::optional<kernels::Llama3RopeScaling> llama3 =
        Llama3OfFactors(rope, factors.factors);
    if (llama3.has_value()) return (*this)(*llama3);
    return absl::UnimplementedError(
        "the factors in rope_freqs.weight are not those of Llama 3's scaling "
        "(original context 8192, frequency factors 1 and 4), which is what "
        "config.json could say");
  }
};

void AddWindow(const ModelConfig& config, absl::string_view model_type,
               Json& json) {
  if (model_type == "llama") return;
  const bool slides = config.sliding_window > 0;
  json["sliding_window"] = slides ? Json(config.sliding_window) : Json();
  if (model_type == "mistral") return;
  json["use_sliding_window"] = slides;
  json["max_window_layers"] =
      slides ? config.first_window_layer : config.num_layers;
}

void AddExtras(const JsonConfigExtras& extras, Json& json) {
  json["torch_dtype"] = extras.dtype == DType::kF32   ? "float32"
                        : extras.dtype == DType::kF16 ? "float16"
                                                      : "bfloat16";
  if (extras.bos) json["bos_token_id"] = *extras.bos;
  if (extras.eos) json["eos_token_id"] = *extras.eos;
  if (extras.padding) json["pad_token_id"] = *extras.padding;
}

}  // namespace

absl::StatusOr<Json> ConfigToJson(const ModelConfig& config,
                                  const JsonConfigExtras& extras) {
  const Names names = NamesOf(config);
  Json json = {
      {"architectures", {names.class_name}},
      {"model_type", names.model_type},
      {"hidden_act", "silu"},
      {"hidden_size", config.hidden_dim},
      {"intermediate_size", config.feed_forward_dim},
      {"num_hidden_layers", config.num_layers},
      {"num_attention_heads", config.num_heads},
      {"num_key_value_heads", config.num_kv_heads},
      {"head_dim", config.head_dim},
      {"vocab_size", config.vocab_size},
      {"max_position_embeddings", config.context_len},
      {"rms_norm_eps", Shortest(config.rms_norm_epsilon)},
      {"rope_theta", Shortest(config.rope.theta)},
      {"tie_word_embeddings", config.tied_output},
      {"attention_bias", extras.attention_bias},
      {"attention_dropout", 0.0},
      {"initializer_range", 0.02},
      {"use_cache", true},
  };
  if (!config.name.empty()) json["_name_or_path"] = config.name;
  ASSIGN_OR_RETURN(json["rope_scaling"],
                   std::visit(ScalingToJson{config.rope}, config.rope.scaling));
  AddWindow(config, names.model_type, json);
  AddExtras(extras, json);
  return json;
}

}  // namespace tessera::model
