// Checkpoint: a model's tensors by name, and the source of its configuration,
// whatever its files' format.
//
//   ASSIGN_OR_RETURN(auto checkpoint, OpenCheckpoint(path));
//   if (auto* gguf = checkpoint->source().gguf) config = ConfigFromGguf(*gguf);
//   else config = ConfigFromJson(checkpoint->source().directory->config);
//   ASSIGN_OR_RETURN(TensorView view, checkpoint->Find("blk.0.attn_q.weight"));
//   ... repack ...
//   checkpoint->Release(view);
//
// Tensor names, and the layout of the query and key rows (GGUF permutes them
// for `llama`), are the format's own.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/checkpoint/model_directory.h"
#include "libs/checkpoint/tensor_entry.h"
#include "libs/tensor/tensor_view.h"

namespace tessera {

// Exactly one is set; both live as long as the checkpoint.
struct CheckpointSource {
  const GgufFile* gguf = nullptr;
  const ModelDirectory* directory = nullptr;  // safetensors
};

// Safe from any thread.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  // What was opened.
  virtual const std::string& path() const = 0;
  virtual CheckpointSource source() const = 0;

  // All of them, also those that Find refuses.
  virtual absl::Span<const TensorEntry> tensors() const = 0;

  // Null where there is none.
  virtual const TensorEntry* FindEntry(absl::string_view name) const = 0;

  // The tensor's bytes, aligned for its element or block type. NotFound where
  // there is none, Unimplemented where its type is one that we lack; both name
  // file and tensor.
  virtual absl::StatusOr<TensorView> Find(absl::string_view name) = 0;

  // Gives the memory of a view that Find returned, or of an entry's, back to
  // the system. It must not be read any more: where it was a copy, it is gone.
  virtual void Release(const TensorView& view) = 0;
};

// `path` is a .gguf file, a .safetensors file, or a directory that holds
// model.safetensors, or model.safetensors.index.json and its shards; any
// other file is taken for GGUF. Errors as the readers'; Unimplemented for one
// part of a split GGUF.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(
    const std::string& path);

}  // namespace tessera
