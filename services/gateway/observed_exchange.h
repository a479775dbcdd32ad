// ObservedExchange: an exchange that notes what became of it, and tells when it
// is over. Adds the headers that every answer has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "libs/http/server.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

// For the log and the metrics; never what a user said.
struct RequestRecord {
  std::string method;
  std::string route;  // of the few that there are, or "other"
  std::string caller;
  std::string request_id;
  int64_t request_bytes = 0;
  absl::Time start;
  int status = 0;  // 0: not answered
  int64_t response_bytes = 0;
  // Of a generation.
  std::optional<verifier::v1::Usage> usage;
  std::string finish_reason;  // stop, length, error, closed
};

class ObservedExchange : public http::Exchange {
 public:
  using Ended = std::function<void(const RequestRecord&)>;

  // `ended` is called when the last reference goes.
  ObservedExchange(std::shared_ptr<http::Exchange> exchange,
                   RequestRecord record, Ended ended);
  ~ObservedExchange() override;

  // Not while another thread sends.
  RequestRecord& record() { return record_; }
  void AddHeader(std::string name, std::string value);
  // Kept until the exchange is over.
  void Keep(std::shared_ptr<void> ticket) { ticket_ = std::move(ticket); }

  void Send(http::Response response) override;
  void Begin(http::Response head) override;
  bool Write(std::string piece) override;
  void Finish() override;
  void OnClosed(std::function<void()> closed) override;

 private:
  void Decorate(http::Response* response);

  const std::shared_ptr<http::Exchange> exchange_;
  RequestRecord record_;
  const Ended ended_;
  std::vector<http::Header> headers_;
  std::shared_ptr<void> ticket_;
};

}  // namespace tessera::gateway
