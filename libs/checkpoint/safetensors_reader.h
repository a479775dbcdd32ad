// SafetensorsFile: one safetensors file, mapped and checked.
//
// Eight bytes of header length, a JSON header, then the tensors' bytes. Refused
// as the reference implementation refuses: a header over 100 MB, tensors that
// overlap, leave gaps or do not end where the file does, sizes that disagree
// with type and shape; and what the format's text forbids besides: a key twice.
// A tensor whose type we lack is listed, with the reason in `unsupported`.
// Source: safetensors' tensor.rs and README (Apache 2.0).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/mapped_file.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/tensor_entry.h"

namespace tessera {

class SafetensorsFile {
 public:
  // MappedFile::Open's errors; InvalidArgument, with the file and the field or
  // offset, for content that is not valid safetensors.
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Open(
      const std::string& path);

  // The same over bytes in memory, which outlive the result; `name` stands for
  // the path in messages.
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Parse(
      absl::Span<const uint8_t> bytes, std::string name);

  const std::string& path() const { return path_; }

  // The header's "__metadata__".
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }

  // By ascending offset. Their bytes may lie at any address, aligned to
  // nothing.
  absl::Span<const TensorEntry> tensors() const { return tensors_; }
  const TensorEntry* FindTensor(absl::string_view name) const;

  // Drops a tensor's pages from memory: see MappedFile::Release. Nothing
  // happens where the view is of another file.
  void Release(const TensorView& view) const;

 private:
  explicit SafetensorsFile(std::string path) : path_(std::move(path)) {}
  absl::Status ParseBytes(absl::Span<const uint8_t> bytes);
  absl::Status PlaceTensors(absl::Span<const SafetensorsInfo> infos,
                            absl::Span<const uint8_t> data,
                            uint64_t data_offset);

  std::string path_;
  std::optional<MappedFile> file_;  // none for bytes in memory
  std::map<std::string, std::string> metadata_;
  std::vector<TensorEntry> tensors_;
  absl::flat_hash_map<absl::string_view, size_t> index_;
};

}  // namespace tessera
