// Did all that a command said get to where it was sent?
// SPDX-License-Identifier: MIT
#pragma once

namespace hyalite {

// The status of a command that ends: as given, or a failure when standard output could not take all of it, which is then said on
// stderr. Not of a pipe that nobody reads any more, which is no news to whoever closed it.
int when_all_is_said(int status);

}  // namespace hyalite
