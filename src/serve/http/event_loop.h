// EventLoop: what one of the server's threads runs: its connections, and whatever else waits for
// sockets on that thread.
#pragma once

#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace millrace::serve {

using EventLoop = std::shared_ptr<boost::asio::io_context>;

// Each to be run by one thread; before it runs, another may give sockets to it.
std::vector<EventLoop> MakeEventLoops(int count);

}  // namespace millrace::serve
