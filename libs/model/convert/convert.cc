#include "libs/model/convert/convert.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/atomic_file.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/model/convert/config_to_gguf.h"
#include "libs/model/convert/config_to_json.h"
#include "libs/model/convert/tensor_conversion.h"
#include "libs/model/convert/tokenizer_to_gguf.h"
#include "libs/model/convert/tokenizer_to_json.h"
#include "libs/model/load_model.h"
#include "libs/model/load_tokenizer.h"
#include "libs/model/vocabulary_from_gguf.h"
#include "nlohmann/json.hpp"

namespace tessera::model {
namespace {

using Json = nlohmann::json;

constexpr char kRopeFactors[] = "rope_freqs.weight";

class Converter {
 public:
  Converter(Checkpoint& checkpoint, ModelConfig config, std::string output,
            const ConvertOptions& options)
      : checkpoint_(checkpoint),
        config_(std::move(config)),
        output_(std::move(output)),
        options_(options) {}

  absl::StatusOr<ConvertReport> Run();

 private:
  absl::Status WriteDirectory();
  absl::Status WriteDescriptions();
  absl::Status WriteJson(absl::string_view name, const Json& json) const;
  absl::Status WriteGguf();
  absl::Status AddGgufMetadata(GgufHeader& header);
  absl::Status AddMetadataOfDirectory(const ModelDirectory& directory,
                                      GgufHeader& header);
  absl::Status WriteTensors(const std::string& path, TensorFileLayout layout);

  Checkpoint& checkpoint_;
  const ModelConfig config_;
  const std::string output_;
  const ConvertOptions options_;
  std::vector<TensorConversion> plan_;
  std::vector<float> rope_factors_;  // to write as a tensor; empty for none
  ConvertReport report_;
};

absl::StatusOr<ConvertReport> Converter::Run() {
  const CheckpointFormat target = absl::EndsWith(output_, ".gguf")
                                      ? CheckpointFormat::kGguf
                                      : CheckpointFormat::kSafetensors;
  if (target == CheckpointFormat::kSafetensors && IsQuantized(options_.dtype)) {
    return absl::InvalidArgumentError(absl::StrCat("safetensors cannot hold ",
                                                   DTypeName(options_.dtype),
                                                   ": use bf16, f16 or f32"));
  }
  if (target == CheckpointFormat::kSafetensors &&
      FormatOf(checkpoint_) == target) {
    return absl::InvalidArgumentError(
        absl::StrCat("both ", checkpoint_.path(), " and ", output_,
                     " are safetensors; name an output that ends in .gguf"));
  }
  ASSIGN_OR_RETURN(plan_,
                   PlanTensors(checkpoint_, config_, target, options_.dtype));
  RETURN_IF_ERROR(target == CheckpointFormat::kGguf ? WriteGguf()
                                                    : WriteDirectory());
  return std::move(report_);
}

absl::Status Converter::WriteTensors(const std::string& path,
                                     TensorFileLayout layout) {
  for (const TensorExtent& tensor : layout.tensors) {
    ++report_.num_tensors;
    report_.num_bytes += static_cast<int64_t>(tensor.num_bytes);
  }
  ASSIGN_OR_RETURN(TensorFileWriter writer,
                   TensorFileWriter::Create(path, std::move(layout)));
  if (!rope_factors_.empty()) {
    RETURN_IF_ERROR(writer.BeginTensor(kRopeFactors));
    RETURN_IF_ERROR(writer.Append(absl::MakeConstSpan(
        reinterpret_cast<const uint8_t*>(rope_factors_.data()),
        rope_factors_.size() * sizeof(float))));
  }
  for (const TensorConversion& tensor : plan_) {
    RETURN_IF_ERROR(WriteTensor(checkpoint_, tensor, config_.head_dim, writer));
  }
  return writer.Finish();
}

absl::Status Converter::WriteJson(absl::string_view name,
                                  const Json& json) const {
  // Never throws: what is not UTF-8 (a name in a file) is replaced.
  return WriteFileAtomically(
      absl::StrCat(output_, "/", name),
      json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

absl::Status Converter::WriteDirectory() {
  SafetensorsHeader header;
  for (const TensorConversion& tensor : plan_) {
    RETURN_IF_ERROR(header.AddTensor(tensor.name, tensor.dtype, tensor.shape));
  }
  std::error_code error;
  std::filesystem::create_directories(output_, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(),
                               absl::StrCat("cannot make ", output_));
  }
  RETURN_IF_ERROR(WriteDescriptions());
  return WriteTensors(absl::StrCat(output_, "/model.safetensors"),
                      header.Layout());
}

// Everything but the weights.
absl::Status Converter::WriteDescriptions() {
  ASSIGN_OR_RETURN(const tokenizer::Vocabulary vocabulary,
                   ReadGgufVocabulary(*checkpoint_.source().gguf));
  ASSIGN_OR_RETURN(const Json tokenizer, TokenizerToJson(vocabulary));
  ASSIGN_OR_RETURN(const std::string chat_template,
                   LoadChatTemplate(checkpoint_));
  const JsonConfigExtras extras = {
      .dtype = options_.dtype,
      .attention_bias =
          checkpoint_.FindEntry("blk.0.attn_output.bias") != nullptr,
      .bos = vocabulary.bos,
      .eos = vocabulary.eos,
      .padding = vocabulary.padding,
  };
  ASSIGN_OR_RETURN(const Json config, ConfigToJson(config_, extras));
  Json generation = Json::object();
  for (const char* id : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (config.contains(id)) generation[id] = config[id];
  }
  RETURN_IF_ERROR(WriteJson("config.json", config));
  RETURN_IF_ERROR(WriteJson("generation_config.json", generation));
  RETURN_IF_ERROR(WriteJson("tokenizer.json", tokenizer));
  return WriteJson(
      "tokenizer_config.json",
      TokenizerConfigToJson(vocabulary, chat_template, config_.context_len));
}

absl::Status Converter::AddMetadataOfDirectory(const ModelDirectory& directory,
                                               GgufHeader& header) {
  RETURN_IF_ERROR(AddConfig(config_, options_.dtype, header));
  ASSIGN_OR_RETURN(rope_factors_, RopeFactors(config_));
  ASSIGN_OR_RETURN(ConvertedVocabulary converted,
                   VocabularyFromDirectory(directory, config_.vocab_size));
  AddVocabulary(converted.vocabulary, header);
  report_.notes = std::move(converted.notes);
  ASSIGN_OR_RETURN(const std::string chat_template,
                   LoadChatTemplate(checkpoint_));
  if (!chat_template.empty()) {
    header.AddString("tokenizer.chat_template", chat_template);
  }
  return absl::OkStatus();
}

absl::Status Converter::AddGgufMetadata(GgufHeader& header) {
  const CheckpointSource source = checkpoint_.source();
  if (source.gguf == nullptr) {
    return AddMetadataOfDirectory(*source.directory, header);
  }
  // The same model in other types: all but what names them.
  for (const GgufMetadata& entry : source.gguf->metadata()) {
    if (entry.key == "general.file_type" || entry.key == "general.alignment" ||
        entry.key == "general.quantization_version") {
      continue;
    }
    header.Add(entry.key, entry.value);
  }
  AddFileType(options_.dtype, header);
  return absl::OkStatus();
}

absl::Status Converter::WriteGguf() {
  GgufHeader header;
  RETURN_IF_ERROR(AddGgufMetadata(header));
  if (!rope_factors_.empty()) {
    RETURN_IF_ERROR(
        header.AddTensor(kRopeFactors, DType::kF32,
                         {static_cast<int64_t>(rope_factors_.size())}));
  }
  for (const TensorConversion& tensor : plan_) {
    RETURN_IF_ERROR(header.AddTensor(tensor.name, tensor.dtype, tensor.shape));
  }
  return WriteTensors(output_, header.Layout());
}

}  // namespace

absl::StatusOr<ConvertReport> ConvertCheckpoint(const std::string& input,
                                                const std::string& output,
                                                const ConvertOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint,
                   OpenCheckpoint(input));
  ASSIGN_OR_RETURN(ModelConfig config, ReadConfig(*checkpoint));
  absl::StatusOr<ConvertReport> report =
      Converter(*checkpoint, std::move(config), output, options).Run();
  if (!report.ok()) return Annotate(report.status(), input);
  return report;
}

}  // namespace tessera::model
