// The binary `millrace`: streams, clock and a fence around Program.
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/system_clock.h"
#include "sources/files/s3_session.h"

int main(int count, char** arguments) {
  // A reader that goes away (`millrace list | head`) is an error of the stream, not the end of the
  // process.
  std::signal(SIGPIPE, SIG_IGN);
  const millrace::sources::S3Session s3;
  const millrace::cli::SystemClock clock;
  try {
    millrace::cli::Program program({.out = &std::cout,
                                    .err = &std::cerr,
                                    .clock = &clock,
                                    .err_is_terminal = isatty(STDERR_FILENO) == 1,
                                    .project_dir = "."});
    return program.Run(std::vector<std::string>(arguments + 1, arguments + count));
  } catch (const std::exception& error) {
    std::cerr << error.what() << " [internal]\n";
    return 1;
  }
}
