//! See `testkit::conformance`.

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::conformance::main()
}
