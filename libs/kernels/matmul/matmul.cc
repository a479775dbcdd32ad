#include "libs/kernels/matmul/matmul.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

TileFunctions FunctionsOf(device::KernelSet kernels) {
  switch (kernels) {
    case device::KernelSet::kAmx:
      return AmxTileFunctions();
    case device::KernelSet::kAvx512:
      return Avx512TileFunctions();
    case device::KernelSet::kAvx2:
      return Avx2TileFunctions();
    case device::KernelSet::kReference:
      break;
  }
  return ReferenceTileFunctions();
}

TileFunction FunctionFor(const PanelRun& run, const Activations& activations) {
  const TileFunctions functions = FunctionsOf(activations.kernels());
  const int index = static_cast<int>(run.format);
  switch (run.activations) {
    case ActivationKind::kInt8:
      return functions.int8[index];
    case ActivationKind::kInt12:
      return functions.int12[index];
    case ActivationKind::kBF16:
      return functions.bf16;
    case ActivationKind::kF32:
      break;
  }
  return run.format == PanelFormat::kF16 ? functions.f16 : functions.f32;
}

absl::Status Check(const Activations& activations, const PackedMatrix& weights,
                   device::Range rows, device::Range tokens) {
  if (activations.columns() != weights.num_columns()) {
    return absl::InvalidArgumentError(
        absl::StrCat("matmul: activations have ", activations.columns(),
                     " columns, weights ", weights.num_columns()));
  }
  if ((weights.activation_kinds() & ~activations.kinds()) != 0) {
    return absl::InvalidArgumentError(
        "matmul: the activations were not packed in a kind that the weights "
        "need");
  }
  if (rows.begin < 0 || rows.end > weights.num_rows() ||
      rows.begin % kPanelRows != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("matmul: rows ", rows.begin, " to ", rows.end, " of ",
                     weights.num_rows(), ", in panels of ", kPanelRows));
  }
  if (tokens.begin < 0 || tokens.end > activations.num_tokens() ||
      tokens.begin % kMatmulChunkTokens != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "matmul: tokens ", tokens.begin, " to ", tokens.end, " of ",
        activations.num_tokens(), ", in chunks of ", kMatmulChunkTokens));
  }
  return absl::OkStatus();
}

// Panels [first, end) of one run times tokens [token, token + num_tokens);
// `output` is of the first of them.
TileArguments Arguments(const Activations& activations,
                        const PackedMatrix& weights, const PanelRun& run,
                        int64_t first, int64_t end, device::Range rows,
                        const MatmulOutput& output, int64_t token,
                        int64_t num_tokens) {
  const PanelGeometry& geometry = Geometry(run.format);
  const int64_t row = first * kPanelRows;
  const int64_t tile_bytes = activations.TileBytes(run.activations);
  const int tile_width = activations.TileWidth(run.activations);
  return {
      .panels = weights.data() + run.offset +
                (first - run.first_panel) * run.panel_bytes,
      .panel_bytes = run.panel_bytes,
      .num_panels = end - first,
      .num_groups = geometry.NumGroups(weights.num_columns()),
      .activations =
          activations.data(run.activations) + token / tile_width * tile_bytes,
      .tile_bytes = tile_bytes,
      .num_tokens = num_tokens,
      .tile_width = tile_width,
      .prefetches_for_one = activations.kernels() == device::KernelSet::kAmx,
      .output = output.data + row,
      .output_stride = output.stride,
      .num_rows = std::min(rows.end, weights.num_rows()) - row,
      .bias = output.bias == nullptr ? nullptr : output.bias + row,
      .accumulate = output.accumulate};
}

}  // namespace

absl::Status Matmul(const Activations& activations, const PackedMatrix& weights,
                    device::Range rows, device::Range tokens,
                    const MatmulOutput& output) {
  RETURN_IF_ERROR(Check(activations, weights, rows, tokens));
  const int64_t first_panel = rows.begin / kPanelRows;
  const int64_t end_panel = (rows.end + kPanelRows - 1) / kPanelRows;
  for (int64_t token = tokens.begin; token < tokens.end;
       token += kMatmulChunkTokens) {
    const int64_t n = std::min(kMatmulChunkTokens, tokens.end - token);
    MatmulOutput chunk = output;
    chunk.data += (token - tokens.begin) * output.stride;
    for (const PanelRun& run : weights.runs()) {
      const int64_t first = std::max(first_panel, run.first_panel);
      const int64_t end = std::min(end_panel, run.first_panel + run.num_panels);
      if (first >= end) continue;
      FunctionFor(run, activations)(Arguments(activations, weights, run, first,
                                              end, rows, chunk, token, n));
    }
  }
  return absl::OkStatus();
}

}  // namespace tessera::kernels
