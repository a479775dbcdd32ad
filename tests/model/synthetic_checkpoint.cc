#include "tests/model/synthetic_checkpoint.h"

#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/check.h"
#include "libs/checkpoint/atomic_file.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "libs/model/convert/config_to_gguf.h"
#include "libs/model/convert/config_to_json.h"
#include "libs/model/convert/tokenizer_to_gguf.h"
#include "libs/model/convert/tokenizer_to_json.h"
#include "libs/model/tensor_names.h"
#include "libs/tensor/float16.h"
#include "libs/tensor/quantize.h"
#include "nlohmann/json.hpp"

namespace tessera::model {
namespace {

void CheckOk(const absl::Status& status) {
  CHECK(status.ok()) << std::string(status.message());
}

struct SyntheticTensor {
  std::string name;  // Hugging Face's
  Shape shape;
};

std::vector<SyntheticTensor> TensorsOf(const SyntheticCheckpoint& checkpoint) {
  const ModelConfig& config = checkpoint.config;
  const int64_t hidden = config.hidden_dim;
  const int64_t query = config.query_dim();
  const int64_t key_value = config.key_value_dim();
  const int64_t feed_forward = config.feed_forward_dim;
  std::vector<SyntheticTensor> tensors = {
      {"model.embed_tokens.weight", {config.vocab_size, hidden}},
      {"model.norm.weight", {hidden}}};
  if (!config.tied_output) {
    tensors.push_back({"lm_head.weight", {config.vocab_size, hidden}});
  }
  for (int layer = 0; layer < config.num_layers; ++layer) {
    const auto add = [&](absl::string_view name, Shape shape) {
      tensors.push_back(
          {absl::StrCat("model.layers.", layer, ".", name), std::move(shape)});
    };
    add("input_layernorm.weight", {hidden});
    add("post_attention_layernorm.weight", {hidden});
    add("self_attn.q_proj.weight", {query, hidden});
    add("self_attn.k_proj.weight", {key_value, hidden});
    add("self_attn.v_proj.weight", {key_value, hidden});
    add("self_attn.o_proj.weight", {hidden, query});
    if (checkpoint.attention_bias || config.architecture == "qwen2") {
      add("self_attn.q_proj.bias", {query});
      add("self_attn.k_proj.bias", {key_value});
      add("self_attn.v_proj.bias", {key_value});
    }
    if (checkpoint.attention_bias) add("self_attn.o_proj.bias", {hidden});
    if (config.qk_norm) {
      add("self_attn.q_norm.weight", {config.head_dim});
      add("self_attn.k_norm.weight", {config.head_dim});
    }
    add("mlp.gate_proj.weight", {feed_forward, hidden});
    add("mlp.up_proj.weight", {feed_forward, hidden});
    add("mlp.down_proj.weight", {hidden, feed_forward});
  }
  return tensors;
}

// The tensor's values, which BF16 holds exactly. Matrices keep the size of what
// they multiply; norms and biases matter.
std::vector<float> ValuesOf(const SyntheticTensor& tensor) {
  int64_t count = 1;
  for (const int64_t size : tensor.shape) count *= size;
  float offset = 0;
  float scale = std::sqrt(3.0f / static_cast<float>(tensor.shape.back()));
  if (absl::StrContains(tensor.name, "norm")) {
    offset = 1;
    scale = 0.25f;
  } else if (absl::EndsWith(tensor.name, ".bias")) {
    scale = 0.5f;
  } else if (tensor.name == "model.embed_tokens.weight") {
    scale = 0.5f;
  }
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i) {
    const float value = offset + scale * SyntheticValue(tensor.name, i);
    values[i] = BFloat16ToFloat(FloatToBFloat16(value));
  }
  return values;
}

// GGUF's llama has the two halves of each head's rows (or of its bias's
// elements) shuffled together.
void ShuffleHeads(std::vector<float>& values, int64_t row_elements,
                  int64_t head_dim) {
  const std::vector<float> rows = values;
  const int64_t half = head_dim / 2;
  const int64_t num_rows = static_cast<int64_t>(values.size()) / row_elements;
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t in_head = row % head_dim;
    const int64_t source = row - in_head + in_head / 2 + (in_head % 2) * half;
    std::copy_n(&rows[source * row_elements], row_elements,
                &values[row * row_elements]);
  }
}

void AppendValues(const std::vector<float>& values, DType dtype,
                  int64_t row_elements, TensorFileWriter& writer) {
  const absl::StatusOr<int64_t> row_bytes = RowBytes(dtype, row_elements);
  CheckOk(row_bytes.status());
  std::vector<uint8_t> row(*row_bytes);
  for (size_t i = 0; i < values.size(); i += row_elements) {
    QuantizeRow(dtype, &values[i], row_elements, row.data());
    CheckOk(writer.Append(row));
  }
}

// One end token, printable ASCII, and ids that no text makes.
tokenizer::Vocabulary VocabularyOf(const ModelConfig& config) {
  tokenizer::Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  for (int id = 0; id < config.vocab_size; ++id) {
    const bool is_letter = id >= 1 && id <= '~' - '!' + 1;
    vocabulary.tokens.push_back(
        id == 0     ? "<|end|>"
        : is_letter ? std::string(1, static_cast<char>('!' + id - 1))
                    : absl::StrCat("[PAD", id, "]"));
    vocabulary.types.push_back(id == 0     ? tokenizer::TokenType::kControl
                               : is_letter ? tokenizer::TokenType::kNormal
                                           : tokenizer::TokenType::kUnused);
  }
  vocabulary.bos = 0;
  vocabulary.eos = 0;
  return vocabulary;
}

void WriteDescription(const SyntheticCheckpoint& checkpoint, DType dtype,
                      const std::string& directory) {
  const tokenizer::Vocabulary vocabulary = VocabularyOf(checkpoint.config);
  JsonConfigExtras extras;
  extras.dtype = dtype;
  extras.attention_bias = checkpoint.attention_bias;
  extras.eos = 0;
  const auto config = ConfigToJson(checkpoint.config, extras);
  const auto tokenizer = TokenizerToJson(vocabulary);
  CheckOk(config.status());
  CheckOk(tokenizer.status());
  const std::map<std::string, nlohmann::json> files = {
      {"config.json", *config},
      {"tokenizer.json", *tokenizer},
      {"tokenizer_config.json",
       TokenizerConfigToJson(vocabulary, "", checkpoint.config.context_len)}};
  for (const auto& [name, json] : files) {
    CheckOk(
        WriteFileAtomically(absl::StrCat(directory, "/", name), json.dump(2)));
  }
}

void WriteShard(const std::vector<SyntheticTensor>& tensors, DType dtype,
                const std::string& path) {
  SafetensorsHeader header;
  for (const SyntheticTensor& tensor : tensors) {
    CheckOk(header.AddTensor(tensor.name, dtype, tensor.shape));
  }
  absl::StatusOr<TensorFileWriter> writer =
      TensorFileWriter::Create(path, header.Layout());
  CheckOk(writer.status());
  for (const SyntheticTensor& tensor : tensors) {
    CheckOk(writer->BeginTensor(tensor.name));
    AppendValues(ValuesOf(tensor), dtype, tensor.shape.back(), *writer);
  }
  CheckOk(writer->Finish());
}

ModelConfig BaseConfig() {
  ModelConfig config;
  config.architecture = "llama";
  config.num_layers = 2;
  config.hidden_dim = 128;
  config.feed_forward_dim = 192;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 32;
  config.vocab_size = 160;
  config.context_len = 64;
  config.rms_norm_epsilon = 1e-5f;
  config.rope.rotary_dim = 32;
  return config;
}

}  // namespace

float SyntheticValue(absl::string_view name, uint64_t index) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  uint64_t z = hash + (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return static_cast<float>(static_cast<int64_t>(z >> 40) - (1 << 23)) *
         0x1p-23f;
}

std::vector<int32_t> SyntheticTokens() {
  std::vector<int32_t> tokens(48);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<int32_t>(1 + (i * i * 7 + i * 31 + 5) % 94);
  }
  return tokens;
}

std::vector<SyntheticCheckpoint> SyntheticArchitectures() {
  std::vector<SyntheticCheckpoint> all;
  const auto add = [&](const char* name) -> SyntheticCheckpoint& {
    all.push_back({.name = name, .config = BaseConfig()});
    return all.back();
  };
  ModelConfig& mha = add("llama_mha_tied").config;
  mha.num_kv_heads = 4;
  mha.tied_output = true;
  add("llama_gqa");
  add("llama_mqa").config.num_kv_heads = 1;
  add("llama_bias").attention_bias = true;
  // The published factors but for the context, which the tokens must exceed.
  add("llama_rope_llama3").config.rope.scaling =
      kernels::Llama3RopeScaling{8, 1, 4, 16};
  add("llama_rope_linear").config.rope.scaling = kernels::LinearRopeScaling{4};
  kernels::YarnRopeScaling yarn;
  yarn.factor = 4;
  yarn.original_context = 16;
  add("llama_rope_yarn").config.rope.scaling = yarn;
  ModelConfig& mistral = add("mistral_window").config;
  mistral.architecture = "mistral";
  mistral.sliding_window = 8;
  ModelConfig& qwen2 = add("qwen2").config;
  qwen2.architecture = "qwen2";
  qwen2.rms_norm_epsilon = 1e-6f;
  SyntheticCheckpoint& window = add("qwen2_window_second_layer");
  window.config.architecture = "qwen2";
  window.config.sliding_window = 8;
  window.config.first_window_layer = 1;
  window.fits_gguf = false;
  ModelConfig& qwen3 = add("qwen3").config;
  qwen3.architecture = "qwen3";
  qwen3.qk_norm = true;
  qwen3.head_dim = 64;  // query_dim is not hidden_dim
  qwen3.rope.rotary_dim = 64;
  qwen3.tied_output = true;
  return all;
}

SyntheticCheckpoint SyntheticForTypes() {
  SyntheticCheckpoint checkpoint = {.name = "types", .config = BaseConfig()};
  checkpoint.config.hidden_dim = 256;
  checkpoint.config.feed_forward_dim = 512;
  checkpoint.config.num_heads = 8;
  return checkpoint;
}

void WriteSafetensors(const SyntheticCheckpoint& checkpoint, DType dtype,
                      const std::string& directory, int num_shards) {
  std::filesystem::create_directories(directory);
  WriteDescription(checkpoint, dtype, directory);
  const std::vector<SyntheticTensor> tensors = TensorsOf(checkpoint);
  if (num_shards == 1) {
    return WriteShard(tensors, dtype, directory + "/model.safetensors");
  }
  std::vector<std::vector<SyntheticTensor>> shards(num_shards);
  nlohmann::json index;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const size_t shard = i % num_shards;
    shards[shard].push_back(tensors[i]);
    index["weight_map"][tensors[i].name] = absl::StrFormat(
        "model-%05d-of-%05d.safetensors", shard + 1, num_shards);
  }
  for (const std::vector<SyntheticTensor>& shard : shards) {
    const std::string file = index["weight_map"][shard[0].name];
    WriteShard(shard, dtype, absl::StrCat(directory, "/", file));
  }
  CheckOk(WriteFileAtomically(directory + "/model.safetensors.index.json",
                              index.dump()));
}

void WriteGguf(const SyntheticCheckpoint& checkpoint, DType matrix_dtype,
               const std::string& path) {
  const ModelConfig& config = checkpoint.config;
  GgufHeader header;
  CheckOk(AddConfig(config, matrix_dtype, header));
  AddVocabulary(VocabularyOf(config), header);
  const absl::StatusOr<std::vector<float>> factors = RopeFactors(config);
  CheckOk(factors.status());
  if (!factors->empty()) {
    CheckOk(header.AddTensor("rope_freqs.weight", DType::kF32,
                             {static_cast<int64_t>(factors->size())}));
  }
  const std::vector<SyntheticTensor> tensors = TensorsOf(checkpoint);
  const auto dtype_of = [&](const SyntheticTensor& tensor) {
    return tensor.shape.size() < 2 ? DType::kF32 : matrix_dtype;
  };
  for (const SyntheticTensor& tensor : tensors) {
    CheckOk(header.AddTensor(*GgufTensorName(tensor.name), dtype_of(tensor),
                             tensor.shape));
  }
  absl::StatusOr<TensorFileWriter> writer =
      TensorFileWriter::Create(path, header.Layout());
  CheckOk(writer.status());
  if (!factors->empty()) {
    CheckOk(writer->BeginTensor("rope_freqs.weight"));
    AppendValues(*factors, DType::kF32, factors->size(), *writer);
  }
  const bool is_llama =
      config.architecture == "llama" || config.architecture == "mistral";
  for (const SyntheticTensor& tensor : tensors) {
    CheckOk(writer->BeginTensor(*GgufTensorName(tensor.name)));
    std::vector<float> values = ValuesOf(tensor);
    const int64_t row_elements =
        tensor.shape.size() < 2 ? 1 : tensor.shape.back();
    const bool is_rotated = absl::StrContains(tensor.name, ".q_proj.") ||
                            absl::StrContains(tensor.name, ".k_proj.");
    if (is_llama && is_rotated) {
      ShuffleHeads(values, row_elements, config.head_dim);
    }
    AppendValues(values, dtype_of(tensor), row_elements, *writer);
  }
  CheckOk(writer->Finish());
}

}  // namespace tessera::model
