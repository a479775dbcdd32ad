#include "libs/http/loop.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "boost/asio/post.hpp"
#include "libs/http/connection.h"
#include "libs/http/outbox.h"

namespace tessera::http {
namespace {

// Deadlines are looked at so often, which is how late they may be kept: a timer
// for each connection would cost more than a pass over ten thousand of them,
// some 0.1 ms.
Clock::duration TickInterval(const ServerOptions& options) {
  const absl::Duration shortest = std::min(
      {options.header_timeout, options.body_timeout, options.idle_timeout,
       options.send_timeout, options.linger_timeout});
  return absl::ToChronoNanoseconds(
      std::clamp(shortest / 8, absl::Milliseconds(5), absl::Milliseconds(500)));
}

}  // namespace

Loop::Loop(std::shared_ptr<ServerParts> parts)
    : parts_(std::move(parts)),
      work_(context_.get_executor()),
      tick_(context_),
      tick_interval_(TickInterval(*parts_->options)),
      mailbox_(std::make_shared<Mailbox>([this] {
        boost::asio::post(context_, [this] { DrainMailbox(); });
      })) {}

Loop::~Loop() {
  if (thread_.joinable()) Stop();
  Join();
}

void Loop::Start() {
  Post([this] { Tick(); });
  thread_ = std::thread([this] { context_.run(); });
}

void Loop::Post(std::function<void()> task) {
  boost::asio::post(context_, std::move(task));
}

void Loop::Stop() {
  Post([this] {
    tick_.cancel();
    work_.reset();
    ForEach([](Connection& connection) { connection.Close(); });
  });
}

void Loop::Join() {
  if (thread_.joinable()) thread_.join();
  mailbox_->Close();
}

void Loop::Adopt(int socket, std::string peer, bool is_refused) {
  if (!work_.owns_work()) {  // it was accepted while the server stopped
    ::close(socket);
    parts_->num_connections.fetch_sub(1);
    return;
  }
  const auto connection =
      std::make_shared<Connection>(this, socket, std::move(peer));
  connection->set_index(connections_.size());
  connections_.push_back(connection);
  connection->Start(is_refused);
}

void Loop::Remove(Connection* connection) {
  const size_t index = connection->index();
  std::swap(connections_[index], connections_.back());
  connections_[index]->set_index(index);
  connections_.pop_back();
  parts_->num_connections.fetch_sub(1);
}

void Loop::StopAccepting() {
  mailbox_->StartDraining();
  ForEach([](Connection& connection) { connection.OnDraining(); });
}

void Loop::ForEach(const std::function<void(Connection&)>& body) {
  // A removed one's place is taken by the last, which was seen before.
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const std::shared_ptr<Connection> connection = connections_[i];
    body(*connection);
  }
}

void Loop::Tick() {
  const Clock::time_point now = Clock::now();
  ForEach([now](Connection& connection) { connection.CheckDeadline(now); });
  if (!work_.owns_work()) return;
  tick_.expires_after(tick_interval_);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void Loop::DrainMailbox() {
  mailbox_->Take(&ready_);
  for (const std::shared_ptr<Outbox>& outbox : ready_) {
    if (outbox->sender() != nullptr) outbox->sender()->OnReady();
  }
  ready_.clear();
}

Clock::time_point Loop::After(absl::Duration wait) const {
  // A year is as good as forever, and cannot overflow.
  return Clock::now() +
         absl::ToChronoNanoseconds(std::min(wait, absl::Hours(24 * 365)));
}

}  // namespace tessera::http
