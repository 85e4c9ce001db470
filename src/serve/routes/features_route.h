// FeaturesRoute: values of features for keys: Feast's /get-online-features and our /features.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/backend.h"
#include "serve/call.h"
#include "serve/json/features_body.h"
#include "serve/routes/served_read.h"

namespace millrace::serve {

class FeaturesRoute {
 public:
  // `feast`: Feast's body and errors, an empty list is null. REQUIRES: the backend outlives it.
  FeaturesRoute(Backend* backend, bool feast);

  // Called by the server's threads, each with its own number.
  void Handle(HttpRequest& request, Call call);

 private:
  struct Read;
  // What one of the server's threads keeps for its next request.
  struct Scratch {
    Scratch(const Backend& backend, bool feast)
        : body(backend.limits, !feast), served(backend.metrics.get()) {}
    FeaturesBody body;
    ServedReads served;
  };

  // Of a store behind a network.
  void HandleLater(HttpRequest& request, Scratch* scratch, Call call);
  void Search(const std::shared_ptr<Read>& read, std::string* text);

  static base::Status Parse(FeaturesBody* body, std::string* text, Read* read);
  // Of the body that was parsed last.
  static base::Status ReadRows(std::shared_ptr<const ServedRead> served, FeaturesBody* body,
                               Read* read);
  static void Finish(Backend* backend, Read* read, base::Result<online::Answer> answer);
  static void Keep(const Backend& backend, Read* read, online::Answer answer);

  Backend* const backend_;
  const bool feast_;
  std::vector<std::unique_ptr<Scratch>> scratch_;  // by thread
};

}  // namespace millrace::serve
