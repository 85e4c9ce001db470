#include "sources/csv/csv_decoder.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sources/folder_testing.h"

namespace millrace::sources {
namespace {

// Gives a few bytes at a time, so that records lie across reads.
class Dripping final : public arrow::io::InputStream {
 public:
  Dripping(std::string_view text, int64_t step) : text_(text), step_(step) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return 0; }
  arrow::Result<int64_t> Read(int64_t count, void* out) override {
    const size_t size = static_cast<size_t>(std::min(count, step_));
    const std::string_view piece = text_.substr(0, size);
    std::copy(piece.begin(), piece.end(), static_cast<char*>(out));
    text_.remove_prefix(piece.size());
    return static_cast<int64_t>(piece.size());
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override {
    return arrow::Status::NotImplemented("");
  }

 private:
  std::string_view text_;
  const int64_t step_;
};

// Records as "line:[field][field]", a quoted field as {field}, a null one as [], what is malformed
// as its reason.
std::string Decode(std::string_view text, int64_t step) {
  CsvDecoder decoder(std::make_shared<Dripping>(text, step));
  std::string shown;
  while (true) {
    const auto record = decoder.Next();
    if (!record.ok()) return shown + TextOf(record.status());
    if (*record == nullptr) return shown;
    shown += std::to_string((*record)->line) + ":";
    if (!(*record)->malformed.empty()) shown += (*record)->malformed;
    for (const CsvField& field : (*record)->fields) {
      if (!(*record)->malformed.empty()) break;
      shown += field.quoted ? "{" : "[";
      shown += field.text;
      shown += field.quoted ? "}" : "]";
    }
    shown += "\n";
  }
}

void ExpectDecoded(std::string_view text, std::string_view expected) {
  for (const int64_t step : {1, 2, 3, 7, 1 << 20}) {
    EXPECT_EQ(Decode(text, step), expected) << "in steps of " << step;
  }
}

TEST(CsvDecoder, FieldsAndLines) {
  ExpectDecoded("a,b\n1,2\n", "1:[a][b]\n2:[1][2]\n");
  ExpectDecoded("a,b\r\n1,2\r\n", "1:[a][b]\n2:[1][2]\n");
  ExpectDecoded("a,b\n1,2", "1:[a][b]\n2:[1][2]\n");
  ExpectDecoded("", "");
  ExpectDecoded("a,,c\n,\n", "1:[a][][c]\n2:[][]\n");
  ExpectDecoded("a,", "1:[a][]\n");
  ExpectDecoded("\n\na\n", "1:[]\n2:[]\n3:[a]\n");
}

TEST(CsvDecoder, Quotes) {
  ExpectDecoded("\"a,b\",c\n", "1:{a,b}[c]\n");
  ExpectDecoded("\"\",\n", "1:{}[]\n");
  ExpectDecoded("\"say \"\"hi\"\"\"\n", "1:{say \"hi\"}\n");
  ExpectDecoded("\"\"\"\"\r\n", "1:{\"}\n");
  ExpectDecoded("\"a\r\nb\",c\r\nd,e\r\n", "1:{a\r\nb}[c]\n3:[d][e]\n");
  ExpectDecoded("\"a\"", "1:{a}\n");
  ExpectDecoded("\"a\"\r", "1:{a}\n");
  ExpectDecoded("5\" pipe,b\n", "1:[5\" pipe][b]\n");
}

TEST(CsvDecoder, TextBehindAClosingQuoteSpoilsItsLineAlone) {
  ExpectDecoded("\"a\"b,c\nd,e\n", "1:text behind a closing quote\n2:[d][e]\n");
  ExpectDecoded("\"a\" ,c\nd,e\n", "1:text behind a closing quote\n2:[d][e]\n");
}

TEST(CsvDecoder, AQuoteThatIsNeverClosedIsAnError) {
  ExpectDecoded("a\n\"b\nc\n",
                "1:[a]\nthe quoted field of the row that begins on line 2 is never closed "
                "[corrupt]");
  ExpectDecoded("\"",
                "the quoted field of the row that begins on line 1 is never closed [corrupt]");
}

TEST(CsvDecoder, AByteOrderMarkIsNoText) {
  ExpectDecoded(
      "\xEF\xBB\xBF"
      "a,b\n",
      "1:[a][b]\n");
  ExpectDecoded("\xEF\xBB\xBF", "");
  ExpectDecoded("\xEF\xBB", "1:[\xEF\xBB]\n");
}

TEST(CsvDecoder, LongFieldsAndManyRows) {
  const std::string field(3 << 20, 'x');
  EXPECT_EQ(Decode(field + ",\"" + field + "\"\n", 1 << 20), "1:[" + field + "]{" + field + "}\n");
  std::string text;
  std::string expected;
  for (int i = 1; i <= 200'000; ++i) {
    text += std::to_string(i) + ",abc\n";
    expected += std::to_string(i) + ":[" + std::to_string(i) + "][abc]\n";
  }
  EXPECT_EQ(Decode(text, 1 << 20), expected);
}

}  // namespace
}  // namespace millrace::sources
