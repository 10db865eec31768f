# What every target of ours is compiled and linked with: `hyalite_flags`.
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
  target_compile_options(hyalite_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
  target_link_options(hyalite_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
