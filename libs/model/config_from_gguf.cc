#include "libs/model/config_from_gguf.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/status_macros.h"
#include "libs/tensor/dequantize.h"

namespace tessera::model {
namespace {

// Keys under the architecture's prefix, with our checks.
class Reader {
 public:
  Reader(const GgufFile& file, absl::string_view architecture)
      : file_(file), prefix_(absl::StrCat(architecture, ".")) {}

  bool Has(absl::string_view key) const {
    return file_.Find(prefix_ + std::string(key)) != nullptr;
  }
  absl::Status Read(absl::string_view key, int& value) const {
    ASSIGN_OR_RETURN(const uint64_t number,
                     file_.GetUint(prefix_ + std::string(key)));
    if (number > std::numeric_limits<int>::max()) {
      return Error(key, absl::StrCat(number, ": too large"));
    }
    value = static_cast<int>(number);
    return absl::OkStatus();
  }
  absl::Status Read(absl::string_view key, int64_t& value) const {
    int number = 0;
    RETURN_IF_ERROR(Read(key, number));
    value = number;
    return absl::OkStatus();
  }
  absl::Status Read(absl::string_view key, float& value) const {
    ASSIGN_OR_RETURN(const double number,
                     file_.GetFloat(prefix_ + std::string(key)));
    value = static_cast<float>(number);
    return absl::OkStatus();
  }
  // Leaves `value` as it is where the key is missing.
  template <typename T>
  absl::Status ReadOptional(absl::string_view key, T& value) const {
    return Has(key) ? Read(key, value) : absl::OkStatus();
  }
  absl::Status Error(absl::string_view key, absl::string_view words) const {
    return absl::InvalidArgumentError(
        absl::StrCat(file_.path(), ": ", prefix_, key, " is ", words));
  }
  absl::Status Unsupported(absl::string_view words) const {
    return absl::UnimplementedError(absl::StrCat(file_.path(), ": ", words));
  }

 private:
  const GgufFile& file_;
  const std::string prefix_;
};

absl::Status ReadShape(const Reader& reader, const GgufFile& file,
                       ModelConfig& config) {
  RETURN_IF_ERROR(reader.Read("block_count", config.num_layers));
  RETURN_IF_ERROR(reader.Read("embedding_length", config.hidden_dim));
  RETURN_IF_ERROR(reader.Read("feed_forward_length", config.feed_forward_dim));
  RETURN_IF_ERROR(reader.Read("attention.head_count", config.num_heads));
  RETURN_IF_ERROR(reader.Read("context_length", config.context_len));
  RETURN_IF_ERROR(
      reader.Read("attention.layer_norm_rms_epsilon", config.rms_norm_epsilon));
  config.num_kv_heads = config.num_heads;
  RETURN_IF_ERROR(
      reader.ReadOptional("attention.head_count_kv", config.num_kv_heads));
  if (config.num_heads > 0) {
    config.head_dim = config.hidden_dim / config.num_heads;
  }
  RETURN_IF_ERROR(reader.ReadOptional("attention.key_length", config.head_dim));
  int value_dim = config.head_dim;
  RETURN_IF_ERROR(reader.ReadOptional("attention.value_length", value_dim));
  if (value_dim != config.head_dim) {
    return reader.Unsupported(absl::StrCat(
        "values of ", value_dim, " dimensions with keys of ", config.head_dim,
        " are not supported: both must be the same"));
  }
  int num_experts = 0;
  RETURN_IF_ERROR(reader.ReadOptional("expert_count", num_experts));
  if (num_experts > 0) {
    return reader.Unsupported(absl::StrCat(
        "a mixture of ", num_experts,
        " experts is not supported: only dense feed-forward layers are"));
  }
  const TensorEntry* embedding = file.FindTensor("token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2) {
    return absl::NotFoundError(absl::StrCat(
        file.path(), ": no tensor token_embd.weight of two dimensions"));
  }
  if (embedding->shape[0] > std::numeric_limits<int>::max()) {
    return reader.Error("vocab_size", "too large");
  }
  config.vocab_size = static_cast<int>(embedding->shape[0]);
  config.tied_output = file.FindTensor("output.weight") == nullptr;
  return reader.ReadOptional("attention.sliding_window", config.sliding_window);
}

absl::Status ReadRopeScaling(const Reader& reader, const GgufFile& file,
                             absl::string_view prefix, ModelConfig& config) {
  if (const TensorEntry* factors = file.FindTensor("rope_freqs.weight")) {
    const int64_t size = config.rope.rotary_dim / 2;
    if (!factors->unsupported.empty() || factors->view.shape() != Shape{size}) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.path(), ": tensor rope_freqs.weight has shape ",
                       ShapeString(factors->shape), ": must be [", size, "]"));
    }
    kernels::ExplicitRopeScaling scaling;
    scaling.factors.resize(size);
    DequantizeRow(factors->view.dtype(), factors->view.data(), size,
                  scaling.factors.data());
    config.rope.scaling = std::move(scaling);
    return absl::OkStatus();
  }
  const std::string type_key = absl::StrCat(prefix, ".rope.scaling.type");
  absl::string_view type = "none";
  if (file.Find(type_key) != nullptr) {
    ASSIGN_OR_RETURN(type, file.GetString(type_key));
  }
  float factor = 1;
  RETURN_IF_ERROR(reader.ReadOptional("rope.scaling.factor", factor));
  if (type == "none") return absl::OkStatus();
  if (type == "linear") {
    config.rope.scaling = kernels::LinearRopeScaling{factor};
    return absl::OkStatus();
  }
  if (type == "yarn") {
    kernels::YarnRopeScaling yarn;
    yarn.factor = factor;
    yarn.original_context = config.context_len;
    RETURN_IF_ERROR(reader.ReadOptional("rope.scaling.original_context_length",
                                        yarn.original_context));
    config.rope.scaling = yarn;
    return absl::OkStatus();
  }
  return reader.Unsupported(absl::StrCat(
      "rope.scaling.type \"", type,
      "\" is not supported: none, linear, yarn and rope_freqs.weight are"));
}

absl::Status ReadRope(const Reader& reader, const GgufFile& file,
                      absl::string_view prefix, ModelConfig& config) {
  config.rope.rotary_dim = config.head_dim;
  RETURN_IF_ERROR(
      reader.ReadOptional("rope.dimension_count", config.rope.rotary_dim));
  RETURN_IF_ERROR(reader.ReadOptional("rope.freq_base", config.rope.theta));
  return ReadRopeScaling(reader, file, prefix, config);
}

}  // namespace

absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file) {
  ASSIGN_OR_RETURN(const absl::string_view architecture,
                   file.GetString("general.architecture"));
  const Reader reader(file, architecture);
  if (architecture != "llama" && architecture != "qwen2" &&
      architecture != "qwen3") {
    return reader.Unsupported(
        absl::StrCat("architecture \"", architecture,
                     "\" is not supported: llama, qwen2 and qwen3 are"));
  }
  ModelConfig config;
  config.architecture = std::string(architecture);
  if (file.Find("general.name") != nullptr) {
    ASSIGN_OR_RETURN(const absl::string_view name,
                     file.GetString("general.name"));
    config.name = std::string(name);
  }
  config.interleaved_rope = architecture == "llama";
  config.qk_norm = architecture == "qwen3";
  RETURN_IF_ERROR(ReadShape(reader, file, config));
  RETURN_IF_ERROR(ReadRope(reader, file, architecture, config));
  if (config.interleaved_rope && config.rope.rotary_dim != config.head_dim) {
    return reader.Unsupported(
        "rope.dimension_count below the head's "
        "dimensions is not supported for llama");
  }
  RETURN_IF_ERROR(Annotate(config.Validate(), file.path()));
  return config;
}

}  // namespace tessera::model
