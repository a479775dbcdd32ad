#include "libs/model/config_from_huggingface.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace tessera::model {
namespace {

using Json = nlohmann::json;

// One object of the file, with checked access; `where` is "config.json" or
// "config.json: rope_scaling".
class Fields {
 public:
  Fields(const Json& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  // Null and missing are the same.
  const Json* Find(absl::string_view key) const {
    const auto it = object_.find(std::string(key));
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  // Whether it stands there at all, be it null.
  bool Has(absl::string_view key) const {
    return object_.contains(std::string(key));
  }
  absl::Status Read(absl::string_view key, int& value) const {
    const Json* json = Find(key);
    if (json == nullptr) return Missing(key);
    if (!json->is_number_integer() || *json < 0 ||
        *json > std::numeric_limits<int>::max()) {
      return Wrong(key, "an integer that is not negative");
    }
    value = json->get<int>();
    return absl::OkStatus();
  }
  absl::Status Read(absl::string_view key, int64_t& value) const {
    int number = 0;
    RETURN_IF_ERROR(Read(key, number));
    value = number;
    return absl::OkStatus();
  }
  absl::Status Read(absl::string_view key, float& value) const {
    const Json* json = Find(key);
    if (json == nullptr) return Missing(key);
    if (!json->is_number()) return Wrong(key, "a number");
    value = json->get<float>();
    return absl::OkStatus();
  }
  absl::Status Read(absl::string_view key, bool& value) const {
    const Json* json = Find(key);
    if (json == nullptr) return Missing(key);
    if (!json->is_boolean()) return Wrong(key, "true or false");
    value = json->get<bool>();
    return absl::OkStatus();
  }
  absl::Status Read(absl::string_view key, std::string& value) const {
    const Json* json = Find(key);
    if (json == nullptr) return Missing(key);
    if (!json->is_string()) return Wrong(key, "a string");
    value = json->get<std::string>();
    return absl::OkStatus();
  }
  // Leaves `value` as it is where the field is missing.
  template <typename T>
  absl::Status ReadOptional(absl::string_view key, T& value) const {
    return Find(key) == nullptr ? absl::OkStatus() : Read(key, value);
  }
  absl::Status ReadOptional(absl::string_view key,
                            std::optional<float>& value) const {
    if (Find(key) == nullptr) return absl::OkStatus();
    return Read(key, value.emplace());
  }
  absl::Status Unsupported(absl::string_view words) const {
    return absl::UnimplementedError(absl::StrCat(where_, ": ", words));
  }
  absl::Status Wrong(absl::string_view key, absl::string_view wanted) const {
    return absl::InvalidArgumentError(
        absl::StrCat(where_, ": ", key, " must be ", wanted));
  }

 private:
  absl::Status Missing(absl::string_view key) const {
    return absl::NotFoundError(absl::StrCat(where_, ": no ", key));
  }

  const Json& object_;
  const std::string where_;
};

absl::Status ReadShape(const Fields& fields, ModelConfig& config) {
  RETURN_IF_ERROR(fields.Read("num_hidden_layers", config.num_layers));
  RETURN_IF_ERROR(fields.Read("hidden_size", config.hidden_dim));
  RETURN_IF_ERROR(fields.Read("intermediate_size", config.feed_forward_dim));
  RETURN_IF_ERROR(fields.Read("num_attention_heads", config.num_heads));
  RETURN_IF_ERROR(fields.Read("vocab_size", config.vocab_size));
  RETURN_IF_ERROR(fields.Read("max_position_embeddings", config.context_len));
  config.rms_norm_epsilon = 1e-6f;
  RETURN_IF_ERROR(fields.ReadOptional("rms_norm_eps", config.rms_norm_epsilon));
  config.num_kv_heads = config.num_heads;
  RETURN_IF_ERROR(
      fields.ReadOptional("num_key_value_heads", config.num_kv_heads));
  config.head_dim = config.architecture == "qwen3" ? 128
                    : config.num_heads > 0
                        ? config.hidden_dim / config.num_heads
                        : 0;
  RETURN_IF_ERROR(fields.ReadOptional("head_dim", config.head_dim));
  return fields.ReadOptional("tie_word_embeddings", config.tied_output);
}

absl::Status RefuseWhatIsNotComputed(const Fields& fields) {
  std::string activation = "silu";
  RETURN_IF_ERROR(fields.ReadOptional("hidden_act", activation));
  if (activation != "silu") {
    return fields.Unsupported(absl::StrCat("hidden_act \"", activation,
                                           "\" is not supported: silu is"));
  }
  bool mlp_bias = false;
  RETURN_IF_ERROR(fields.ReadOptional("mlp_bias", mlp_bias));
  if (mlp_bias) {
    return fields.Unsupported(
        "mlp_bias is not supported: biases of attention are");
  }
  if (fields.Find("quantization_config") != nullptr) {
    return fields.Unsupported(
        "quantization_config is not supported: F32, F16 and BF16 tensors are, "
        "and GGUF's quantized types");
  }
  return absl::OkStatus();
}

// layer_types, where it is given, has the last word on which layers slide.
absl::Status ReadLayerTypes(const Fields& fields, ModelConfig& config) {
  const Json* types = fields.Find("layer_types");
  if (types == nullptr) return absl::OkStatus();
  if (!types->is_array() || types->size() != config.num_layers) {
    return fields.Wrong("layer_types", "a list of num_hidden_layers texts");
  }
  config.first_window_layer = config.num_layers;
  for (int layer = 0; layer < config.num_layers; ++layer) {
    const bool slides = (*types)[layer] == "sliding_attention";
    const bool slid_before = config.first_window_layer < layer;
    if ((!slides && (*types)[layer] != "full_attention") ||
        (!slides && slid_before)) {
      return fields.Unsupported(
          "layer_types is not supported but as full_attention in the first "
          "layers and sliding_attention in the rest");
    }
    if (slides && !slid_before) config.first_window_layer = layer;
  }
  if (config.first_window_layer == config.num_layers) config.sliding_window = 0;
  return absl::OkStatus();
}

absl::Status ReadWindow(const Fields& fields, ModelConfig& config) {
  bool uses_window = config.architecture == "mistral";
  RETURN_IF_ERROR(fields.ReadOptional("use_sliding_window", uses_window));
  if (!uses_window) return absl::OkStatus();
  // MistralConfig's default, where the file says nothing: its null is none.
  if (config.architecture == "mistral" && !fields.Has("sliding_window")) {
    config.sliding_window = 4096;
  }
  RETURN_IF_ERROR(fields.ReadOptional("sliding_window", config.sliding_window));
  if (config.architecture == "mistral") return absl::OkStatus();
  config.first_window_layer = 28;
  RETURN_IF_ERROR(
      fields.ReadOptional("max_window_layers", config.first_window_layer));
  return ReadLayerTypes(fields, config);
}

absl::Status ReadLlama3Scaling(const Fields& fields, ModelConfig& config) {
  kernels::Llama3RopeScaling scaling;
  RETURN_IF_ERROR(fields.Read("factor", scaling.factor));
  RETURN_IF_ERROR(fields.Read("low_freq_factor", scaling.low_freq_factor));
  RETURN_IF_ERROR(fields.Read("high_freq_factor", scaling.high_freq_factor));
  RETURN_IF_ERROR(fields.Read("original_max_position_embeddings",
                              scaling.original_context));
  config.rope.scaling = scaling;
  return absl::OkStatus();
}

absl::Status ReadYarnScaling(const Fields& fields, ModelConfig& config) {
  kernels::YarnRopeScaling scaling;
  scaling.original_context = config.context_len;
  RETURN_IF_ERROR(fields.Read("factor", scaling.factor));
  RETURN_IF_ERROR(fields.ReadOptional("original_max_position_embeddings",
                                      scaling.original_context));
  RETURN_IF_ERROR(fields.ReadOptional("beta_fast", scaling.beta_fast));
  RETURN_IF_ERROR(fields.ReadOptional("beta_slow", scaling.beta_slow));
  RETURN_IF_ERROR(fields.ReadOptional("truncate", scaling.truncate));
  RETURN_IF_ERROR(
      fields.ReadOptional("attention_factor", scaling.attention_factor));
  RETURN_IF_ERROR(fields.ReadOptional("mscale", scaling.mscale));
  RETURN_IF_ERROR(
      fields.ReadOptional("mscale_all_dim", scaling.mscale_all_dim));
  config.rope.scaling = scaling;
  return absl::OkStatus();
}

absl::Status ReadScaling(const Fields& fields, ModelConfig& config) {
  std::string type = "default";
  RETURN_IF_ERROR(fields.ReadOptional("type", type));  // its older name
  RETURN_IF_ERROR(fields.ReadOptional("rope_type", type));
  if (type == "default") return absl::OkStatus();
  if (type == "linear") {
    kernels::LinearRopeScaling scaling;
    RETURN_IF_ERROR(fields.Read("factor", scaling.factor));
    config.rope.scaling = scaling;
    return absl::OkStatus();
  }
  if (type == "llama3") return ReadLlama3Scaling(fields, config);
  if (type == "yarn") return ReadYarnScaling(fields, config);
  return fields.Unsupported(absl::StrCat(
      "rope_type \"", type,
      "\" is not supported: default, linear, llama3 and yarn are"));
}

// rope_theta and rope_scaling; rope_parameters holds both since transformers 5.
absl::Status ReadRope(const Fields& fields, const std::string& where,
                      ModelConfig& config) {
  config.rope.rotary_dim = config.head_dim;
  float fraction = 1;
  RETURN_IF_ERROR(fields.ReadOptional("partial_rotary_factor", fraction));
  if (fraction != 1) {
    return fields.Unsupported("partial_rotary_factor is not supported");
  }
  RETURN_IF_ERROR(fields.ReadOptional("rope_theta", config.rope.theta));
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* json = fields.Find(key);
    if (json == nullptr) continue;
    if (!json->is_object()) return fields.Wrong(key, "an object");
    const Fields scaling(*json, absl::StrCat(where, ": ", key));
    RETURN_IF_ERROR(scaling.ReadOptional("rope_theta", config.rope.theta));
    RETURN_IF_ERROR(ReadScaling(scaling, config));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelConfig> ReadHuggingFaceConfig(
    const ModelDirectory& directory) {
  const std::string where = absl::StrCat(directory.path, "/config.json");
  if (!directory.config.is_object()) {
    return absl::NotFoundError(
        absl::StrCat(where, ": not there; a model is a directory with it"));
  }
  const Fields fields(directory.config, where);
  ModelConfig config;
  RETURN_IF_ERROR(fields.Read("model_type", config.architecture));
  if (config.architecture != "llama" && config.architecture != "mistral" &&
      config.architecture != "qwen2" && config.architecture != "qwen3") {
    return fields.Unsupported(absl::StrCat(
        "model_type \"", config.architecture,
        "\" is not supported: llama, mistral, qwen2 and qwen3 are"));
  }
  RETURN_IF_ERROR(fields.ReadOptional("_name_or_path", config.name));
  config.qk_norm = config.architecture == "qwen3";
  RETURN_IF_ERROR(RefuseWhatIsNotComputed(fields));
  RETURN_IF_ERROR(ReadShape(fields, config));
  RETURN_IF_ERROR(ReadWindow(fields, config));
  RETURN_IF_ERROR(ReadRope(fields, where, config));
  RETURN_IF_ERROR(Annotate(config.Validate(), where));
  return config;
}

}  // namespace tessera::model
