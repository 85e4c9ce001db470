// ServedRepository: a case's repository behind a feature server: what is pushed, materialized and
// asked goes over HTTP. Used by repository_engine.cc.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engines/case_repository.h"
#include "serve/feature_server.h"
#include "serve/http/http_client.h"

namespace millrace::engines {

class ServedRepository final : public CaseRepository {
 public:
  using CaseRepository::CaseRepository;

  base::Status Clear() override;
  base::Result<bool> Materialize(const std::vector<std::string>& views) override;
  base::Status Push(const EventTable& table, const std::vector<size_t>& rows) override;
  base::Status Compact() override { return base::Status::OK(); }  // the server's own business
  void EndPush() override;                                        // it starts anew
  base::Status Vacuum() override;
  base::Status Ask(const Question& question, const features::Selection& selection,
                   const std::vector<size_t>& rows, Answer* answer) override;

 private:
  // The JSON that a route answers with. Errors: those of the server, by their codes.
  base::Result<nlohmann::json> Call(const std::string& path, const nlohmann::json& body);

  std::unique_ptr<serve::FeatureServer> server_;
  std::unique_ptr<serve::HttpClient> client_;
};

}  // namespace millrace::engines
