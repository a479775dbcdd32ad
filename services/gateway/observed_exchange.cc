#include "services/gateway/observed_exchange.h"

namespace tessera::gateway {

ObservedExchange::ObservedExchange(std::shared_ptr<http::Exchange> exchange,
                                   RequestRecord record, Ended ended)
    : exchange_(std::move(exchange)),
      record_(std::move(record)),
      ended_(std::move(ended)) {}

ObservedExchange::~ObservedExchange() {
  ticket_.reset();  // whoever is told finds the place free
  ended_(record_);
}

void ObservedExchange::AddHeader(std::string name, std::string value) {
  headers_.emplace_back(std::move(name), std::move(value));
}

void ObservedExchange::Decorate(http::Response* response) {
  record_.status = response->status;
  if (!record_.request_id.empty()) {
    response->headers.emplace_back("X-Request-Id", record_.request_id);
  }
  for (http::Header& header : headers_) {
    response->headers.push_back(std::move(header));
  }
  headers_.clear();
}

void ObservedExchange::Send(http::Response response) {
  Decorate(&response);
  record_.response_bytes += static_cast<int64_t>(response.body.size());
  exchange_->Send(std::move(response));
}

void ObservedExchange::Begin(http::Response head) {
  Decorate(&head);
  exchange_->Begin(std::move(head));
}

bool ObservedExchange::Write(std::string piece) {
  record_.response_bytes += static_cast<int64_t>(piece.size());
  return exchange_->Write(std::move(piece));
}

void ObservedExchange::Finish() { exchange_->Finish(); }

void ObservedExchange::OnClosed(std::function<void()> closed) {
  exchange_->OnClosed(std::move(closed));
}

}  // namespace tessera::gateway
