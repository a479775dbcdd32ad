// TestClient: a blocking peer of a server on loopback, down to single bytes.
//
// Every wait ends after 20 s, with whatever came until then.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tessera::http {

struct TestResponse {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;  // without chunk framing
  bool is_whole = false;

  bool HasLine(absl::string_view line) const;  // in the head
};

class TestClient {
 public:
  // 0 leaves the receive buffer to the kernel. CHECK: nobody listens there.
  explicit TestClient(int port, int receive_buffer_bytes = 0);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  // False: the server closed before it took all.
  bool Send(absl::string_view bytes);
  // The next answer; an interim one (100) counts as one.
  TestResponse Receive(bool is_head = false);
  // What comes until `text` has come, inclusive, or until the end.
  std::string ReceiveUntil(absl::string_view text);
  // All that comes until the server closes, or resets.
  std::string ReceiveAll();
  // Waits for the end of the connection; false: there is none, or there are
  // bytes before it.
  bool IsClosed();

  void Close();
  // Closes with a reset, as a process that is killed does with unread bytes.
  void Reset();

 private:
  bool Fill();  // false: the end
  TestResponse ReceiveChunks(TestResponse response);

  int socket_ = -1;
  std::string buffer_;
};

}  // namespace tessera::http
