# What every target of ours is compiled and linked with: `hyalite_flags`.
include(CheckCXXCompilerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C CXX)

# What makes a hijack harder, of that what the compiler has: pages that a stack skips are touched, returns and indirect calls
# are checked by processors that can (CET on x86, BTI and PAC on ARM).
set(hyalite_hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
foreach(flag -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "HYALITE_HAS${flag}" has)
  check_cxx_compiler_flag(${flag} ${has})
  if(${has})
    list(APPEND hyalite_hardening ${flag})
  endif()
endforeach()

add_library(hyalite_flags INTERFACE)
target_compile_options(hyalite_flags INTERFACE -Wall -Wextra -Wshadow
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wsign-conversion -Wnon-virtual-dtor>
  -fstack-protector-strong $<$<BOOL:${HYALITE_STRICT}>:-Werror>)
if(HYALITE_SANITIZE)
  target_compile_options(hyalite_flags INTERFACE -fsanitize=${HYALITE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined
    # gcc's manual: sanitizers bring false positives of this warning (here: in std::regex).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(hyalite_flags INTERFACE -fsanitize=${HYALITE_SANITIZE})
else()
  target_compile_options(hyalite_flags INTERFACE "$<$<NOT:$<CONFIG:Debug>>:${hyalite_hardening}>")
  target_link_options(hyalite_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
