// RegistryJson: what stands under /registry, as JSON: the newest version's definitions and the
// history, as far as the caller may read what they are about. Pure: everything is given.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "registry/version.h"

namespace millrace::serve {

// Whether the caller may read a view, on-demand view, source or label of this name.
using MayRead = std::function<bool(std::string_view name)>;

// A JSON document, as `list --json`, `show --json` and `history --json` print it:
//   /registry              {"project", "version", "time", "author", "counts": {"views": 3, …}}
//   /registry/views        the items of a kind; also entities, sources, features, on_demand,
//                          labels, services
//   /registry/views/NAME   one item; NAME may be percent-encoded
//   /registry/versions     the history, newest first
// A view is shown to whom may read it, with its features; an on-demand view or a service to whom
// may read all that it is made of; a source or an entity with any view of theirs, or by its own
// name; a label by its own name. What is not shown is as if it were not there, in counts,
// differences and hints too. `newest`: as the registry stores it, so that variables stand
// unexpanded in it. Error: unknown_name with the nearest.
base::Result<std::string> RegistryJson(const registry::Version& newest,
                                       const std::vector<registry::VersionHeader>& history,
                                       std::string_view path, const MayRead& may_read);

// What `path` is called in metrics: "/registry/{kind}/{name}", never what a client sent.
std::string_view RegistryRoute(std::string_view path);

}  // namespace millrace::serve
