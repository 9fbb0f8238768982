//! See `testkit::fake`.

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::fake::main()
}
