#include "services/gateway/gateway_flags.h"

#include "absl/time/time.h"

namespace tessera::gateway {
namespace {

void AddServerFlags(options::Flags* flags, http::ServerOptions* http) {
  constexpr int64_t kMaxBytes = int64_t{1} << 40;
  const absl::Duration min = absl::Milliseconds(1);
  const absl::Duration max = absl::Hours(24);
  flags->Text("host", &http->address, "ADDRESS",
              "address to listen on; 0.0.0.0: all of the machine's");
  flags->Int("port", &http->port, 0, 65535, "port to listen on; 0: a free one");
  flags->Int("http-threads", &http->num_threads, 1, 256,
             "threads that serve connections");
  flags->Int("max-connections", &http->max_connections, 1, 1 << 20,
             "connections at once");
  flags->Bytes("max-header-bytes", &http->max_header_bytes, 1, kMaxBytes,
               "of a request's header, at most");
  flags->Bytes("max-body-bytes", &http->max_body_bytes, 1, kMaxBytes,
               "of a request's body, at most");
  flags->Bytes("max-send-bytes", &http->max_send_bytes, 1, kMaxBytes,
               "waiting for a slow reader, who is disconnected beyond it");
  flags->Time("header-timeout", &http->header_timeout, min, max,
              "for a whole header to come");
  flags->Time("body-timeout", &http->body_timeout, min, max,
              "for a whole body to come");
  flags->Time("idle-timeout", &http->idle_timeout, min, max,
              "between a connection's requests");
  flags->Time("send-timeout", &http->send_timeout, min, max,
              "without a reader's taking anything");
}

}  // namespace

void AddGatewayFlags(options::Flags* flags, GatewayOptions* options) {
  AddServerFlags(flags, &options->http);
  flags->Texts("model-alias", &options->model_aliases, "NAME",
               "another name that requests may call the model by");
  flags->Text("api-keys", &options->api_keys_file, "FILE",
              "keys of which a request must have one, `key` or `name:key` a "
              "line; read anew on SIGHUP");
  flags->Text("salt-secret", &options->salt_secret_file, "FILE",
              "secret that keeps API keys' cached prompts apart, also after a "
              "restart and among gateways; 16 bytes or more");
  flags->Text("cors-origin", &options->cors_origin, "ORIGIN",
              "pages of this origin may ask; *: of any");
  flags->Int("max-requests-per-key", &options->max_requests_per_key, 0, 1 << 20,
             "unfinished generations of a key at once; 0: any number");
  flags->Int("max-request-tokens", &options->max_request_tokens, 1,
             int64_t{1} << 40, "choices x max_tokens of a request");
  flags->Switch("log-prompts", &options->log_prompts,
                "log what users said; by default no text is logged");
}

}  // namespace tessera::gateway
