// Connection: one peer's socket. Reads a request, hands it out, sends its
// answer, and so on until either side closes.
//
// On its loop's thread alone, but for TrySend. While it waits for a request it
// holds no buffer: 650 bytes, beside the kernel's own (stream_benchmark).
// Includes Boost: for the .cc files of the server alone.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "libs/http/loop.h"
#include "libs/http/outbox.h"
#include "libs/http/request_reader.h"

namespace tessera::http {

class Connection : public std::enable_shared_from_this<Connection>,
                   public Outbox::Sender {
 public:
  Connection(Loop* loop, int socket, std::string peer);
  ~Connection() override;

  // Once, by the loop that owns it. A refused one only gets to read 503.
  void Start(bool is_refused);
  // No request comes after those that have begun.
  void OnDraining();
  void CheckDeadline(Clock::time_point now);
  // Idempotent. Tells whoever answers a request here.
  void Close();
  void OnReady() override;
  size_t TrySend(absl::string_view bytes) override;

  // Its place in the loop's list.
  size_t index() const { return index_; }
  void set_index(size_t index) { index_ = index; }

 private:
  enum class Phase {
    kReading,    // a request, or waits for one
    kAnswering,  // outbox_ is there
    kLingering,  // all is sent; reads until the peer closes
    kClosed,
  };

  // connection_read.cc
  void WaitReadable();
  void OnReadable();
  void OnBytes(absl::string_view bytes);
  void ReadEarly();
  // Returns how many of the bytes belonged to the request.
  size_t ReadRequest(absl::string_view bytes);
  void SendContinue();
  void Dispatch();
  void Refuse(int status, absl::string_view message);

  // connection_write.cc
  std::shared_ptr<Outbox> OpenOutbox(const AnswerTerms& terms);
  // True: all of sending_ is gone. False: it waits for the peer, or Close was
  // called.
  bool SendBuffer();
  void WaitWritable();
  void OnAnswered();
  void Linger();

  Loop& loop_;
  boost::asio::posix::stream_descriptor descriptor_;
  const std::string peer_;
  size_t index_ = 0;
  Phase phase_ = Phase::kReading;
  Clock::time_point deadline_;
  bool is_waiting_readable_ = false;
  bool is_blocked_ = false;  // sending_ waits for the peer to read

  std::unique_ptr<RequestReader> reader_;  // none: no byte of a request yet
  std::string early_;                      // came while an answer is under way
  size_t num_early_read_ = 0;              // of early_
  int64_t num_dropped_ = 0;                // bytes, while lingering
  std::shared_ptr<Outbox> outbox_;
  Outbox::Taken taken_ = Outbox::Taken::kSome;
  std::string sending_;
  size_t num_sent_ = 0;  // of sending_
};

}  // namespace tessera::http
