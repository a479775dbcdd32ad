#include "libs/rpc/tcp_relay.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/check.h"

namespace tessera::rpc {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// -1: nobody listens there.
int Connect(int port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(socket_fd >= 0);
  const sockaddr_in address = Loopback(port);
  if (connect(socket_fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0) {
    return socket_fd;
  }
  close(socket_fd);
  return -1;
}

bool SendAll(int to, const char* data, int64_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= sent;
  }
  return true;
}

}  // namespace

TcpRelay::TcpRelay(int target_port) : target_port_(target_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(listener_ >= 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener_, generic, size) == 0);
  CHECK(listen(listener_, 64) == 0);
  CHECK(getsockname(listener_, generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  accepter_ = std::thread([this] { Accept(); });
}

TcpRelay::~TcpRelay() {
  shutdown(listener_, SHUT_RDWR);
  accepter_.join();
  close(listener_);
  Cut();
  for (const auto& connection : connections_) {
    connection->to_client.join();
    connection->to_target.join();
    close(connection->client);
    close(connection->target);
  }
}

void TcpRelay::Cut() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& connection : connections_) connection->Close();
}

// The descriptors stay until the relay ends, so that no other gets the number.
void TcpRelay::Connection::Close() {
  shutdown(client, SHUT_RDWR);
  shutdown(target, SHUT_RDWR);
}

void TcpRelay::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int target = Connect(target_port_);
    if (target < 0) {
      close(client);
      continue;
    }
    auto connection = std::make_unique<Connection>();
    Connection* self = connection.get();
    self->client = client;
    self->target = target;
    std::lock_guard<std::mutex> lock(mutex_);
    connections_.push_back(std::move(connection));
    self->to_client = std::thread([=, this] {
      Forward(self, self->target, self->client, &to_client_left_);
    });
    self->to_target = std::thread([=, this] {
      Forward(self, self->client, self->target, &to_target_left_);
    });
  }
}

void TcpRelay::Forward(Connection* connection, int from, int to,
                       std::atomic<int64_t>* left) {
  std::vector<char> buffer(size_t{16} << 10);
  for (;;) {
    int64_t size = recv(from, buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    bool is_last = false;
    if (left->load() != kUnlimited) {
      const int64_t before = left->fetch_sub(size);
      is_last = before <= size;
      if (is_last) {
        size = before;
        left->store(kUnlimited);
      }
    }
    if (!SendAll(to, buffer.data(), size) || is_last) break;
  }
  connection->Close();
}

}  // namespace tessera::rpc
