#include "libs/rpc/status.h"

#include <string>

#include "absl/strings/string_view.h"

namespace tessera::rpc {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const int code = status.error_code();
  const bool is_known = code > 0 && code <= 16;
  return absl::Status(is_known ? static_cast<absl::StatusCode>(code)
                               : absl::StatusCode::kUnknown,
                      absl::string_view(status.error_message()));
}

}  // namespace tessera::rpc
