#include "tools/convert/convert.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/atomic_file.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "libs/model/load_model.h"
#include "libs/model/load_tokenizer.h"
#include "libs/model/vocabulary_from_gguf.h"
#include "tools/convert/converted_tensor.h"
#include "tools/convert/gguf_metadata.h"
#include "tools/convert/huggingface_config.h"
#include "tools/convert/tokenizer_json.h"

namespace tessera::convert {
namespace {

using tokenizer::Vocabulary;

// Everything about a model but its weights.
struct Description {
  model::ModelConfig config;
  Vocabulary vocabulary;
  std::string chat_template;
};

Format FormatOf(const std::string& output) {
  return absl::EndsWith(output, ".gguf") ? Format::kGguf : Format::kSafetensors;
}

absl::StatusOr<Vocabulary> ReadVocabulary(const Checkpoint& source) {
  const CheckpointSource& files = source.source();
  if (files.gguf != nullptr) return model::ReadGgufVocabulary(*files.gguf);
  if (!files.directory->tokenizer_json.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        files.directory->path, ": there is no tokenizer.json in it"));
  }
  absl::StatusOr<Vocabulary> vocabulary = FromTokenizerJson(
      *files.directory->tokenizer_json, files.directory->tokenizer_config);
  if (!vocabulary.ok()) {
    return Annotate(vocabulary.status(), files.directory->path);
  }
  return vocabulary;
}

absl::StatusOr<Description> Describe(const Checkpoint& source) {
  Description description;
  ASSIGN_OR_RETURN(description.config, model::ReadConfig(source));
  ASSIGN_OR_RETURN(description.vocabulary, ReadVocabulary(source));
  ASSIGN_OR_RETURN(description.chat_template, model::LoadChatTemplate(source));
  return description;
}

absl::Status WriteTensors(const std::vector<ConvertedTensor>& tensors,
                          Checkpoint* source, TensorFileWriter* writer) {
  for (const ConvertedTensor& tensor : tensors) {
    ASSIGN_OR_RETURN(const TensorView view, source->Find(tensor.source_name));
    RETURN_IF_ERROR(writer->BeginTensor(tensor.name));
    RETURN_IF_ERROR(
        WriteRows(tensor, view, [writer](absl::Span<const uint8_t> bytes) {
          return writer->Append(bytes);
        }));
    source->Release(view);
  }
  return absl::OkStatus();
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file.Append(text));
  return file.Commit();
}

absl::Status WriteJson(const std::string& path, const nlohmann::json& json) {
  return WriteText(
      path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                "\n");
}

absl::Status WriteGguf(const ConvertOptions& options,
                       const Description& description, Checkpoint* source) {
  ASSIGN_OR_RETURN(
      const std::vector<ConvertedTensor> tensors,
      PlanTensors(*source, description.config, options.dtype, Format::kGguf));
  ASSIGN_OR_RETURN(const std::vector<float> rope_factors,
                   RopeFactors(description.config));
  GgufHeader header;
  AddConfig(description.config, options.dtype, &header);
  AddVocabulary(description.vocabulary, description.config.vocab_size,
                description.chat_template, &header);
  const int64_t num_factors = rope_factors.size();
  if (num_factors > 0) {
    RETURN_IF_ERROR(
        header.AddTensor("rope_freqs.weight", DType::kF32, {num_factors}));
  }
  for (const ConvertedTensor& tensor : tensors) {
    RETURN_IF_ERROR(header.AddTensor(tensor.name, tensor.dtype, tensor.shape));
  }
  ASSIGN_OR_RETURN(TensorFileWriter writer,
                   TensorFileWriter::Create(options.output, header.Layout()));
  if (num_factors > 0) {
    RETURN_IF_ERROR(writer.BeginTensor("rope_freqs.weight"));
    RETURN_IF_ERROR(
        writer.Append({reinterpret_cast<const uint8_t*>(rope_factors.data()),
                       rope_factors.size() * sizeof(float)}));
  }
  RETURN_IF_ERROR(WriteTensors(tensors, source, &writer));
  return writer.Finish();
}

absl::Status WriteDescription(const ConvertOptions& options,
                              const Description& description,
                              bool attention_bias) {
  const std::string folder = options.output + "/";
  ASSIGN_OR_RETURN(const nlohmann::json tokenizer,
                   ToTokenizerJson(description.vocabulary));
  ASSIGN_OR_RETURN(const nlohmann::json config,
                   ToHuggingFaceConfig(description.config, options.dtype,
                                       attention_bias, description.vocabulary));
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.output, ": cannot make the folder: ", error.message()));
  }
  RETURN_IF_ERROR(WriteJson(folder + "config.json", config));
  RETURN_IF_ERROR(WriteJson(folder + "tokenizer.json", tokenizer));
  return WriteJson(
      folder + "tokenizer_config.json",
      ToTokenizerConfig(description.vocabulary, description.chat_template));
}

absl::Status WriteSafetensors(const ConvertOptions& options,
                              const Description& description,
                              Checkpoint* source) {
  ASSIGN_OR_RETURN(const std::vector<ConvertedTensor> tensors,
                   PlanTensors(*source, description.config, options.dtype,
                               Format::kSafetensors));
  SafetensorsHeader header;
  bool attention_bias = false;
  for (const ConvertedTensor& tensor : tensors) {
    RETURN_IF_ERROR(header.AddTensor(tensor.name, tensor.dtype, tensor.shape));
    attention_bias |= absl::EndsWith(tensor.name, "q_proj.bias");
  }
  RETURN_IF_ERROR(WriteDescription(options, description, attention_bias));
  ASSIGN_OR_RETURN(TensorFileWriter writer,
                   TensorFileWriter::Create(
                       options.output + "/model.safetensors", header.Layout()));
  RETURN_IF_ERROR(WriteTensors(tensors, source, &writer));
  return writer.Finish();
}

}  // namespace

absl::Status ConvertOptions::Validate() const {
  if (input.empty() || output.empty()) {
    return absl::InvalidArgumentError(
        "an input and an output are needed: the one exists, the other will");
  }
  if (FormatOf(output) == Format::kSafetensors && IsQuantized(dtype)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "safetensors cannot hold ", DTypeName(dtype), ": use bf16 or f32"));
  }
  return absl::OkStatus();
}

absl::Status Convert(const ConvertOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> source,
                   OpenCheckpoint(options.input));
  ASSIGN_OR_RETURN(const Description description, Describe(*source));
  return FormatOf(options.output) == Format::kGguf
             ? WriteGguf(options, description, source.get())
             : WriteSafetensors(options, description, source.get());
}

}  // namespace tessera::convert
