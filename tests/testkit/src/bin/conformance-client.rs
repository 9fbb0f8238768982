//! See `testkit::conformance_client`.

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::conformance_client::main()
}
