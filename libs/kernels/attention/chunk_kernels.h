// What an instruction set implements for one type of cache: a tile of rows
// against one chunk of keys. attention.h is the contract; this is the seam
// below the only dispatch.
//
// A row is one query head of one query. A tile's rows are num_queries x group,
// the query heads of a group side by side, and share every load of their keys
// and values.
#pragma once

#include <cstdint>

#include "libs/kernels/attention/kv_block.h"

namespace tessera::attention {

// Running softmax of rows. Scores are in units of log2: scale * log2(e) is
// folded into the queries. A row that saw no key has max kNoScore, sum 0,
// values 0.
struct RowStates {
  float* max;     // [R]
  float* sum;     // [R]  of 2^(score - max)
  float* values;  // [R, D]  weighted likewise
};
// Finite, so that a difference of two is no NaN; less than any real score.
inline constexpr float kNoScore = -1e30f;

// Queries of a tile: query i's group is at query + i * stride, [group, D].
struct QueryRows {
  const float* query;
  int64_t stride;
  int num_queries;
  int group;
  int head_dim;
  float scale;  // times log2(e)
};

// Keys [begin, end) of a chunk, counted from its first.
struct KeyRange {
  int32_t begin;
  int32_t end;
};

struct ChunkArgs {
  // The head's bytes of the chunk's blocks: those that hold a key visible to
  // some row; the rest is not read.
  const uint8_t* blocks[kChunkBlocks];
  // Head bytes that this worker reads next, to be prefetched; may be null.
  const uint8_t* next_blocks[kChunkBlocks];
  // The first chunk of a run: nobody may have prefetched its values.
  bool is_cold;
  int head_dim;
  int num_rows;
  const uint8_t* queries;   // as prepare_queries left them
  const KeyRange* visible;  // [R]; null: every key of the chunk to every row
  RowStates states;         // the chunk's partial softmax is merged into them
  uint8_t* scratch;         // scratch_bytes(D), 64-byte aligned
};

// Rows of a tile to their outputs: query i's group is at output + i * stride.
struct OutputRows {
  float* output;
  int64_t stride;
  int num_queries;
  int group;
  int head_dim;
};

struct ChunkKernels {
  // Bytes that `num_rows` prepared queries take, and of scratch.
  int64_t (*query_bytes)(int num_rows, int head_dim);
  int64_t (*scratch_bytes)(int head_dim);
  void (*prepare_queries)(const QueryRows& rows, uint8_t* prepared);
  // Merges the partial softmax of one chunk, computed from zero, into states.
  void (*attend_chunk)(const ChunkArgs& args);
  // The same merge of a partial that stands in memory.
  void (*merge_states)(const RowStates& partial, int num_rows, int head_dim,
                       const RowStates& states);
  // values / sum; a zero comes out positive.
  void (*finish_rows)(const RowStates& states, const OutputRows& rows);
};

// Of one instruction set, for every type of cache.
void MergeStatesAvx2(const RowStates& partial, int num_rows, int head_dim,
                     const RowStates& states);
void FinishRowsAvx2(const RowStates& states, const OutputRows& rows);
void MergeStatesAvx512(const RowStates& partial, int num_rows, int head_dim,
                       const RowStates& states);
void FinishRowsAvx512(const RowStates& states, const OutputRows& rows);

extern const ChunkKernels kReferenceF32Kernels;
extern const ChunkKernels kReferenceBF16Kernels;
extern const ChunkKernels kReferenceI8Kernels;
extern const ChunkKernels kAvx2BF16Kernels;  // D a multiple of 16
extern const ChunkKernels kAvx2I8Kernels;
extern const ChunkKernels kAvx512BF16Kernels;
extern const ChunkKernels kAvx512I8Kernels;
extern const ChunkKernels kAmxBF16Kernels;  // D a multiple of 32

}  // namespace tessera::attention
