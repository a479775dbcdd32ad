#include "libs/http/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera::http {

bool TestResponse::HasLine(absl::string_view line) const {
  return absl::StrContains(head, absl::StrCat("\r\n", line, "\r\n"));
}

TestClient::TestClient(int port, int receive_buffer_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  CHECK(socket_ >= 0);
  const timeval patience{.tv_sec = 20};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (receive_buffer_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof(receive_buffer_bytes));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&address),
                  sizeof(address)) == 0)
      << "port " << port;
}

TestClient::~TestClient() { Close(); }

bool TestClient::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

bool TestClient::Fill() {
  char bytes[16384];
  const ssize_t received = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (received <= 0) return false;
  buffer_.append(bytes, received);
  return true;
}

std::string TestClient::ReceiveUntil(absl::string_view text) {
  size_t found;
  while ((found = buffer_.find(std::string(text))) == std::string::npos) {
    if (!Fill()) return std::exchange(buffer_, {});
  }
  const std::string received = buffer_.substr(0, found + text.size());
  buffer_.erase(0, received.size());
  return received;
}

std::string TestClient::ReceiveAll() {
  while (Fill()) {
  }
  return std::exchange(buffer_, {});
}

TestResponse TestClient::Receive(bool is_head) {
  TestResponse response;
  response.head = ReceiveUntil("\r\n\r\n");
  if (!absl::EndsWith(response.head, "\r\n\r\n")) return response;
  CHECK(absl::SimpleAtoi(response.head.substr(9, 3), &response.status));
  if (is_head || response.status < 200 || response.status == 204) {
    response.is_whole = true;
    return response;
  }
  if (response.HasLine("Transfer-Encoding: chunked")) {
    return ReceiveChunks(std::move(response));
  }
  const size_t at = response.head.find("Content-Length: ");
  if (at == std::string::npos) {
    response.body = ReceiveAll();
    return response;
  }
  const size_t length = std::atol(response.head.c_str() + at + 16);
  while (buffer_.size() < length && Fill()) {
  }
  response.body = buffer_.substr(0, length);
  response.is_whole = response.body.size() == length;
  buffer_.erase(0, length);
  return response;
}

TestResponse TestClient::ReceiveChunks(TestResponse response) {
  for (;;) {
    const std::string line = ReceiveUntil("\r\n");
    const size_t size = std::strtoul(line.c_str(), nullptr, 16);
    while (buffer_.size() < size + 2 && Fill()) {
    }
    response.body.append(buffer_.substr(0, size));
    response.is_whole = buffer_.substr(0, size + 2).size() == size + 2;
    buffer_.erase(0, size + 2);
    response.is_whole = response.is_whole && size == 0 && line == "0\r\n";
    if (size == 0) return response;
  }
}

bool TestClient::IsClosed() {
  if (!buffer_.empty()) return false;
  char byte;
  const ssize_t received = ::recv(socket_, &byte, 1, 0);
  return received == 0 || (received < 0 && errno == ECONNRESET);
}

void TestClient::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void TestClient::Reset() {
  const linger abort{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  Close();
}

}  // namespace tessera::http
