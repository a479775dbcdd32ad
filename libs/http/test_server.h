// TestServer: a server whose paths do what the tests of the server need.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/base/check.h"
#include "libs/http/server.h"

namespace tessera::http {

// Whether `holds` does within 20 s.
template <typename F>
bool Eventually(F holds) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (absl::Now() < end) {
    if (holds()) return true;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return false;
}

// Answers /echo with method, path, query and body; keeps the exchange of /hold;
// drops that of /drop; anything else is "hello".
class TestServer {
 public:
  explicit TestServer(const ServerOptions& options = {}) {
    auto server = Server::Start(
        options, [this](Request request, std::shared_ptr<Exchange> exchange) {
          Handle(std::move(request), std::move(exchange));
        });
    CHECK(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  Server& server() { return *server_; }
  int port() const { return server_->port(); }
  int num_requests() const { return num_requests_; }
  // How often OnClosed of an exchange of /hold was called.
  int num_closed() const { return num_closed_; }

  // Waits for the next exchange of /hold, and hands it over.
  std::shared_ptr<Exchange> TakeHeld() {
    std::shared_ptr<Exchange> held;
    CHECK(Eventually([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      held.swap(held_);
      return held != nullptr;
    }));
    return held;
  }

 private:
  void Handle(Request request, std::shared_ptr<Exchange> exchange) {
    ++num_requests_;
    if (request.path == "/hold") {
      exchange->OnClosed([this] { ++num_closed_; });
      const std::lock_guard<std::mutex> lock(mutex_);
      held_ = std::move(exchange);
    } else if (request.path == "/echo") {
      exchange->Send({.content_type = "text/plain",
                      .body = request.method + " " + request.path + "?" +
                              request.query + " " + request.body});
    } else if (request.path != "/drop") {
      exchange->Send({.content_type = "text/plain", .body = "hello"});
    }
  }

  std::mutex mutex_;
  std::shared_ptr<Exchange> held_;
  std::atomic<int> num_requests_{0};
  std::atomic<int> num_closed_{0};
  std::unique_ptr<Server> server_;
};

}  // namespace tessera::http
