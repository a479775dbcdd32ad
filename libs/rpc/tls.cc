#include "libs/rpc/tls.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::rpc {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().find("-----BEGIN ") == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": holds no PEM (-----BEGIN ...)"));
  }
  return text.str();
}

struct Pems {
  std::string certificate;
  std::string key;
  std::string ca;
};

absl::StatusOr<Pems> ReadPems(const TlsOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  Pems pems;
  ASSIGN_OR_RETURN(pems.certificate, ReadPem(options.certificate_file));
  ASSIGN_OR_RETURN(pems.key, ReadPem(options.key_file));
  ASSIGN_OR_RETURN(pems.ca, ReadPem(options.ca_file));
  return pems;
}

}  // namespace

absl::Status TlsOptions::Validate() const {
  if (certificate_file.empty() != key_file.empty()) {
    return absl::InvalidArgumentError(
        "a TLS certificate and its key are given together or not at all");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const TlsOptions& options) {
  if (!options.enabled()) return grpc::InsecureServerCredentials();
  if (options.certificate_file.empty()) {
    return absl::InvalidArgumentError(
        "a server with TLS needs a certificate and its key");
  }
  ASSIGN_OR_RETURN(Pems pems, ReadPems(options));
  grpc::SslServerCredentialsOptions ssl(
      pems.ca.empty()
          ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = std::move(pems.ca);
  ssl.pem_key_cert_pairs.push_back(
      {std::move(pems.key), std::move(pems.certificate)});
  return grpc::SslServerCredentials(ssl);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(
    const TlsOptions& options) {
  if (!options.enabled()) return grpc::InsecureChannelCredentials();
  ASSIGN_OR_RETURN(Pems pems, ReadPems(options));
  return grpc::SslCredentials(
      {std::move(pems.ca), std::move(pems.key), std::move(pems.certificate)});
}

void AddTlsFlags(options::Flags* flags, absl::string_view prefix,
                 TlsOptions* options) {
  flags->Text(absl::StrCat(prefix, "tls-certificate"),
              &options->certificate_file, "FILE",
              "this process's certificate, PEM; turns TLS on");
  flags->Text(absl::StrCat(prefix, "tls-key"), &options->key_file, "FILE",
              "the certificate's private key, PEM");
  flags->Text(absl::StrCat(prefix, "tls-ca"), &options->ca_file, "FILE",
              "who signs the peers' certificates, PEM: a server then asks its "
              "clients for theirs");
}

}  // namespace tessera::rpc
