//! See `testkit::aliyun`.

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::aliyun::main()
}
