// An exchange that keeps what it is sent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "libs/http/server.h"

namespace tessera::gateway {

class FakeExchange : public http::Exchange {
 public:
  // What it was sent.
  struct Record {
    std::optional<http::Response> response;  // or a stream's head
    std::vector<std::string> pieces;
    bool is_stream = false;
    bool is_finished = false;
    bool is_gone = false;     // the peer: set by the test
    bool is_dropped = false;  // the exchange
    std::function<void()> closed;

    std::string body() const {
      std::string all = response.has_value() ? response->body : "";
      for (const std::string& piece : pieces) all += piece;
      return all;
    }
    std::string header(absl::string_view name) const {
      for (const http::Header& header : response->headers) {
        if (header.first == name) return header.second;
      }
      return "";
    }
  };

  explicit FakeExchange(std::shared_ptr<Record> record)
      : record_(std::move(record)) {}
  ~FakeExchange() override { record_->is_dropped = true; }

  void Send(http::Response response) override {
    CHECK(!record_->response.has_value());
    record_->response = std::move(response);
    record_->is_finished = true;
  }
  void Begin(http::Response head) override {
    CHECK(!record_->response.has_value());
    record_->response = std::move(head);
    record_->is_stream = true;
  }
  bool Write(std::string piece) override {
    CHECK(record_->is_stream && !record_->is_finished && !piece.empty());
    if (record_->is_gone) return false;
    record_->pieces.push_back(std::move(piece));
    return true;
  }
  void Finish() override {
    CHECK(record_->is_stream && !record_->is_finished);
    record_->is_finished = true;
  }
  void OnClosed(std::function<void()> closed) override {
    if (record_->is_gone) return closed();
    record_->closed = std::move(closed);
  }

 private:
  const std::shared_ptr<Record> record_;
};

}  // namespace tessera::gateway
