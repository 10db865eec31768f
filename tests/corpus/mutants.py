#!/usr/bin/python3
"""Proves that the corpus can fail: puts one fault after the other into a copy of core, and demands a red corpus.

    tests/corpus/mutants.py [--build build/dev] [--only WORD] [--jobs 2]

Core itself is not touched: the copy of the one file is compiled with the flags of the build, and linked into test_corpus in
front of the library that has the original. A fault that the corpus does not see is a failure here; so is one whose place
in the source is not there any more.
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What the fault is, the file, what stands there, what stands there instead.
MUTANTS = [
    ("both lengths pass", "http/framing.cc",
     "if (length != nullptr && coding != nullptr) return Refusal::both_lengths;", ""),
    ("two equal lengths pass", "http/framing.cc",
     "if (head.count(Name::content_length) > 1) return Refusal::several_content_lengths;", ""),
    ("tabs around a length pass", "http/framing.cc", "|| has_tab(field)) return std::nullopt;", ") return std::nullopt;"),
    ("lengths overflow later", "http/framing.cc", "kMostLength = INT64_MAX;", "kMostLength = UINT64_MAX;"),
    ("several codings pass", "http/framing.cc",
     "if (head.count(Name::transfer_encoding) > 1) return Refusal::several_transfer_encodings;", ""),
    ("chunks pass in HTTP/1.0", "http/framing.cc", "if (head.minor_version() == 0) return Refusal::chunked_in_http_1_0;", ""),
    ("Connection may name Content-Length", "http/framing.cc", "if (name == Name::content_length) return true;", ""),
    ("several Host pass", "http/framing.cc", "if (head.count(Name::host) > 1) return Refusal::several_hosts;", ""),
    ("a 101 to a protocol that nobody offered passes", "http/framing.cc",
     "if (!was_offered(head.value(Name::upgrade), asked.upgrade)) return Refusal::switch_not_asked;", ""),
    ("a 101 may name what it likes beside what we know", "http/framing.cc",
     "if (!is_clear_switch(head.value(Name::upgrade))) return Refusal::bad_upgrade;", ""),
    ("the answer to HEAD has a body", "http/framing.cc", "|| asked.by_head) return {};", ") return {};"),
    ("folds pass", "http/strict.cc", "return Refusal::obs_fold;", "return std::nullopt;"),
    ("NUL is a control character like others", "http/strict.cc", "if (c == '\\0') return Refusal::nul_byte;", ""),
    ("lookalikes pass", "http/strict.cc", "if (out.id == Name::other && is_lookalike(out.name)) return Refusal::lookalike_field;", ""),
    ("trailers may be anything", "http/strict.cc", "if (!may_be_trailer(field.id)) return Refusal::forbidden_trailer;", ""),
    ("the finder forgets the last byte that it saw", "http/reader.cc",
     "seen_ = lf == Bytes::npos ? bytes.size() : lf + 1;", "seen_ = lf == Bytes::npos ? bytes.size() + 1 : lf + 1;"),
    ("a bare LF ends a line", "http/reader.cc", "if (lf == line_ || bytes[lf - 1] != '\\r') return Refusal::bare_lf;", ""),
    ("any number of empty lines before a request", "http/reader.cc", "skipped_empty_line_ = true;", ""),
    ("chunk sizes overflow", "http/chunk_line.cc",
     "if (out.digits > kMostDigits) return Refusal::chunk_size_overflow;", ""),
    ("anything is an extension", "http/chunk_line.cc",
     "return are_extensions(rest) ? std::nullopt : std::optional(Refusal::bad_chunk_extension);", "return std::nullopt;"),
    ("what follows a chunk is not looked at", "http/body.cc",
     "if (input.substr(0, there) != kCrLf.substr(0, there))", "if (false)"),
    ("the last chunk goes out before its trailers were seen", "http/body.cc",
     "    if (line_end == 0) return {};\n    const Bytes line = input.substr(line_",
     "    if (line_end == 0) return give(Piece::Kind::framing, input.substr(0, last_chunk_line_), State::done);\n"
     "    const Bytes line = input.substr(line_"),
    ("a body is a byte short", "http/body.cc", "limits_(limits), ahead_(framing.length)",
     "limits_(limits), ahead_(framing.length > 5 ? framing.length - 1 : framing.length)"),
    ("a truncated body is a whole one", "http/body.cc",
     "return state_ == State::refused ? refusal_ : Refusal::truncated_body;", "return std::nullopt;"),
    ("any Host will do", "http/target.cc", "bool host_agrees(Bytes method, Bytes target, Bytes host) {",
     "bool host_agrees(Bytes method, Bytes target, Bytes host) {\n  if (!method.empty()) return true;"),
    ("plugins may frame", "http/fields.cc", "if (is_framing_field(name.id)) return EditRefusal::framing_field;", ""),
    ("plugins may split", "http/fields.cc", "if (!is_field_value(value)) return EditRefusal::bad_value;", ""),
    ("edited heads are not looked at again", "flow/exchange.cc",
     "if (const auto refusal = recheck_request(bytes, request, meant, rules_.head)) return refusal;", ""),
    ("the next request does not wait for the response", "flow/inspecting.cc",
     "if (side == Side::client) return (ask_ == Ask::head", "if (side == Side::client) return (ask_ == Ask::done || ask_ == Ask::head"),
    ("an answer to nothing is ignored", "flow/inspecting.cc",
     "if (!awaits_response()) return {0, refuse_response(Refusal::unasked_response, effects)};",
     "if (!awaits_response()) return {bytes.size(), Stay{}};"),
    ("a request that turned bad ends in order", "flow/inspecting_answers.cc",
     "const Ending upstream = request_under_way() ? Ending::reset : Ending::in_order;",
     "const Ending upstream = Ending::in_order;"),
    ("a response that turned bad ends in order", "flow/inspecting_answers.cc",
     "    exchange_->end(End::upstream_refused, reason);\n    return Close{CloseReason::response_refused, Ending::reset, Ending::reset};",
     "    exchange_->end(End::upstream_refused, reason);\n    return Close{CloseReason::response_refused, Ending::in_order, Ending::reset};"),
    ("a truncated response ends in order", "flow/inspecting_ends.cc",
     "if (step.kind == Relay::Step::Kind::refused) return Close{CloseReason::upstream_broke, Ending::reset, Ending::reset};",
     "if (step.kind == Relay::Step::Kind::refused) return Close{CloseReason::upstream_broke, Ending::in_order, Ending::reset};"),
    ("what was refused goes out all the same", "flow/inspecting_request.cc",
     "if (head.indexed) exchange_->request_came();", "effects.send(Side::upstream, bytes);"),
    ("interim responses are counted as the final one", "flow/inspecting_response.cc",
     "if (x.response.is_interim()) return {head.consumed, interim(effects)};", ""),
    ("held bodies keep the length that was told", "flow/exchange.cc", "      head.frame_length(relay.length(), arena_);\n", ""),
    ("what does not parse is no HTTP", "sniff/protocol.cc",
     "const bool looks = target_ == Target::looks_like_one;", "const bool looks = false;"),
    ("whatever has a NUL is git", "sniff/protocol.cc", "git_ = is_git_service(word);", "git_ = true;"),
    ("a request late in the line is no request", "flow/late_request.cc", "if (versions_count_ && is_version_with(lower(c))) return true;", ""),
    ("a method behind control characters is none", "flow/late_request.cc", "if (!is_known_method(word_)) return false;", "if (!is_known_method(word_) || true) return false;"),
    ("a method ends at white space of ASCII alone", "flow/late_request.cc", "return (c >= '\\x1c' && c <= '\\x1f') || c == '\\x85' || c == '\\xa0';",
     "return c == '\\x1c' && c != '\\x1c';"),
    ("whatever is behind such a method is a target", "flow/late_request.cc", "if (!split_oddly_ || c == '/'", "if (true || !split_oddly_ || c == '/'"),
    ("a 205 has content like others", "http/framing.cc", "const bool empty = head.status() == 205;", "const bool empty = false;"),
    ("white space of Latin-1 may end a target", "http/target.cc", "if (ends_in_white_space_of_latin_1(target)) return Refusal::bad_target;", ""),
    ("a refused CONNECT goes on", "flow/inspecting_response.cc", "return x.request.is_connect() && x.response.status() != 407;", "return false && x.request.is_connect();"),
    ("anything may follow a call for authentication", "flow/inspecting_request.cc", "if (only_connect_ && !exchange_->request.is_connect())", "if (false)"),
    ("a CONNECT that a plugin answers goes on", "flow/inspecting_answers.cc", "&& !x.request.is_connect() && !draining_", "&& !draining_"),
    ("the page to a refused HEAD has a body", "http/reader.cc", "if (first_line) keep_start(*first_line, head);", ""),
    ("white space may end a chunk's line", "http/chunk_line.cc", "if (!take_with_blanks(';', rest) || !take_token(rest)) return false;",
     "if (!take_with_blanks(';', rest)) return rest.find_first_not_of(\" \\t\") == Bytes::npos;\n    if (!take_token(rest)) return false;"),
    ("what upstream says while a plugin waits is not looked at", "flow/inspecting.cc",
     "return connected_to_.has_value() && !response_waits();", "return connected_to_.has_value();"),
]


def commands(build):
    """The compile command of each source of core, and the command that links test_corpus."""
    ninja = ["ninja", "-C", str(build), "-t", "commands", "test_corpus"]
    compile_of, link = {}, None
    for line in subprocess.run(ninja, check=True, capture_output=True, text=True).stdout.splitlines():
        words = shlex.split(line)
        if "-c" in words:
            source = pathlib.Path(words[words.index("-c") + 1])
            if source.is_relative_to(ROOT / "core"):
                compile_of[str(source.relative_to(ROOT / "core"))] = words
        elif "bin/test_corpus" in words:
            link = line
    return compile_of, link


def compiled(words, source, target):
    """Without optimisation and dependencies, and with warnings let off: a fault may leave something unused."""
    out, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-MF", "-MT", "-o", "-c"):
            skip = True
        elif word not in ("-MD", "-Werror", "-O1", "-O2", "-g1", "-g"):
            out.append(word)
    return out + ["-w", "-O0", "-o", str(target), "-c", str(source)]


def try_mutant(mutant, compile_of, link, build, scratch):
    """None when the corpus saw it, else what went wrong."""
    what, file, old, new = mutant
    text = (ROOT / "core" / file).read_text()
    # However the lines are broken.
    places = list(re.finditer(r"\s+".join(re.escape(word) for word in old.split()), text))
    if len(places) != 1:
        return f"{file} has {len(places)} places with: {old.strip()}"
    place = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    source, target, program = place / pathlib.Path(file).name, place / "mutant.o", place / "test_corpus"
    source.write_text(text[:places[0].start()] + new + text[places[0].end():])
    done = subprocess.run(compiled(compile_of[file], source, target), cwd=build, capture_output=True, text=True)
    if done.returncode != 0:
        return "it does not compile: " + done.stderr.splitlines()[0]
    shell = link.replace("-o bin/test_corpus", f"{target} -o {program}")
    done = subprocess.run(shell, shell=True, cwd=build, capture_output=True, text=True)
    if done.returncode != 0:
        return "it does not link: " + (done.stderr + done.stdout).splitlines()[0]
    environment = dict(os.environ, HYALITE_CORPUS_SEED="1", HYALITE_CORPUS_QUICK="1")
    run = [str(program), "--gtest_brief=1", "--gtest_fail_fast"]
    try:
        done = subprocess.run(run, env=environment, capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        return None  # a conversation without end is a failure that ctest would see
    program.unlink()
    return None if done.returncode != 0 else "the corpus is green"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build" / "dev"), help="a build directory with test_corpus built")
    parser.add_argument("--only", default="", help="only faults whose text has this word")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    compile_of, link = commands(build)
    chosen = [mutant for mutant in MUTANTS if options.only in mutant[0]]
    survived = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda mutant: try_mutant(mutant, compile_of, link, build, scratch), chosen)
        for mutant, wrong in zip(chosen, results):
            survived += wrong is not None
            print(f"{'seen' if wrong is None else 'NOT SEEN'}  {mutant[1]:20}  {mutant[0]}" + (f": {wrong}" if wrong else ""), flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} faults were seen")
    return 1 if survived or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
