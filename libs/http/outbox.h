// Outbox: one answer on its way from any thread to its connection.
//
// Bytes are collected here, with head and chunk framing, while the connection
// is busy or has not been woken yet; it takes all of them at once and sends
// them in one write. A piece that comes alone is sent by the thread that writes
// it: waking another takes longer than that. Knows no sockets.
//
// CPU time of a piece of 150 bytes, the kernel's sending on loopback included:
// 4.9 us to one stream, 4.4 to each of 16, 2.6 to each of 64
// (stream_benchmark, 2 virtual Xeon cores).
//
// Never dies before both sides let go of it: the handler's side holds it
// through the Exchange that MakeExchange returns, the connection directly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/http/exchange.h"
#include "libs/http/mailbox.h"
#include "libs/http/message.h"
#include "libs/http/response_head.h"
#include "libs/http/server_options.h"

namespace tessera::http {

// What a request asks of its answer.
struct AnswerTerms {
  bool is_head = false;      // without its body
  bool is_http_1_1 = false;  // can be chunked
  bool keep_alive = false;
};

class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  // The connection.
  class Sender {
   public:
    virtual ~Sender() = default;
    // On the connection's thread: there is something to take.
    virtual void OnReady() = 0;
    // On any thread, while the outbox is neither closed nor complete: sends
    // what it can at once, and returns how much that was.
    virtual size_t TrySend(absl::string_view bytes) = 0;
  };

  Outbox(std::shared_ptr<const ServerOptions> options,
         std::shared_ptr<Mailbox> mailbox, const AnswerTerms& terms,
         Sender* sender);

  // The handler's side, see Exchange. Any thread.
  static std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<Outbox> outbox);
  void Send(Response response);
  void Begin(Response head);
  bool Write(absl::string_view piece);
  void Finish();
  void OnClosed(std::function<void()> closed);
  // Nobody will call the above again.
  void Abandon();

  // The connection's side, on its thread.
  enum class Taken {
    kSome,    // *bytes, maybe none
    kLast,    // *bytes, and nothing after them
    kFailed,  // disconnect: too much waits, or the answer was given up midway
  };
  // Into *bytes, which comes empty and keeps its capacity for later calls.
  Taken Take(std::string* bytes);
  // So much of what was taken cannot be sent now; until the next Take the
  // mailbox is spared.
  void Block(int64_t num_unsent_bytes);
  // All was sent.
  void Complete();
  // The connection is gone. OnClosed's callback runs here, if not Complete.
  void Close();
  // After kLast: whether the head said that the connection closes.
  bool closes_connection();
  // None once the connection is gone.
  Sender* sender() const { return sender_; }

 private:
  enum class Stage { kUnanswered, kStreaming, kFinished };

  // Into the mailbox, unless it is there; lets go of the lock first.
  void Queue(std::unique_lock<std::mutex> lock);

  const std::shared_ptr<const ServerOptions> options_;
  const std::shared_ptr<Mailbox> mailbox_;
  const AnswerTerms terms_;
  // Written on the connection's thread, under the mutex.
  Sender* sender_;

  std::mutex mutex_;  // guards what follows
  Stage stage_ = Stage::kUnanswered;
  bool is_queued_ = false;  // in the mailbox, or blocked: no need to be
  bool is_taken_ = false;   // the connection has bytes that it still sends
  bool is_failed_ = false;  // the connection is to close
  bool is_complete_ = false;
  bool is_closed_ = false;
  bool is_chunked_ = false;
  bool closes_connection_ = false;
  std::string pending_;
  int64_t num_unsent_bytes_ = 0;  // taken, and blocked
  std::function<void()> closed_;
};

}  // namespace tessera::http
