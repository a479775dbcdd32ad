// Early return on errors.
//
//   RETURN_IF_ERROR(Open(path));
//   ASSIGN_OR_RETURN(Config config, ReadConfig(file));
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tessera {

// The same code, with "words: " before the message: says where, on the way up.
inline absl::Status Annotate(const absl::Status& status,
                             absl::string_view words) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(words, ": ", status.message()));
}

}  // namespace tessera

#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define TESSERA_CONCAT_(a, b) a##b
#define TESSERA_CONCAT(a, b) TESSERA_CONCAT_(a, b)
#define ASSIGN_OR_RETURN(declaration, expression)                             \
  TESSERA_ASSIGN_OR_RETURN_(TESSERA_CONCAT(statusor_, __LINE__), declaration, \
                            expression)
#define TESSERA_ASSIGN_OR_RETURN_(statusor, declaration, expression) \
  auto statusor = (expression);                                      \
  if (!statusor.ok()) return statusor.status();                      \
  declaration = *std::move(statusor)
