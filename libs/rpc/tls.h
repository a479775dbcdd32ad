// TLS and mutual TLS by files: certificates and keys in PEM.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "libs/options/flags.h"

namespace tessera::rpc {

struct TlsOptions {
  // Who this process is. Both or neither; a server without is plain text.
  std::string certificate_file;
  std::string key_file;
  // Whom it believes. A server that has one asks every client for a
  // certificate that it signed (mutual TLS); a client checks its server by it.
  std::string ca_file;

  bool enabled() const { return !certificate_file.empty() || !ca_file.empty(); }
  // InvalidArgument: a certificate without its key, or the reverse.
  absl::Status Validate() const;
};

// Plain text where TLS is not enabled. NotFound, InvalidArgument, naming the
// file: it cannot be read or is empty. A server needs a certificate.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const TlsOptions& options);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(
    const TlsOptions& options);

// Declares --PREFIXtls-certificate, --PREFIXtls-key, --PREFIXtls-ca.
void AddTlsFlags(options::Flags* flags, absl::string_view prefix,
                 TlsOptions* options);

}  // namespace tessera::rpc
