//! The stdio bridge.

fn main() -> std::process::ExitCode {
    bridge::main()
}
