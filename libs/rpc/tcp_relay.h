// TcpRelay: a port that passes bytes on to another, for tests of connections
// that are cut.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tessera::rpc {

class TcpRelay {
 public:
  // Listens on a free port of 127.0.0.1 and connects to `target_port` there for
  // each connection. CHECK: the system lets it.
  explicit TcpRelay(int target_port);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  int port() const { return port_; }

  // Closes all connections, both ways. New ones may be made.
  void Cut();
  // The same once the target has sent so many more bytes in all; what is beyond
  // them does not arrive.
  void CutAfterReceiving(int64_t num_bytes) { to_client_left_ = num_bytes; }
  // ... once the clients have.
  void CutAfterSending(int64_t num_bytes) { to_target_left_ = num_bytes; }

 private:
  struct Connection {
    int client = -1;
    int target = -1;
    std::thread to_client;
    std::thread to_target;

    void Close();
  };

  void Accept();
  // Passes on until either end closes or `left` is used up.
  void Forward(Connection* connection, int from, int to,
               std::atomic<int64_t>* left);

  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int64_t> to_client_left_ = kUnlimited;
  std::atomic<int64_t> to_target_left_ = kUnlimited;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by mutex_
  std::thread accepter_;
};

}  // namespace tessera::rpc
