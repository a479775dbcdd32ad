#include "libs/http/server.h"

#include <sys/resource.h>

#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/http/listener.h"
#include "libs/http/loop.h"

namespace tessera::http {
namespace {

// Each connection is an open file, and the usual soft limit is 1,024.
void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class LoopServer : public Server {
 public:
  LoopServer(std::shared_ptr<ServerParts> parts,
             std::vector<std::unique_ptr<Loop>> loops, int socket)
      : port_(LocalPort(socket)),
        parts_(std::move(parts)),
        loops_(std::move(loops)) {
    std::vector<Loop*> pointers;
    for (const auto& loop : loops_) pointers.push_back(loop.get());
    listener_ = std::make_shared<Listener>(socket, parts_, pointers);
    for (Loop* loop : pointers) loop->Start();
    pointers[0]->Post([listener = listener_] { listener->Accept(); });
  }
  ~LoopServer() override { Stop(); }

  int port() const override { return port_; }
  int num_connections() const override {
    return parts_->num_connections.load();
  }

  void StopAccepting() override {
    loops_[0]->Post([listener = listener_] { listener->Close(); });
    for (const auto& loop : loops_) {
      loop->Post([loop = loop.get()] { loop->StopAccepting(); });
    }
  }

  void Stop() override {
    const std::lock_guard<std::mutex> lock(stop_mutex_);
    loops_[0]->Post([listener = listener_] { listener->Close(); });
    loops_[0]->Stop();
    loops_[0]->Join();  // so that nothing is handed to the others any more
    for (const auto& loop : loops_) loop->Stop();
    for (const auto& loop : loops_) loop->Join();
  }

 private:
  const int port_;
  const std::shared_ptr<ServerParts> parts_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::shared_ptr<Listener> listener_;
  std::mutex stop_mutex_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options, Handler handler) {
  RETURN_IF_ERROR(options.Validate());
  RaiseFileLimit();
  auto parts = std::make_shared<ServerParts>();
  parts->options = std::make_shared<const ServerOptions>(options);
  parts->handler = std::move(handler);
  try {  // Asio throws where the process has no file or thread left
    std::vector<std::unique_ptr<Loop>> loops;
    for (int i = 0; i < options.num_threads; ++i) {
      loops.push_back(std::make_unique<Loop>(parts));
    }
    ASSIGN_OR_RETURN(const int socket, OpenListeningSocket(options));
    return std::make_unique<LoopServer>(std::move(parts), std::move(loops),
                                        socket);
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot start a server: ", error.what()));
  }
}

}  // namespace tessera::http
