#include "libs/checkpoint/tensor_entry.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/checkpoint/file_error.h"

namespace tessera {

absl::StatusOr<TensorView> LoadableView(const TensorEntry* entry,
                                        absl::string_view name) {
  if (entry == nullptr) {
    return absl::NotFoundError(absl::StrCat("no tensor ", Quoted(name)));
  }
  if (!entry->unsupported.empty()) {
    return absl::UnimplementedError(
        absl::StrCat("tensor ", Quoted(name), " ", entry->unsupported));
  }
  return entry->view;
}

}  // namespace tessera
