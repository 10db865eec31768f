// Texts in memory that are handed from process to process by descriptor and never change.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// A memfd with that text, sealed: nobody can change it any more. `name` shows in /proc/PID/fd.
Result<Fd> sealed_text(std::string_view text, const char* name);
// The text of a memfd or file from its beginning; an error when it has more than `most` bytes.
Result<std::string> text_of(int fd, std::size_t most);
// The same by name, which errors leave to the caller to say. The operator's fault when it cannot be read.
Result<std::string> read_file(const std::string& path, std::size_t most);
// The same; the operator's fault, too, when everybody may write to it: it names the plugins that run here.
Result<std::string> read_settings_file(const std::string& path, std::size_t most);

}  // namespace hyalite
