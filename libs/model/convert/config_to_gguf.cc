#include "libs/model/convert/config_to_gguf.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/convert/llama3_factors.h"

namespace tessera::model {
namespace {

// general.file_type: enum llama_ftype of llama.h (MIT).
uint32_t FileType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 0;
    case DType::kF16:
      return 1;
    case DType::kQ4_0:
      return 2;
    case DType::kQ4_1:
      return 3;
    case DType::kQ8_0:
      return 7;
    case DType::kQ5_0:
      return 8;
    case DType::kQ5_1:
      return 9;
    case DType::kQ4_K:
      return 14;
    case DType::kQ5_K:
      return 16;
    case DType::kQ6_K:
      return 18;
    case DType::kBF16:
      return 32;
    case DType::kI8:
    case DType::kI32:
      break;
  }
  return 1024;  // "guessed"
}

// Adds rope.scaling.*; Llama 3's and explicit factors are a tensor instead.
struct AddScaling {
  const std::string& prefix;
  GgufHeader& header;

  absl::Status operator()(std::monostate) const { return absl::OkStatus(); }
  absl::Status operator()(const kernels::LinearRopeScaling& linear) const {
    header.AddString(prefix + "rope.scaling.type", "linear");
    header.AddFloat32(prefix + "rope.scaling.factor", linear.factor);
    return absl::OkStatus();
  }
  absl::Status operator()(const kernels::YarnRopeScaling& yarn) const {
    const kernels::YarnRopeScaling defaults;
    if (yarn.beta_fast != defaults.beta_fast ||
        yarn.beta_slow != defaults.beta_slow || !yarn.truncate ||
        yarn.attention_factor || yarn.mscale || yarn.mscale_all_dim) {
      return absl::UnimplementedError(
          "YaRN scaling with other than the default beta_fast, beta_slow, "
          "truncate, attention_factor and mscale cannot be said in GGUF");
    }
    header.AddString(prefix + "rope.scaling.type", "yarn");
    header.AddFloat32(prefix + "rope.scaling.factor", yarn.factor);
    header.AddUint32(prefix + "rope.scaling.original_context_length",
                     static_cast<uint32_t>(yarn.original_context));
    return absl::OkStatus();
  }
  absl::Status operator()(const kernels::Llama3RopeScaling&) const {
    return absl::OkStatus();
  }
  absl::Status operator()(const kernels::ExplicitRopeScaling&) const {
    return absl::OkStatus();
  }
};

void AddShape(const ModelConfig& config, const std::string& prefix,
              GgufHeader& header) {
  const auto add = [&](absl::string_view key, int64_t value) {
    header.AddUint32(absl::StrCat(prefix, key), static_cast<uint32_t>(value));
  };
  add("block_count", config.num_layers);
  add("context_length", config.context_len);
  add("embedding_length", config.hidden_dim);
  add("feed_forward_length", config.feed_forward_dim);
  add("attention.head_count", config.num_heads);
  add("attention.head_count_kv", config.num_kv_heads);
  add("attention.key_length", config.head_dim);
  add("attention.value_length", config.head_dim);
  add("rope.dimension_count", config.rope.rotary_dim);
  add("vocab_size", config.vocab_size);
  if (config.sliding_window > 0) {
    add("attention.sliding_window", config.sliding_window);
  }
  header.AddFloat32(prefix + "attention.layer_norm_rms_epsilon",
                    config.rms_norm_epsilon);
  header.AddFloat32(prefix + "rope.freq_base", config.rope.theta);
}

}  // namespace

absl::Status AddConfig(const ModelConfig& config, DType matrix_dtype,
                       GgufHeader& header) {
  const std::string architecture =
      config.architecture == "mistral" ? "llama" : config.architecture;
  if (config.sliding_window > 0 && config.first_window_layer > 0) {
    return absl::UnimplementedError(
        "a sliding window in some layers only cannot be said in GGUF");
  }
  header.AddString("general.architecture", architecture);
  header.AddString("general.type", "model");
  if (!config.name.empty()) header.AddString("general.name", config.name);
  AddFileType(matrix_dtype, header);
  const std::string prefix = architecture + ".";
  AddShape(config, prefix, header);
  return std::visit(AddScaling{prefix, header}, config.rope.scaling);
}

void AddFileType(DType matrix_dtype, GgufHeader& header) {
  header.AddUint32("general.file_type", FileType(matrix_dtype));
  if (IsQuantized(matrix_dtype)) {
    header.AddUint32("general.quantization_version", 2);
  }
}

absl::StatusOr<std::vector<float>> RopeFactors(const ModelConfig& config) {
  const kernels::RopeScaling& scaling = config.rope.scaling;
  if (std::holds_alternative<kernels::Llama3RopeScaling>(scaling)) {
    return FactorsOfLlama3(config.rope);
  }
  if (const auto* explicit_factors =
          std::get_if<kernels::ExplicitRopeScaling>(&scaling)) {
    return explicit_factors->factors;
  }
  return std::vector<float>();
}

}  // namespace tessera::model
