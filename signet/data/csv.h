#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace signet {

/// A CSV file with a header line.
struct CsvTable {
  std::filesystem::path path;  ///< named by errors
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as columns
  bool torn = false;  ///< a last line without newline was left out

  /// The place of a column. Errors: throws if there is none of that name, or
  /// several.
  size_t column(const std::string& name) const;
  /// A column as numbers; an empty field, or NA, is NaN.
  /// Errors: throws if a field is no number, naming its row.
  std::vector<double> numbers(const std::string& name) const;
};

/// Reads a CSV file, as csv_lines.h says. A last line that no newline ends was
/// torn by a kill: it is left out.
/// Errors: as read_csv_lines, and throws if the header is missing, a quote is
/// not closed or a row has another number of fields than the header.
CsvTable read_csv(const std::filesystem::path& path);

/// A CSV file of numbers alone.
struct CsvMatrix {
  std::vector<std::string> columns;
  size_t rows = 0;
  std::vector<double> values;  ///< [rows][columns]

  double at(size_t row, size_t column) const {
    return values[row * columns.size() + column];
  }
};

/// Reads a CSV file whose fields are all finite numbers; its last line may do
/// without a newline. Empty rows at the end are left out.
/// Errors: as read_csv, and throws if the first line has no names or has a
/// column without one (an index), there is no row, or a field is no finite
/// number, naming its row and column.
CsvMatrix read_matrix(const std::filesystem::path& path);

/// Rewrites a CSV file, whole or not at all, with only those rows whose number
/// in `column` is at most `at_most`; also drops a torn last line. The rows
/// that stay keep their bytes. For continuing a run from a checkpoint that is
/// older than its last row.
/// Errors: as read_csv, and throws if a field of the column is no number.
void keep_rows(const std::filesystem::path& path, const std::string& column,
               double at_most);

/// A CSV file of these columns as a text, for one that is written whole.
std::string csv_text(const std::vector<std::string>& columns,
                     const std::vector<std::vector<std::string>>& rows);

/// Appends rows to a CSV file. Each row reaches the disk in one write and one
/// fsync before append returns, or is taken back and reported: the file never
/// holds half a row unless the process is killed within that write.
class CsvWriter {
 public:
  /// Creates the file with a header, or continues one.
  /// Errors: throws if the file has other columns, ends in a torn line (see
  /// keep_rows), or cannot be written.
  CsvWriter(std::filesystem::path path, std::vector<std::string> columns);
  ~CsvWriter();
  CsvWriter(const CsvWriter&) = delete;
  CsvWriter& operator=(const CsvWriter&) = delete;

  /// Appends one row. Numbers are written with the fewest digits that read back
  /// the same; NaN as an empty field.
  /// Errors: throws if the row has another length than the header, or cannot be
  /// written (disk full).
  void append(const std::vector<double>& row);
  void append_text(const std::vector<std::string>& row);

 private:
  void write_line(const std::vector<std::string>& fields);

  std::filesystem::path path_;
  size_t columns_;
  int file_;
};

}  // namespace signet
