#include "libs/http/message.h"

namespace tessera::http {

absl::string_view Request::header(absl::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

}  // namespace tessera::http
