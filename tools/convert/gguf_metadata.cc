#include "tools/convert/gguf_metadata.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::convert {

using tokenizer::TokenType;
using tokenizer::Vocabulary;

namespace {

// general.file_type. Source: enum llama_ftype of llama.h (MIT).
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
    case DType::kBF16:
      return 32;
    default:
      return 1024;  // "guessed" there
  }
}

void AddRope(const model::ModelConfig& config, const std::string& prefix,
             GgufHeader* header) {
  header->AddFloat32(prefix + "rope.freq_base", config.rope.theta);
  header->AddUint32(prefix + "rope.dimension_count", config.rope.rotary_dim);
  if (const auto* linear =
          std::get_if<kernels::LinearRopeScaling>(&config.rope.scaling)) {
    header->AddString(prefix + "rope.scaling.type", "linear");
    header->AddFloat32(prefix + "rope.scaling.factor", linear->factor);
  }
  if (const auto* yarn =
          std::get_if<kernels::YarnRopeScaling>(&config.rope.scaling)) {
    header->AddString(prefix + "rope.scaling.type", "yarn");
    header->AddFloat32(prefix + "rope.scaling.factor", yarn->factor);
    header->AddUint32(prefix + "rope.scaling.original_context_length",
                      yarn->original_context);
  }
}

}  // namespace

std::string GgufArchitecture(const model::ModelConfig& config) {
  return config.architecture == "mistral" ? "llama" : config.architecture;
}

void AddConfig(const model::ModelConfig& config, DType dtype,
               GgufHeader* header) {
  const std::string architecture = GgufArchitecture(config);
  const std::string prefix = architecture + ".";
  header->AddString("general.architecture", architecture);
  if (!config.name.empty()) header->AddString("general.name", config.name);
  header->AddUint32("general.file_type", FileType(dtype));
  header->AddUint32(prefix + "block_count", config.num_layers);
  header->AddUint32(prefix + "context_length", config.context_len);
  header->AddUint32(prefix + "embedding_length", config.hidden_dim);
  header->AddUint32(prefix + "feed_forward_length", config.feed_forward_dim);
  header->AddUint32(prefix + "vocab_size", config.vocab_size);
  header->AddUint32(prefix + "attention.head_count", config.num_heads);
  header->AddUint32(prefix + "attention.head_count_kv", config.num_kv_heads);
  header->AddUint32(prefix + "attention.key_length", config.head_dim);
  header->AddUint32(prefix + "attention.value_length", config.head_dim);
  header->AddFloat32(prefix + "attention.layer_norm_rms_epsilon",
                     config.rms_norm_epsilon);
  if (config.sliding_window > 0) {
    header->AddUint32(prefix + "attention.sliding_window",
                      config.sliding_window);
  }
  AddRope(config, prefix, header);
}

void AddVocabulary(const Vocabulary& vocabulary, int vocab_size,
                   const std::string& chat_template, GgufHeader* header) {
  const bool is_byte_level = vocabulary.kind == Vocabulary::Kind::kByteLevelBpe;
  header->AddString("tokenizer.ggml.model", is_byte_level ? "gpt2" : "llama");
  header->AddString("tokenizer.ggml.pre", vocabulary.pre_tokenizer);
  std::vector<std::string> tokens = vocabulary.tokens;
  std::vector<int32_t> types(tokens.size(), 1);
  for (size_t id = 0; id < vocabulary.types.size(); ++id) {
    types[id] = static_cast<int32_t>(vocabulary.types[id]);
  }
  // llama.cpp takes the number of tokens for the rows of the embedding.
  while (tokens.size() < vocab_size) {
    tokens.push_back(absl::StrCat("[PAD", tokens.size(), "]"));
    types.push_back(static_cast<int32_t>(TokenType::kUnused));
  }
  header->AddStrings("tokenizer.ggml.tokens", tokens);
  header->AddInt32s("tokenizer.ggml.token_type", types);
  if (is_byte_level) {
    std::vector<std::string> merges;
    for (const auto& [left, right] : vocabulary.merges) {
      merges.push_back(absl::StrCat(left, " ", right));
    }
    header->AddStrings("tokenizer.ggml.merges", merges);
  } else {
    std::vector<float> scores = vocabulary.scores;
    scores.resize(tokens.size(), -1e9f);
    header->AddFloat32s("tokenizer.ggml.scores", scores);
  }
  const auto add_id = [header](const char* key, std::optional<int32_t> id) {
    if (id.has_value()) {
      header->AddUint32(absl::StrCat("tokenizer.ggml.", key, "_token_id"), *id);
    }
  };
  add_id("bos", vocabulary.bos);
  add_id("eos", vocabulary.eos);
  add_id("eot", vocabulary.eot);
  add_id("unknown", vocabulary.unknown);
  add_id("padding", vocabulary.padding);
  header->AddBool("tokenizer.ggml.add_bos_token", vocabulary.add_bos);
  header->AddBool("tokenizer.ggml.add_eos_token", vocabulary.add_eos);
  header->AddBool("tokenizer.ggml.add_space_prefix",
                  vocabulary.add_space_prefix);
  if (!chat_template.empty()) {
    header->AddString("tokenizer.chat_template", chat_template);
  }
}

absl::StatusOr<std::vector<float>> RopeFactors(
    const model::ModelConfig& config) {
  const kernels::RopeScaling& scaling = config.rope.scaling;
  if (const auto* given = std::get_if<kernels::ExplicitRopeScaling>(&scaling)) {
    return given->factors;
  }
  std::vector<float> factors;
  if (!std::holds_alternative<kernels::Llama3RopeScaling>(scaling)) {
    return factors;
  }
  kernels::RopeConfig plain = config.rope;
  plain.scaling = std::monostate();
  ASSIGN_OR_RETURN(const kernels::RopeFrequencies before,
                   kernels::RopeFrequencies::Create(plain));
  ASSIGN_OR_RETURN(const kernels::RopeFrequencies after,
                   kernels::RopeFrequencies::Create(config.rope));
  for (size_t i = 0; i < before.inverse_frequencies().size(); ++i) {
    factors.push_back(before.inverse_frequencies()[i] /
                      after.inverse_frequencies()[i]);
  }
  return factors;
}

}  // namespace tessera::convert
