// Exchange: one request's answer, whole or in pieces.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/http/message.h"

namespace tessera::http {

// Any thread may call it, also after the server is gone; what is sent goes out
// in order on the connection's own thread. Dropping the last reference before
// an answer was begun sends 500; after a stream was begun, closes the
// connection.
//
// CHECK: one answer an exchange, in the order Send | Begin Write* Finish.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // The whole answer, of any size.
  virtual void Send(Response response) = 0;

  // An answer in pieces (chunked): its status and headers, body ignored...
  virtual void Begin(Response head) = 0;
  // ...each piece, never empty... False: the peer is gone (or too slow and so
  // disconnected), nobody will read more.
  virtual bool Write(std::string piece) = 0;
  // ...and its end.
  virtual void Finish() = 0;

  // Calls `closed` once if the peer hangs up, or is disconnected, before the
  // answer was sent whole: on a thread of the server's, or at once on the
  // caller's if that has happened. It is dropped uncalled once the answer is
  // sent. Set once. It must not hold this exchange, or dropping the last
  // reference goes unnoticed.
  //
  // A peer that ends its own direction (half-closes) counts as hung up.
  virtual void OnClosed(std::function<void()> closed) = 0;
};

// Runs on a thread of the server's, so does not block.
using Handler =
    std::function<void(Request request, std::shared_ptr<Exchange> exchange)>;

}  // namespace tessera::http
