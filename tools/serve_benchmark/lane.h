// Lane: requests to a server on loopback one after another, each on a
// connection of its own, and when the tokens of their answers came.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/serve_benchmark/response_reader.h"
#include "tools/serve_benchmark/token_events.h"

namespace tessera::serve_benchmark {

struct PlannedRequest {
  // After the lane's begin, or after the answer before it.
  absl::Duration delay;
  std::string path;
  std::string body;  // JSON, with "stream": true
};

// Times are since the load's begin.
struct Answer {
  absl::Duration sent;
  std::vector<absl::Duration> tokens;  // an event with text each
  absl::Duration end;
  int status = 0;  // of HTTP
  int completion_tokens = -1;
  std::string error;  // why it is no whole answer; empty: it is
  std::string body;   // its events, as they came
};

class Lane {
 public:
  Lane(int port, std::vector<PlannedRequest> requests);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  bool done() const { return next_ == requests_.size() && fd_ < 0; }
  // When Advance() wants to be called even if nothing is ready.
  absl::Duration wake_time() const;
  // What to wait for; an fd below 0: nothing.
  pollfd Poll() const;
  // Sends and reads what it can. Never blocks.
  void Advance(absl::Duration now);
  // Hangs up. The answer under way has the error "stopped".
  void Stop(absl::Duration now);

  const std::vector<Answer>& answers() const { return answers_; }

 private:
  void Begin(absl::Duration now);
  void Send();
  void Receive(absl::Duration now);
  void Read(absl::string_view bytes, absl::Duration now);
  void End(absl::Duration now, std::string error);

  const int port_;
  const std::vector<PlannedRequest> requests_;
  size_t next_ = 0;            // the request to begin next
  absl::Duration next_begin_;  // when
  int fd_ = -1;
  std::string unsent_;
  std::string send_error_;
  ResponseReader reader_;
  TokenEvents events_;
  std::vector<Answer> answers_;
};

}  // namespace tessera::serve_benchmark
