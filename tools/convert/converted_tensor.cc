#include "tools/convert/converted_tensor.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/model/tensor_names.h"
#include "libs/tensor/dequantize.h"
#include "libs/tensor/quantize.h"

namespace tessera::convert {
namespace {

// By GGUF's names. What a configuration says is not a weight.
bool IsDerived(absl::string_view name) {
  return name == "rope_freqs.weight" ||
         absl::EndsWith(name, "rotary_emb.inv_freq");
}

bool IsRotated(absl::string_view gguf_name) {
  for (const char* part : {".attn_q.", ".attn_k."}) {
    if (absl::StrContains(gguf_name, part)) return true;
  }
  return false;
}

RowOrder OrderFor(const model::ModelConfig& source, Format format) {
  const bool pairs =
      format == Format::kGguf &&
      (source.architecture == "llama" || source.architecture == "mistral");
  if (source.interleaved_rope == pairs) return RowOrder::kSame;
  return pairs ? RowOrder::kHalvesToPairs : RowOrder::kPairsToHalves;
}

}  // namespace

absl::StatusOr<std::vector<ConvertedTensor>> PlanTensors(
    const Checkpoint& source, const model::ModelConfig& config, DType dtype,
    Format format) {
  const bool from_gguf = source.source().gguf != nullptr;
  std::vector<ConvertedTensor> plan;
  for (const TensorEntry& entry : source.tensors()) {
    if (IsDerived(entry.name)) continue;
    std::string gguf_name = entry.name;
    if (!from_gguf) {
      ASSIGN_OR_RETURN(gguf_name, model::GgufTensorName(entry.name));
    }
    if (gguf_name == "output.weight" && config.tied_output) continue;
    ConvertedTensor tensor = {.source_name = entry.name, .name = gguf_name};
    if (format == Format::kSafetensors) {
      ASSIGN_OR_RETURN(tensor.name, model::HuggingFaceTensorName(gguf_name));
    }
    if (!entry.unsupported.empty()) {
      return absl::UnimplementedError(
          absl::StrCat("tensor ", entry.name, ": ", entry.unsupported));
    }
    tensor.shape = entry.shape;
    tensor.dtype = entry.shape.size() < 2 ? DType::kF32 : dtype;
    if (IsRotated(gguf_name)) {
      tensor.row_order = OrderFor(config, format);
      tensor.head_dim = config.head_dim;
    }
    plan.push_back(std::move(tensor));
  }
  return plan;
}

int64_t SourceRow(const ConvertedTensor& tensor, int64_t row) {
  if (tensor.row_order == RowOrder::kSame) return row;
  const int64_t dim = tensor.head_dim;
  const int64_t head = row / dim;
  const int64_t r = row % dim;
  // Pair i is rows 2i and 2i + 1 on the one side, i and dim / 2 + i on the
  // other.
  const int64_t from = tensor.row_order == RowOrder::kHalvesToPairs
                           ? r / 2 + r % 2 * (dim / 2)
                           : r % (dim / 2) * 2 + r / (dim / 2);
  return head * dim + from;
}

absl::Status WriteRows(
    const ConvertedTensor& tensor, const TensorView& source,
    absl::FunctionRef<absl::Status(absl::Span<const uint8_t>)> write) {
  // The rows of a bias are its elements.
  const bool is_vector = source.rank() < 2;
  const int64_t columns = source.row_elements();
  const int64_t num_rows = is_vector ? 1 : source.num_rows();
  const absl::StatusOr<int64_t> row_bytes = RowBytes(tensor.dtype, columns);
  RETURN_IF_ERROR(row_bytes.status());
  std::vector<float> row(columns);
  std::vector<float> ordered(columns);
  std::vector<uint8_t> bytes(*row_bytes);
  for (int64_t i = 0; i < num_rows; ++i) {
    DequantizeRow(source.dtype(),
                  source.row(is_vector ? 0 : SourceRow(tensor, i)), columns,
                  row.data());
    if (is_vector && tensor.row_order != RowOrder::kSame) {
      for (int64_t j = 0; j < columns; ++j) {
        ordered[j] = row[SourceRow(tensor, j)];
      }
      row.swap(ordered);
    }
    QuantizeRow(tensor.dtype, row.data(), columns, bytes.data());
    RETURN_IF_ERROR(write(bytes));
  }
  return absl::OkStatus();
}

}  // namespace tessera::convert
