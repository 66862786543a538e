#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

/// One record of a CSV text; a quoted field may hold newlines.
struct CsvLine {
  std::string_view bytes;  ///< as it stands in the text, with its newline
  std::vector<std::string> fields;
};

/// A CSV text in its records.
struct CsvLines {
  std::vector<CsvLine> lines;
  std::string_view torn;    ///< what no newline ends
  bool open_quote = false;  ///< within it
};

/// Reads CSV as spreadsheets, pandas, R, Polars and SQLite write it: RFC 4180,
/// lines that end in LF, CRLF or CR, a byte order mark or Excel's "sep=," in
/// front, spaces around quotes and names, empty lines (left out). `text` must
/// outlive the result.
/// Errors: throws, naming `file`, if the text is UTF-16 or holds a byte 0, has
/// other separators than commas, or a quote stands within a field.
CsvLines read_csv_lines(std::string_view text,
                        const std::filesystem::path& file);

/// The number that a field is, if it is one: spaces around it and a sign '+'
/// are fine, separators of thousands and decimal commas are not.
std::optional<double> csv_number(std::string_view field);

/// Whether nothing stands there: "", NA, NULL, None, ... NaN is a number.
bool csv_missing(std::string_view field);

/// A record as CSV, quoted where it must be, with a newline.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace signet
