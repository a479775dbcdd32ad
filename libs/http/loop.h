// Loop: one thread and the connections it owns.
//
// Everything but Start, Post, Stop and Join runs on that thread. Includes
// Boost: for the .cc files of the server alone.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "libs/http/exchange.h"
#include "libs/http/mailbox.h"
#include "libs/http/server_options.h"

namespace tessera::http {

class Connection;

using Clock = std::chrono::steady_clock;

// What all loops of a server share.
struct ServerParts {
  std::shared_ptr<const ServerOptions> options;
  Handler handler;
  std::atomic<int> num_connections{0};
};

class Loop {
 public:
  // Throws, as Start does, where the process has no file or thread left for it.
  explicit Loop(std::shared_ptr<ServerParts> parts);
  ~Loop();

  void Start();
  void Post(std::function<void()> task);
  // Closes every connection, then ends the thread, once nothing is left that
  // waits on context().
  void Stop();
  void Join();

  // Owns the socket, counted in num_connections, from now on; one that is
  // refused is told 503 and closed.
  void Adopt(int socket, std::string peer, bool is_refused);
  void StopAccepting();

  // For its connections.
  void Remove(Connection* connection);
  // When a wait from now on ends.
  Clock::time_point After(absl::Duration wait) const;
  // Read into by one connection at a time: idle ones hold no buffer.
  std::array<char, 64 << 10>& scratch() { return scratch_; }
  boost::asio::io_context& context() { return context_; }
  const ServerParts& parts() const { return *parts_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
  void Tick();
  void DrainMailbox();
  // Calls it for each connection; it may remove that connection or any other.
  void ForEach(const std::function<void(Connection&)>& body);

  const std::shared_ptr<ServerParts> parts_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_;
  boost::asio::steady_timer tick_;
  const Clock::duration tick_interval_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::shared_ptr<Outbox>> ready_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::array<char, 64 << 10> scratch_;
  std::thread thread_;
};

}  // namespace tessera::http
