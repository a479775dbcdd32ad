#include "libs/model/convert/tensor_conversion.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/model/tensor_names.h"
#include "libs/tensor/dequantize.h"
#include "libs/tensor/quantize.h"

namespace tessera::model {
namespace {

// GGUF's `llama` has query and key rows in the order of the original Llama's
// code; qwen2 and qwen3 keep Hugging Face's.
bool InterleavesRows(CheckpointFormat format, const ModelConfig& config) {
  const bool is_llama =
      config.architecture == "llama" || config.architecture == "mistral";
  return format == CheckpointFormat::kGguf && is_llama;
}

bool IsRotated(absl::string_view gguf_name) {
  return absl::StrContains(gguf_name, ".attn_q.") ||
         absl::StrContains(gguf_name, ".attn_k.");
}

// Tables that no format but the source's own needs, and copies of others.
bool IsLeftOut(const TensorEntry& tensor, const ModelConfig& config,
               bool same_format) {
  if (absl::EndsWith(tensor.name, ".rotary_emb.inv_freq")) return true;
  if (same_format) return false;
  return tensor.name == "rope_freqs.weight" ||  // goes into the config
         (config.tied_output && tensor.name == "lm_head.weight");
}

// The vocabulary is written as long as the config says: the embedding says so
// too.
absl::Status CheckEmbedding(const Checkpoint& checkpoint,
                            const ModelConfig& config) {
  const bool is_gguf = FormatOf(checkpoint) == CheckpointFormat::kGguf;
  const char* name =
      is_gguf ? "token_embd.weight" : "model.embed_tokens.weight";
  const TensorEntry* entry = checkpoint.FindEntry(name);
  const Shape want = {config.vocab_size, config.hidden_dim};
  if (entry != nullptr && entry->shape == want) return absl::OkStatus();
  if (entry == nullptr) {
    return absl::NotFoundError(absl::StrCat("no tensor ", name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("tensor ", name, " has shape ", ShapeString(entry->shape),
                   ": must be ", ShapeString(want)));
}

absl::Status CheckRotatedRows(const TensorEntry& tensor,
                              absl::string_view gguf_name,
                              const ModelConfig& config) {
  const int64_t rows = absl::StrContains(gguf_name, ".attn_q.")
                           ? config.query_dim()
                           : config.key_value_dim();
  if (!tensor.shape.empty() && tensor.shape[0] == rows) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("tensor ", tensor.name, " has shape ",
                   ShapeString(tensor.shape), ": must have ", rows, " rows"));
}

// The target's name for `tensor`; errors of PlanTensors.
absl::StatusOr<std::string> TargetName(const TensorEntry& tensor,
                                       CheckpointFormat source,
                                       CheckpointFormat target) {
  if (source == target) return tensor.name;
  absl::StatusOr<std::string> name = target == CheckpointFormat::kGguf
                                         ? GgufTensorName(tensor.name)
                                         : HuggingFaceTensorName(tensor.name);
  if (name.ok()) return name;
  return absl::UnimplementedError(
      absl::StrCat("tensor ", tensor.name,
                   " is not of a Llama-family model: the other format has no "
                   "name for it"));
}

// The row of a head of `head_dim` rows that becomes row `row`.
int64_t SourceRow(RowOrder order, int64_t row, int64_t head_dim) {
  const int64_t half_dim = head_dim / 2;
  const int64_t first = row / head_dim * head_dim;
  const int64_t in_head = row % head_dim;
  switch (order) {
    case RowOrder::kSame:
      return row;
    case RowOrder::kInterleavedToRotateHalf:
      return first + 2 * (in_head % half_dim) + in_head / half_dim;
    case RowOrder::kRotateHalfToInterleaved:
      return first + in_head % 2 * half_dim + in_head / 2;
  }
  return row;
}

// Converts one row at a time; owns the buffers.
class RowConverter {
 public:
  RowConverter(DType from, DType to, int64_t row_elements)
      : from_(from), to_(to), floats_(row_elements) {
    const absl::StatusOr<int64_t> row_bytes = RowBytes(to, row_elements);
    CHECK(row_bytes.ok()) << "the plan has checked the shape";
    row_.resize(*row_bytes);
  }

  absl::Span<const uint8_t> Convert(const uint8_t* row, int64_t row_bytes) {
    if (from_ == to_) return {row, static_cast<size_t>(row_bytes)};
    const auto num_elements = static_cast<int64_t>(floats_.size());
    DequantizeRow(from_, row, num_elements, floats_.data());
    QuantizeRow(to_, floats_.data(), num_elements, row_.data());
    return row_;
  }

 private:
  const DType from_;
  const DType to_;
  std::vector<float> floats_;
  std::vector<uint8_t> row_;
};

}  // namespace

CheckpointFormat FormatOf(const Checkpoint& checkpoint) {
  return checkpoint.source().gguf != nullptr ? CheckpointFormat::kGguf
                                             : CheckpointFormat::kSafetensors;
}

absl::StatusOr<std::vector<TensorConversion>> PlanTensors(
    const Checkpoint& checkpoint, const ModelConfig& config,
    CheckpointFormat target, DType matrix_dtype) {
  const CheckpointFormat source = FormatOf(checkpoint);
  RETURN_IF_ERROR(CheckEmbedding(checkpoint, config));
  const bool was_interleaved = InterleavesRows(source, config);
  const bool is_interleaved = InterleavesRows(target, config);
  std::vector<TensorConversion> plan;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (IsLeftOut(tensor, config, source == target)) continue;
    TensorConversion conversion;
    conversion.source_name = tensor.name;
    conversion.shape = tensor.shape;
    ASSIGN_OR_RETURN(conversion.name, TargetName(tensor, source, target));
    const bool is_vector = tensor.shape.size() < 2;
    conversion.dtype = is_vector && target == CheckpointFormat::kGguf
                           ? DType::kF32
                           : matrix_dtype;
    const std::string& gguf_name =
        target == CheckpointFormat::kGguf ? conversion.name : tensor.name;
    if (was_interleaved != is_interleaved && IsRotated(gguf_name)) {
      RETURN_IF_ERROR(CheckRotatedRows(tensor, gguf_name, config));
      conversion.order = is_interleaved ? RowOrder::kRotateHalfToInterleaved
                                        : RowOrder::kInterleavedToRotateHalf;
    }
    plan.push_back(std::move(conversion));
  }
  return plan;
}

absl::Status WriteTensor(Checkpoint& checkpoint,
                         const TensorConversion& conversion, int64_t head_dim,
                         TensorFileWriter& writer) {
  ASSIGN_OR_RETURN(const TensorView view,
                   checkpoint.Find(conversion.source_name));
  if (!CanQuantizeTo(view.dtype())) {
    return absl::UnimplementedError(
        absl::StrCat("tensor ", conversion.source_name, " has type ",
                     DTypeName(view.dtype()), ", not a weight's type"));
  }
  RETURN_IF_ERROR(writer.BeginTensor(conversion.name));
  // A vector's elements are reordered as a matrix's rows are.
  const bool is_vector = view.rank() < 2;
  const int64_t num_rows = is_vector ? view.num_elements() : view.num_rows();
  const int64_t row_elements = is_vector ? 1 : view.row_elements();
  const int64_t row_bytes = num_rows == 0 ? 0 : view.num_bytes() / num_rows;
  RowConverter converter(view.dtype(), conversion.dtype, row_elements);
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t source = SourceRow(conversion.order, row, head_dim);
    RETURN_IF_ERROR(writer.Append(converter.Convert(
        view.data_as<uint8_t>() + source * row_bytes, row_bytes)));
  }
  checkpoint.Release(view);
  return absl::OkStatus();
}

}  // namespace tessera::model
