// Control-C as a question that is asked, not an event that strikes.
#pragma once

namespace tessera::cli {

// While one exists, SIGINT ends nothing: it waits until Requested() takes it.
// Threads that start meanwhile leave it alone as well. Put the default back
// with Allow() while the program waits for a line of input.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether Control-C came since the last call.
  bool Requested();

  // SIGINT ends the program (or not).
  void Allow(bool allowed);
};

}  // namespace tessera::cli
